#include "cli/answered_call.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "cli/text_argument.hpp"

namespace toolrack::cli {
namespace {

namespace json = base::json;
using base::ErrorCode;
using base::Result;

constexpr int kAsked = 409;
/// A skill that asks more often than this asks for ever.
constexpr int kMostRounds = 20;

Result<json::Document> read_answers(const std::string& given) {
  auto answers = json::parse(TRY(text_argument(given)));
  if (!answers || !answers->IsObject())
    return base::fail(ErrorCode::kInvalidRequest,
                      answers ? "--answers is not a JSON object" : "--answers: " + answers.error().message(),
                      R"(Give the answers by key: --answers '{"who": {"action": "accept", "content": {...}}}'.)");
  return *std::move(answers);
}

/// Every question that a reply asks has an answer. Errors, and replies of another kind, ask nothing.
bool has_all(const json::Value& answers, const json::Value& reply) {
  const auto* questions = json::find(reply, "questions");
  if (questions == nullptr || !questions->IsObject()) return false;
  for (const auto& question : questions->GetObject())
    if (json::find(answers, json::view(question.name)) == nullptr) return false;
  return true;
}

std::string with(const std::string& body, const json::Value* answers, std::string_view state) {
  auto document = json::parse(body, {.max_bytes = 256 << 20, .max_values = 10'000'000});
  if (!document) return body;
  auto& allocator = document->GetAllocator();
  const auto put = [&](const char* name, json::Value value) {
    document->RemoveMember(name);
    document->AddMember(json::Value(name, allocator), std::move(value), allocator);
  };
  if (answers != nullptr) {
    json::Value copy;
    copy.CopyFrom(*answers, allocator);
    put("answers", std::move(copy));
  }
  if (!state.empty())
    put("state", json::Value(state.data(), static_cast<rapidjson::SizeType>(state.size()), allocator));
  return json::dump(*document);
}

void describe(std::string& text, std::string_view key, const json::Value& question) {
  const auto* params = json::find(question, "params");
  const auto method = json::find_string(question, "method").value_or("");
  text += fmt::format("{}: {}", key, params == nullptr ? "" : json::find_string(*params, "message").value_or(method));
  if (params != nullptr) {
    if (const auto url = json::find_string(*params, "url")) text += fmt::format("\n  Open {}", *url);
    if (const auto* schema = json::find(*params, "requestedSchema")) text += "\n  " + json::dump(*schema);
  }
  text += "\n";
}

}  // namespace

Result<ApiReply> answered_call(const CallOptions& options, const std::string& body, Api& api) {
  json::Document answers(rapidjson::kObjectType);
  if (options.answers) answers = TRY(read_answers(*options.answers));
  auto request = with(body, options.answers ? &answers : nullptr, options.resume.value_or(""));
  auto reply = TRY(api.request("POST", "/v1/tools/call", request));
  for (int round = 0; options.answers && reply.status == kAsked && round < kMostRounds; ++round) {
    const auto asked = json::parse(reply.body);
    const auto state = asked ? json::find_string(*asked, "state") : std::nullopt;
    if (!state || !has_all(answers, *asked)) break;
    request = with(body, &answers, *state);
    reply = TRY(api.request("POST", "/v1/tools/call", request));
  }
  return reply;
}

std::string present_questions(const json::Value& reply) {
  std::string text = "The skill asks:\n";
  std::string form;
  if (const auto* questions = json::find(reply, "questions"); questions != nullptr && questions->IsObject()) {
    for (const auto& [name, question] : questions->GetObject()) {
      describe(text, json::view(name), question);
      form += fmt::format(R"({}{}: {{"action": "accept", "content": {{...}}}})", form.empty() ? "" : ", ",
                          json::quote(json::view(name)));
    }
  }
  text += fmt::format("Make the same call again with\n  --answers '{{{}}}'\n", form);
  text += fmt::format("and, within 15 minutes, --resume {}\n", json::find_string(reply, "state").value_or(""));
  return text;
}

}  // namespace toolrack::cli
