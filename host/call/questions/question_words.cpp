#include "call/questions/question_words.hpp"

namespace toolrack::call {

namespace json = base::json;
using registry::Question;
using registry::QuestionKind;

std::string_view method_of(const Question& question) noexcept {
  switch (question.kind) {
    case QuestionKind::kForm:
    case QuestionKind::kUrl:
      return "elicitation/create";
    case QuestionKind::kSample:
      return "sampling/createMessage";
    case QuestionKind::kRoots:
      break;
  }
  return "roots/list";
}

std::string params_of(const Question& question, bool has_modes, std::string_view elicitation_id) {
  if (question.kind == QuestionKind::kSample) return question.params_json;
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto put = [&](std::string_view name, std::string_view text) {
    json::key(writer, name);
    json::put(writer, text);
  };
  writer.StartObject();
  if (question.kind == QuestionKind::kForm) {
    if (has_modes) put("mode", "form");
    put("message", question.message);
    json::key(writer, "requestedSchema");
    json::raw(writer, question.params_json);
  } else if (question.kind == QuestionKind::kUrl) {
    put("mode", "url");
    put("message", question.message);
    put("url", question.url);
    if (!elicitation_id.empty()) put("elicitationId", elicitation_id);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

void write_questions(json::Writer& writer, std::span<const Question> questions) {
  writer.StartObject();
  for (const auto& question : questions) {
    json::key(writer, question.key);
    writer.StartObject();
    json::key(writer, "method");
    json::put(writer, method_of(question));
    json::key(writer, "params");
    json::raw(writer, params_of(question));
    writer.EndObject();
  }
  writer.EndObject();
}

std::uint32_t kind_of(std::string_view name) noexcept {
  if (name == "form") return registry::kCanAskForm;
  if (name == "url") return registry::kCanAskUrl;
  if (name == "sampling") return registry::kCanSample;
  return name == "roots" ? registry::kCanListRoots : 0;
}

}  // namespace toolrack::call
