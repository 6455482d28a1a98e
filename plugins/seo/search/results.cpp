#include "search/results.hpp"

#include "search/errors.hpp"
#include "search/json.hpp"

#include <utility>

namespace toolrack::seo {
namespace {

struct FeatureName {
  const char* theirs;
  const char* ours;
};
/// Serper's members beside the results, by the names that DataForSEO has for them.
constexpr FeatureName kSerperFeatures[] = {
    {"/answerBox", "answer_box"},
    {"/knowledgeGraph", "knowledge_graph"},
    {"/peopleAlsoAsk", "people_also_ask"},
    {"/topStories", "top_stories"},
    {"/relatedSearches", "related_searches"},
    {"/images", "images"},
    {"/videos", "video"},
    {"/places", "local_pack"},
    {"/shopping", "shopping"},
};

std::string first_text(const rapidjson::Value& from, std::initializer_list<const char*> pointers) {
  for (const char* const each : pointers)
    if (std::string text = text_at(from, each); !text.empty()) return text;
  return {};
}

/// One paragraph of several.
std::string joined(const rapidjson::Value* list) {
  std::string out;
  if (list == nullptr) return out;
  for (const rapidjson::Value& each : list->GetArray())
    if (const std::string text = text_at(each, ""); !text.empty()) out += (out.empty() ? "" : " ") + text;
  return out;
}

void add_question(ResultList& out, const rapidjson::Value& element) {
  DirectAnswer question;
  question.question = text_at(element, "/title");
  if (question.question.empty()) return;
  if (const auto* const expanded = value_at(element, "/expanded_element/0"); expanded != nullptr) {
    question.text = text_at(*expanded, "/description");
    question.title = text_at(*expanded, "/title");
    question.url = text_at(*expanded, "/url");
  }
  out.questions.push_back(std::move(question));
}

void add_answer(ResultList& out, const rapidjson::Value& item) {
  if (out.answer) return;
  DirectAnswer answer;
  answer.text = first_text(item, {"/description", "/text"});
  if (answer.text.empty()) answer.text = joined(list_at(item, "/text"));
  answer.title = first_text(item, {"/title", "/featured_title"});
  answer.url = first_text(item, {"/url", "/links/0/url"});
  if (!answer.text.empty() || !answer.url.empty()) out.answer = std::move(answer);
}

void add_page(ResultList& out, const rapidjson::Value& item) {
  RankedPage page;
  page.position = integer_at(item, "/rank_group").value_or(static_cast<std::int64_t>(out.pages.size()) + 1);
  page.absolute = integer_at(item, "/rank_absolute");
  page.url = text_at(item, "/url");
  page.title = text_at(item, "/title");
  page.snippet = text_at(item, "/description");
  out.pages.push_back(std::move(page));
}

/// An item of DataForSEO; kinds that are not named here are features, and no more.
void add_item(ResultList& out, const rapidjson::Value& item) {
  const std::string type = text_at(item, "/type");
  if (type == "organic") return add_page(out, item);
  if (type == "featured_snippet" || type == "answer_box") return add_answer(out, item);
  const rapidjson::Value* const parts = list_at(item, "/items");
  if (parts == nullptr) return;
  if (type == "people_also_ask") {
    for (const rapidjson::Value& each : parts->GetArray()) add_question(out, each);
  } else if (type == "related_searches") {
    for (const rapidjson::Value& each : parts->GetArray())
      if (std::string text = text_at(each, ""); !text.empty()) out.related.push_back(std::move(text));
  }
}

}  // namespace

std::optional<ResultList> serper_results(const rapidjson::Value& body) {
  const rapidjson::Value* const pages = list_at(body, "/organic");
  if (pages == nullptr && value_at(body, "/searchParameters/q") == nullptr) return std::nullopt;
  ResultList out;
  if (pages != nullptr) {
    for (const rapidjson::Value& each : pages->GetArray()) {
      RankedPage page;
      page.position = integer_at(each, "/position").value_or(static_cast<std::int64_t>(out.pages.size()) + 1);
      page.url = text_at(each, "/link");
      page.title = text_at(each, "/title");
      page.snippet = text_at(each, "/snippet");
      out.pages.push_back(std::move(page));
    }
  }
  for (const FeatureName& each : kSerperFeatures)
    if (const auto* const it = value_at(body, each.theirs); it != nullptr && !it->IsNull())
      out.features.emplace_back(each.ours);
  if (const auto* const box = value_at(body, "/answerBox"); box != nullptr && box->IsObject()) {
    DirectAnswer answer;
    answer.text = first_text(*box, {"/snippet", "/answer"});
    answer.title = text_at(*box, "/title");
    answer.url = text_at(*box, "/link");
    out.answer = std::move(answer);
  }
  if (const auto* const asked = list_at(body, "/peopleAlsoAsk"); asked != nullptr) {
    for (const rapidjson::Value& each : asked->GetArray()) {
      DirectAnswer question;
      question.question = text_at(each, "/question");
      question.text = text_at(each, "/snippet");
      question.title = text_at(each, "/title");
      question.url = text_at(each, "/link");
      if (!question.question.empty()) out.questions.push_back(std::move(question));
    }
  }
  if (const auto* const related = list_at(body, "/relatedSearches"); related != nullptr) {
    for (const rapidjson::Value& each : related->GetArray())
      if (std::string text = text_at(each, "/query"); !text.empty()) out.related.push_back(std::move(text));
  }
  return out;
}

std::optional<ResultList> dataforseo_results(const rapidjson::Value& body) {
  ResultList out;
  if (is_without_results(body)) return out;
  const rapidjson::Value* const result = value_at(body, "/tasks/0/result");
  if (result == nullptr || !(result->IsArray() || result->IsNull())) return std::nullopt;
  const rapidjson::Value* const list = value_at(body, "/tasks/0/result/0");
  if (list == nullptr) return out;
  if (const auto* const types = list_at(*list, "/item_types"); types != nullptr) {
    for (const rapidjson::Value& each : types->GetArray())
      if (std::string text = text_at(each, ""); !text.empty() && text != "organic")
        out.features.push_back(std::move(text));
  }
  out.total = integer_at(*list, "/se_results_count");
  out.corrected_query = text_at(*list, "/spell/keyword");
  if (const auto* const items = list_at(*list, "/items"); items != nullptr)
    for (const rapidjson::Value& each : items->GetArray()) add_item(out, each);
  return out;
}

}  // namespace toolrack::seo
