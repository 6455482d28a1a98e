#include "search/ideas.hpp"

#include "analysis/text.hpp"
#include "search/errors.hpp"
#include "search/json.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::seo {
namespace {

std::string trend_of(const rapidjson::Value& info) {
  const rapidjson::Value* const trend = value_at(info, "/search_volume_trend");
  if (trend == nullptr || !trend->IsObject()) return "null";
  return "{\"monthly_percent\":" + number_json(*trend, "/monthly") +
         ",\"quarterly_percent\":" + number_json(*trend, "/quarterly") +
         ",\"yearly_percent\":" + number_json(*trend, "/yearly") + "}";
}

/// "2026-03"; "" when it is none.
std::string month_of(const rapidjson::Value& entry) {
  const auto year = integer_at(entry, "/year"), month = integer_at(entry, "/month");
  if (!year || !month || *year < 1000 || *year > 9999 || *month < 1 || *month > 12) return {};
  return std::to_string(*year) + (*month < 10 ? "-0" : "-") + std::to_string(*month);
}

std::string history_of(const rapidjson::Value& info) {
  const rapidjson::Value* const months = list_at(info, "/monthly_searches");
  if (months == nullptr) return "null";
  std::string out;
  for (const rapidjson::Value& each : months->GetArray()) {
    const std::string month = month_of(each);
    if (month.empty()) continue;
    out += (out.empty() ? "{\"month\":\"" : ",{\"month\":\"") + month + "\",\"volume\":";
    out += number_json(each, "/search_volume") + "}";
  }
  return "[" + out + "]";
}

KeywordIdea idea_of(const rapidjson::Value& item) {
  KeywordIdea idea;
  idea.keyword = text_at(item, "/keyword");
  idea.difficulty = number_json(item, "/keyword_properties/keyword_difficulty");
  idea.intent = to_lower(text_at(item, "/search_intent_info/main_intent"));
  const rapidjson::Value* const info = value_at(item, "/keyword_info");
  if (info == nullptr) return idea;
  idea.volume = number_json(*info, "/search_volume");
  idea.cpc_usd = number_json(*info, "/cpc");
  idea.competition = number_json(*info, "/competition");
  idea.competition_level = to_lower(text_at(*info, "/competition_level"));
  idea.trend = trend_of(*info);
  idea.history = history_of(*info);
  return idea;
}

}  // namespace

bool add_completions(const rapidjson::Value& body, IdeaList& out) {
  const rapidjson::Value* const list = list_at(body, "/suggestions");
  if (list == nullptr) return false;
  for (const rapidjson::Value& each : list->GetArray()) {
    KeywordIdea idea;
    idea.keyword = text_at(each, "/value");
    const auto is_same = [&idea](const KeywordIdea& other) { return other.keyword == idea.keyword; };
    if (idea.keyword.empty() || std::any_of(out.ideas.begin(), out.ideas.end(), is_same)) continue;
    out.ideas.push_back(std::move(idea));
  }
  return true;
}

std::optional<IdeaList> dataforseo_ideas(const rapidjson::Value& body) {
  IdeaList out;
  if (is_without_results(body)) return out;
  const rapidjson::Value* const result = value_at(body, "/tasks/0/result");
  if (result == nullptr || !(result->IsArray() || result->IsNull())) return std::nullopt;
  const rapidjson::Value* const list = value_at(body, "/tasks/0/result/0");
  if (list == nullptr) return out;
  out.total = integer_at(*list, "/total_count");
  if (const auto* const items = list_at(*list, "/items"); items != nullptr) {
    for (const rapidjson::Value& each : items->GetArray()) {
      if (KeywordIdea idea = idea_of(each); !idea.keyword.empty()) out.ideas.push_back(std::move(idea));
    }
  }
  return out;
}

}  // namespace toolrack::seo
