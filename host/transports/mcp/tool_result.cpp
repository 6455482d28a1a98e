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

template <typename Told>
void finish(json::Writer& writer, bool is_error, const Told& told, Revision revision) {
  json::key(writer, "isError");
  writer.Bool(is_error);
  if (revision >= Revision::k20260728) {
    json::key(writer, "resultType");
    json::put(writer, "complete");
  }
  write_result_meta(writer, told, revision);
  writer.EndObject();
}

/// As it was before it was kept, as far as it is told.
base::Error kept_error(const std::string& error_json) {
  const auto kept = json::parse(error_json);
  const auto text = [&](std::string_view name) {
    return std::string(kept ? json::find_string(*kept, name).value_or("") : "");
  };
  auto error =
      base::Error(base::ErrorCode::kToolError, text("message"), text("resolution_hint")).with_name(text("code"));
  const auto* details = kept ? json::find(*kept, "details") : nullptr;
  return details == nullptr ? error : std::move(error).with_details(json::dump(*details));
}

/// What jobs keep of a call (JobRun::done), as it was written.
struct KeptReply {
  explicit KeptReply(std::string_view result_json) {
    constexpr json::Limits kWhatIsKept{.max_bytes = 16 << 20, .max_depth = 1'000, .max_values = 10'000'000};
    json::Capture parts[] = {{2, "result", "output", {}},      {2, "result", "content", {}},  {2, "result", "cost", {}},
                             {2, "result", "meta", {}},        {1, "", "content", {}},        {2, "shown", "files", {}},
                             {2, "shown", "whole_output", {}}, {2, "result", "truncated", {}}};
    if (result_json.empty()) return;
    const auto document = json::parse(result_json, kWhatIsKept, parts);
    if (!document) return;
    output = parts[0].text, cost = parts[2].text, meta = parts[3].text, files = parts[5].text, whole = parts[6].text;
    content = parts[1].text.data() == nullptr ? parts[4].text : parts[1].text;
    is_truncated = !parts[7].text.empty();
    if (whole.empty()) return;
    const auto& shown = *json::find(*document, "shown");
    shortened = json::find_string(shown, "text").value_or("");
    has_schema = json::find_bool(shown, "has_schema").value_or(false);
  }
  std::string_view output, content, cost, meta, files, whole;  ///< Raw JSON, or empty.
  std::string shortened;                                       ///< Of an output that `whole` links to.
  bool has_schema = false, is_truncated = false;
};

/// The elements of an array, as they stand.
std::string_view elements(std::string_view array) {
  return array.size() < 2 ? std::string_view() : array.substr(1, array.size() - 2);
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
  if (outcome.ok() && result.parts.empty()) {
    write_text_block(writer, outcome.whole_output ? std::string_view(outcome.whole_output->text) : output);
    if (outcome.whole_output) write_block(writer, *outcome.whole_output, revision);
  }
  for (const auto& file : outcome.files) write_block(writer, file, revision);
  writer.EndArray();
  // A tool that promises a shape has to keep its promise here, however large that is; others leave it to the link.
  const bool is_linked = outcome.whole_output && (outcome.skill == nullptr || outcome.skill->output_schema.empty());
  if (outcome.ok() && !is_linked) structured(writer, output, revision);
  finish(writer, !outcome.ok(), &outcome, revision);
}

void write_kept_result(json::Writer& writer, const call::jobs::JobView& view) {
  constexpr auto kRevision = Revision::k20260728;
  const bool is_error = view.job.status != call::jobs::Status::kCompleted;
  const KeptReply kept(view.result_json);
  const auto put_all = [&](std::string_view array) {
    if (const auto blocks = elements(array); !blocks.empty()) json::raw(writer, blocks);
  };
  writer.StartObject();
  json::key(writer, "content");
  writer.StartArray();
  if (is_error) write_text_block(writer, error_text(kept_error(view.job.error_json)));
  put_all(kept.content);
  if (!is_error && kept.content.empty()) {
    write_text_block(writer, kept.whole.empty() ? kept.output : std::string_view(kept.shortened));
    if (!kept.whole.empty()) json::raw(writer, kept.whole);
  }
  put_all(kept.files);
  writer.EndArray();
  if (!is_error && (kept.whole.empty() || kept.has_schema)) structured(writer, kept.output, kRevision);
  finish(writer, is_error,
         CallFacts{.request_id = view.job.request_id,
                   .cost_usd = kept.cost == base::Money().text().view() ? std::string_view() : kept.cost,
                   .truncated = kept.is_truncated,
                   .meta_json = kept.meta},
         kRevision);
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
  finish(writer, false, CallFacts{}, revision);
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
  finish(writer, true, CallFacts{}, revision);
  return text_of(buffer);
}

}  // namespace toolrack::mcp
