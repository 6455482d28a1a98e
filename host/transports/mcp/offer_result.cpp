#include "transports/mcp/offer_result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_json.hpp"
#include "call/content.hpp"
#include "transports/mcp/content_block.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/result_meta.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

constexpr rapidjson::SizeType kMaxCompletions = 100;
/// Before 2026-07-28, when it became an error of the parameters.
constexpr int kLegacyResourceNotFound = -32002;

/// What a plugin answered, which the call path has held against the schema of its kind.
json::Document parsed_output(const call::CallOutcome& outcome) {
  auto parsed = json::parse(outcome.result.output_json.view(), {.max_bytes = 64 << 20, .max_values = 10'000'000});
  return parsed ? *std::move(parsed) : json::Document();
}

void finish_complete(json::Writer& writer, const call::CallOutcome& outcome, Revision revision) {
  if (revision >= Revision::k20260728) {
    json::key(writer, "resultType");
    json::put(writer, "complete");
  }
  write_result_meta(writer, &outcome, revision);
  writer.EndObject();
}

}  // namespace

void write_read_result(json::Writer& writer, const call::CallOutcome& outcome, Revision revision) {
  writer.StartObject();
  json::key(writer, "contents");
  writer.StartArray();
  for (const auto& part : outcome.result.parts) call::write_resource_contents(writer, part, part.extra_json);
  writer.EndArray();
  if (revision >= Revision::k20260728)
    write_cache_hints(writer, outcome.result.ttl_ns / 1'000'000, outcome.result.cache_public);
  write_result_meta(writer, &outcome, revision);
  writer.EndObject();
}

void write_prompt_result(json::Writer& writer, const call::CallOutcome& outcome, Revision revision) {
  const auto output = parsed_output(outcome);
  writer.StartObject();
  if (const auto description = json::find_string(output, "description")) {
    json::key(writer, "description");
    json::put(writer, *description);
  }
  json::key(writer, "messages");
  writer.StartArray();
  if (const auto* messages = json::find(output, "messages"); messages != nullptr && messages->IsArray()) {
    for (const auto& message : messages->GetArray()) {
      writer.StartObject();
      json::key(writer, "role");
      json::put(writer, json::find_string(message, "role").value_or("user"));
      json::key(writer, "content");
      write_block(writer, *json::find(message, "content"), revision);
      writer.EndObject();
    }
  }
  writer.EndArray();
  finish_complete(writer, outcome, revision);
}

void write_completion_result(json::Writer& writer, const call::CallOutcome& outcome, Revision revision) {
  const auto output = parsed_output(outcome);
  const auto* values = json::find(output, "values");
  const auto count = values == nullptr || !values->IsArray() ? 0 : values->Size();
  writer.StartObject();
  json::key(writer, "completion");
  writer.StartObject();
  json::key(writer, "values");
  writer.StartArray();
  for (rapidjson::SizeType i = 0; i < std::min(count, kMaxCompletions); ++i) (*values)[i].Accept(writer);
  writer.EndArray();
  const auto total = json::find_int(output, "total");
  if (total || count > kMaxCompletions) {
    json::key(writer, "total");
    writer.Int64(std::max<std::int64_t>(total.value_or(0), count));
  }
  const auto has_more = json::find_bool(output, "hasMore");
  if (has_more || count > kMaxCompletions) {
    json::key(writer, "hasMore");
    writer.Bool(has_more.value_or(false) || count > kMaxCompletions);
  }
  writer.EndObject();
  finish_complete(writer, outcome, revision);
}

RpcError offer_error(const base::Error& error, std::string_view uri, Revision revision) {
  const bool is_not_found = error.code() == base::ErrorCode::kResourceNotFound;
  const bool is_there = !is_not_found && error.code() != base::ErrorCode::kPromptNotFound;
  const bool is_about_params =
      info(error.code()).jsonrpc_code == kInvalidParams || error.code() == base::ErrorCode::kInvalidInput;
  auto code = is_about_params ? kInvalidParams : kInternalError;
  if (is_not_found && revision < Revision::k20260728) code = kLegacyResourceNotFound;
  return {.code = code,
          .http_status = 200,
          .message = is_there ? error.message() : with_remedy(error),
          .data_json = is_not_found ? fmt::format(R"({{"uri":{}}})", json::quote(uri)) : base::error_json(error)};
}

}  // namespace toolrack::mcp
