#include "transports/mcp/tool_result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_json.hpp"
#include "base/json.hpp"
#include "transports/mcp/content_block.hpp"
#include "transports/mcp/result_meta.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

bool has_structured_content(Revision revision) { return revision >= Revision::k20250618; }

/// structuredContent as the revision wants it: an object, before 2026-07-28; others are wrapped as {"result": …}.
void structured(json::Writer& writer, std::string_view value, Revision revision) {
  if (value.empty() || !has_structured_content(revision)) return;
  json::key(writer, "structuredContent");
  const bool is_object = value.substr(std::min(value.find_first_not_of(" \t\r\n"), value.size())).starts_with('{');
  if (is_object || revision >= Revision::k20260728) return json::raw(writer, value);
  writer.StartObject();
  json::key(writer, "result");
  json::raw(writer, value);
  writer.EndObject();
}

/// What a model reads of a failure: the message, every violation, and what to do.
std::string error_text(const base::Error& error) {
  auto text = fmt::format("{}: {}", error.name(), error.message());
  if (const auto details = json::parse(error.details_json()); details && details->IsArray()) {
    for (const auto& violation : details->GetArray())
      if (const auto message = json::find_string(violation, "message"))
        text += fmt::format("\n{}: {}", json::find_string(violation, "pointer").value_or(""), *message);
  }
  if (!error.hint().empty()) text += fmt::format("\n{}", error.hint());
  return text;
}

void finish(json::Writer& writer, bool is_error, const call::CallOutcome* outcome, Revision revision) {
  json::key(writer, "isError");
  writer.Bool(is_error);
  if (revision >= Revision::k20260728) {
    json::key(writer, "resultType");
    json::put(writer, "complete");
  }
  write_result_meta(writer, outcome, revision);
  writer.EndObject();
}

std::string text_of(const json::Buffer& buffer) { return std::string(json::view(buffer)); }

}  // namespace

void write_call_result(json::Writer& writer, const call::CallOutcome& outcome, Revision revision) {
  const auto& result = outcome.result;
  writer.StartObject();
  json::key(writer, "content");
  writer.StartArray();
  if (!outcome.ok()) write_text_block(writer, error_text(*result.error));
  for (const auto& part : result.parts) write_block(writer, part, revision);
  const auto output =
      outcome.explanation_json.empty() ? result.output_json.view() : std::string_view(outcome.explanation_json);
  if (outcome.ok() && result.parts.empty()) write_text_block(writer, output);
  writer.EndArray();
  if (outcome.ok()) structured(writer, output, revision);
  finish(writer, !outcome.ok(), &outcome, revision);
}

std::string operation_result(std::string_view answer_json, Revision revision) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "content");
  writer.StartArray();
  write_text_block(writer, answer_json);
  writer.EndArray();
  structured(writer, answer_json, revision);
  finish(writer, false, nullptr, revision);
  return text_of(buffer);
}

std::string error_result(const base::Error& error, Revision revision) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "content");
  writer.StartArray();
  write_text_block(writer, error_text(error));
  writer.EndArray();
  finish(writer, true, nullptr, revision);
  return text_of(buffer);
}

}  // namespace toolrack::mcp
