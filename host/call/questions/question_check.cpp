#include "call/questions/question_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::call {
namespace {

namespace json = base::json;
using base::Error;
using base::ErrorCode;
using base::Result;
using registry::Asked;
using registry::Question;
using registry::QuestionKind;

constexpr std::size_t kLongestKey = 128;
constexpr std::size_t kLongestUrl = 8 << 10;
constexpr json::Limits kWide{.max_bytes = 8 << 20, .max_values = 200'000};

tl::unexpected<Error> wrong(const Question& question, std::string_view what) {
  return tl::unexpected(Error(ErrorCode::kInvalidRequest,
                              fmt::format("the question \"{}\" cannot be asked: {}", question.key, what),
                              "This is a defect of the tool; report it to its author.")
                            .with_name("invalid_question"));
}

tl::unexpected<Error> wrong_answer(const Question& question, std::string_view what) {
  return tl::unexpected(Error(ErrorCode::kInvalidRequest,
                              fmt::format("the answer to \"{}\" cannot be used: {}", question.key, what),
                              "Answer as the question's method says, and send the same state again.")
                            .with_name("invalid_answer"));
}

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

/// Choices: {enum: [...]}, {oneOf: [{const, title}]}, {anyOf: [{const, title}]}.
bool has_choices(const json::Value& schema) {
  for (const auto* name : {"enum", "oneOf", "anyOf"})
    if (const auto* found = json::find(schema, name)) return found->IsArray() && !found->Empty();
  return false;
}

/// A form is flat: clients draw one field for each property.
Result<void> check_field(const Question& question, std::string_view name, const json::Value& schema) {
  const auto type = schema.IsObject() ? json::find_string(schema, "type").value_or("") : std::string_view();
  if (is_one_of(type, {"string", "number", "integer", "boolean"})) {
    const auto format = json::find_string(schema, "format");
    if (format && !is_one_of(*format, {"email", "uri", "date", "date-time"}))
      return wrong(question, fmt::format("the field \"{}\" has the format \"{}\"; a form has email, uri, date and "
                                         "date-time",
                                         name, *format));
    return {};
  }
  const auto* items = type == "array" ? json::find(schema, "items") : nullptr;
  if (items != nullptr && items->IsObject() && has_choices(*items)) return {};
  return wrong(question,
               fmt::format("the field \"{}\" is no string, number, integer, boolean or list of choices", name));
}

Result<void> check_form(const Question& question) {
  if (question.message.empty()) return wrong(question, "it has no message");
  const auto schema = json::parse(question.params_json, kWide);
  if (!schema) return wrong(question, fmt::format("its schema: {}", schema.error().message()));
  const auto* properties = json::find(*schema, "properties");
  if (json::find_string(*schema, "type") != "object" || properties == nullptr || !properties->IsObject())
    return wrong(question, R"(its schema is not {"type": "object", "properties": {...}})");
  for (const auto& [name, field] : properties->GetObject()) TRY(check_field(question, json::view(name), field));
  if (const auto compiled = registry::compile_schema(*schema); !compiled)
    return wrong(question, fmt::format("its schema: {}", compiled.error().message()));
  return {};
}

/// Nobody is sent to anything but a web page.
Result<void> check_url(const Question& question) {
  if (question.message.empty()) return wrong(question, "it has no message");
  const std::string_view url = question.url;
  const bool is_web = url.starts_with("https://") || url.starts_with("http://");
  const bool is_clean = std::ranges::none_of(url, [](unsigned char c) { return c <= ' ' || c == 0x7f; });
  if (!is_web || !is_clean || url.size() > kLongestUrl) return wrong(question, "its URL is no http or https URL");
  return {};
}

Result<void> check_sample(const Question& question, std::uint32_t kinds) {
  const auto params = json::parse(question.params_json, kWide);
  if (!params) return wrong(question, fmt::format("its request: {}", params.error().message()));
  const auto* messages = json::find(*params, "messages");
  const auto* most = json::find(*params, "maxTokens");
  if (messages == nullptr || !messages->IsArray() || messages->Empty() || most == nullptr || !most->IsNumber())
    return wrong(question, "its request is not {\"messages\": [...], \"maxTokens\": ...}");
  const bool has_tools = json::find(*params, "tools") != nullptr || json::find(*params, "toolChoice") != nullptr;
  if (has_tools && (kinds & registry::kCanSampleWithTools) == 0)
    return tl::unexpected(Error(ErrorCode::kUnimplemented, "the caller's model cannot be offered tools",
                                "Leave tools and toolChoice out of the sampling request.")
                              .with_name("cannot_ask"));
  return {};
}

Result<Asked> read_elicited(const Question& question, const json::Value& answer) {
  const auto action = json::find_string(answer, "action");
  if (action == "decline") return Asked{.how = Asked::How::kDeclined, .body_json = {}};
  if (action == "cancel") return Asked{.how = Asked::How::kDismissed, .body_json = {}};
  if (action != "accept") return wrong_answer(question, "its action is not accept, decline or cancel");
  if (question.kind == QuestionKind::kUrl) return Asked{};
  const auto* content = json::find(answer, "content");
  if (content == nullptr || !content->IsObject()) return wrong_answer(question, "its content is not an object");
  const auto schema = registry::compile_schema(question.params_json);
  if (!schema) return wrong(question, schema.error().message());
  if (const auto violations = (*schema)->check(*content); !violations.empty())
    return wrong_answer(question, registry::to_error(violations, "content").message());
  return Asked{.body_json = json::dump(*content)};
}

Result<Asked> read_sampled(const Question& question, const json::Value& answer) {
  const auto* content = json::find(answer, "content");
  if (content == nullptr || !(content->IsObject() || content->IsArray()) || !json::find_string(answer, "role"))
    return wrong_answer(question, "a sampled message has role, content and model");
  return Asked{.body_json = json::dump(answer)};
}

Result<Asked> read_roots(const Question& question, const json::Value& answer) {
  const auto* roots = json::find(answer, "roots");
  const auto is_root = [](const json::Value& root) { return json::find_string(root, "uri").has_value(); };
  if (roots == nullptr || !roots->IsArray() || !std::ranges::all_of(roots->GetArray(), is_root))
    return wrong_answer(question, "it is not {\"roots\": [{\"uri\": ...}]}");
  return Asked{.body_json = json::dump(*roots)};
}

}  // namespace

Result<void> check_question(const Question& question, std::uint32_t kinds) {
  if (question.key.empty() || question.key.size() > kLongestKey)
    return wrong(question, fmt::format("its key has {} bytes; a key has 1 to {}", question.key.size(), kLongestKey));
  switch (question.kind) {
    case QuestionKind::kForm:
      return check_form(question);
    case QuestionKind::kUrl:
      return check_url(question);
    case QuestionKind::kSample:
      return check_sample(question, kinds);
    case QuestionKind::kRoots:
      break;
  }
  return {};
}

Result<Asked> read_answer(const Question& question, const json::Value& answer) {
  if (!answer.IsObject()) return wrong_answer(question, "it is not an object");
  switch (question.kind) {
    case QuestionKind::kForm:
    case QuestionKind::kUrl:
      return read_elicited(question, answer);
    case QuestionKind::kSample:
      return read_sampled(question, answer);
    case QuestionKind::kRoots:
      break;
  }
  return read_roots(question, answer);
}

std::string to_json(const Question& question) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "key");
  json::put(writer, question.key);
  json::key(writer, "type");
  writer.Int(static_cast<int>(question.kind));
  for (const auto& [name, text] : {std::pair("message", &question.message), std::pair("params", &question.params_json),
                                   std::pair("url", &question.url)}) {
    if (text->empty()) continue;
    json::key(writer, name);
    json::put(writer, *text);
  }
  writer.EndObject();
  const auto document = json::parse(json::view(buffer), kWide);
  return document ? json::canonical(*document) : std::string(json::view(buffer));
}

std::string to_json(const Asked& asked) {
  return fmt::format(R"({{"how":{},"body":{}}})", static_cast<int>(asked.how), json::quote(asked.body_json));
}

Asked asked_from(std::string_view text) {
  const auto document = json::parse(text, kWide);
  if (!document) return {.how = Asked::How::kFailed, .body_json = {}, .error = document.error()};
  return {.how = static_cast<Asked::How>(json::find_int(*document, "how").value_or(0)),
          .body_json = std::string(json::find_string(*document, "body").value_or(""))};
}

}  // namespace toolrack::call
