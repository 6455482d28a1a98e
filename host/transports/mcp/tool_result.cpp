#include "transports/mcp/tool_result.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error_json.hpp"
#include "base/json.hpp"
#include "call/content.hpp"
#include "call/reply.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

bool has_structured_content(Revision revision) { return revision >= Revision::k20250618; }

void text_block(json::Writer& writer, std::string_view text) {
  writer.StartObject();
  json::key(writer, "type");
  json::put(writer, "text");
  json::key(writer, "text");
  json::put(writer, text);
  writer.EndObject();
}

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

/// A block that the revision knows; strict clients refuse a result with a type of block that is newer than theirs.
void content(json::Writer& writer, const registry::Part& part, Revision revision) {
  using Type = registry::Part::Type;
  if (part.type == Type::kAudio && revision < Revision::k20250326)
    return text_block(writer, fmt::format("[audio, {}, {} bytes]", part.media_type, part.bytes.size()));
  if (part.type == Type::kLink && revision < Revision::k20250618)
    return text_block(writer, part.name.empty() ? part.uri : fmt::format("{}: {}", part.name, part.uri));
  call::write_content(writer, part);
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

/// Members of _meta that are ours or the protocol's to write.
bool is_reserved(std::string_view name) {
  return name.starts_with("dev.toolrack/") || name.starts_with("io.modelcontextprotocol/");
}

void meta(json::Writer& writer, const call::CallOutcome* outcome, Revision revision) {
  json::key(writer, "_meta");
  writer.StartObject();
  if (outcome != nullptr) {
    json::key(writer, "dev.toolrack/request_id");
    json::put(writer, outcome->request_id);
    if (const auto cost = outcome->total_cost(); cost > base::Money()) {
      json::key(writer, "dev.toolrack/cost_usd");
      json::raw(writer, cost.text().view(), rapidjson::kNumberType);
    }
    if (const auto& skill_meta = outcome->result.meta_json; !skill_meta.empty()) {
      if (const auto members = json::parse(skill_meta); members && members->IsObject()) {
        for (const auto& member : members->GetObject()) {
          const auto name = json::view(member.name);
          if (is_reserved(name)) continue;
          json::key(writer, name);
          member.value.Accept(writer);
        }
      }
    }
  }
  if (revision >= Revision::k20260728) {
    json::key(writer, kMetaServerInfo);
    json::raw(writer, server_info_json());
  }
  writer.EndObject();
}

void finish(json::Writer& writer, bool is_error, const call::CallOutcome* outcome, Revision revision) {
  json::key(writer, "isError");
  writer.Bool(is_error);
  if (revision >= Revision::k20260728) {
    json::key(writer, "resultType");
    json::put(writer, "complete");
  }
  meta(writer, outcome, revision);
  writer.EndObject();
}

std::string text_of(const json::Buffer& buffer) { return std::string(json::view(buffer)); }

}  // namespace

void write_call_result(json::Writer& writer, const call::CallOutcome& outcome, Revision revision) {
  const auto& result = outcome.result;
  writer.StartObject();
  json::key(writer, "content");
  writer.StartArray();
  if (!outcome.ok()) text_block(writer, error_text(*result.error));
  for (const auto& part : result.parts) content(writer, part, revision);
  const auto output =
      outcome.explanation_json.empty() ? result.output_json.view() : std::string_view(outcome.explanation_json);
  if (outcome.ok() && result.parts.empty()) text_block(writer, output);
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
  text_block(writer, answer_json);
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
  text_block(writer, error_text(error));
  writer.EndArray();
  finish(writer, true, nullptr, revision);
  return text_of(buffer);
}

}  // namespace toolrack::mcp
