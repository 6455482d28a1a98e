/// What else people look for, from some words to begin with.
#include "analysis/json_out.hpp"
#include "search/charge.hpp"
#include "search/errors.hpp"
#include "search/ideas.hpp"
#include "search/json.hpp"
#include "search/place.hpp"
#include "search/requests.hpp"
#include "skills/arguments.hpp"
#include "skills/skills.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::seo {
namespace {

constexpr std::size_t kMostCompleted = 20;  // A request for each.

struct Wish {
  std::vector<std::string> keywords;
  Place place;
  std::uint64_t limit = 0;
  bool is_by_volume = false;
  bool has_history = false;
};

std::string ideas_json(const Call& call, const Wish& wish, const IdeaList& list) {
  JsonOut out;
  out.object().strings("keywords", wish.keywords).array("ideas");
  const std::size_t count = std::min<std::size_t>(list.ideas.size(), wish.limit);
  for (std::size_t i = 0; i < count; ++i) {
    const KeywordIdea& idea = list.ideas[i];
    out.object().field("keyword", idea.keyword).raw("volume", idea.volume).raw("cpc_usd", idea.cpc_usd);
    out.raw("competition", idea.competition).text_or_null("competition_level", idea.competition_level);
    out.raw("difficulty", idea.difficulty).text_or_null("intent", idea.intent).raw("trend", idea.trend);
    if (wish.has_history) out.raw("history", idea.history);
    out.end_object();
  }
  out.end_array();
  list.total ? out.field("total", *list.total) : out.null("total");
  out.text_or_null("country", wish.place.country).field("language", wish.place.language);
  out.field("provider", view(call.backend().provider).str()).end_object();
  return out.text();
}

std::optional<Wish> wish_of(const Arguments& input, Provider provider, Reply& why) {
  Wish wish;
  wish.keywords = input.texts("keywords");
  wish.limit = input.number("limit", 50);
  wish.is_by_volume = input.text("sort", "relevance") == "volume";
  wish.has_history = input.flag("history", false);
  if (provider == Provider::kSerper) {
    if (input.flag("metrics", true) || wish.is_by_volume || wish.has_history) {
      why = cannot("seo.metrics_not_offered", "Serper knows how people go on typing, not how often they search",
                   "Pass \"metrics\": false (without sort or history) for phrases alone, or let DataForSEO answer.");
      return std::nullopt;
    }
    if (wish.keywords.size() > kMostCompleted) {
      why = cannot("seo.too_many_keywords",
                   "These are " + std::to_string(wish.keywords.size()) + " keywords; Serper is asked about at most " +
                       std::to_string(kMostCompleted),
                   "Cut the list, or let DataForSEO answer.");
      return std::nullopt;
    }
  }
  const auto place = place_of(input, provider, why);
  if (!place) return std::nullopt;
  wish.place = *place;
  return wish;
}

Task from_completions(Call call, Wish wish) {
  IdeaList list;
  for (const std::string& each : wish.keywords) {
    const HttpRequest request = completions_request(each, wish.place);
    const Reply answer = co_await call.http(request);
    const rapidjson::Document body = parse_json(answer.body());
    if (auto refused = refusal(Provider::kSerper, answer, body)) co_return std::move(*refused);
    if (!add_completions(body, list)) co_return garbage(Provider::kSerper, "a body that lists no suggestions");
    meter_answer(call, Provider::kSerper, body, 1);
  }
  co_return Reply::json(ideas_json(call, wish, list));
}

Task from_database(Call call, Wish wish) {
  const HttpRequest request =
      ideas_request(wish.keywords, wish.place, static_cast<std::int64_t>(wish.limit), wish.is_by_volume);
  const Reply answer = co_await call.http(request);
  const rapidjson::Document body = parse_json(answer.body());
  if (auto refused = refusal(Provider::kDataForSeo, answer, body)) co_return std::move(*refused);
  const auto list = dataforseo_ideas(body);
  if (!list) co_return garbage(Provider::kDataForSeo, "a body that lists no keywords");
  meter_answer(call, Provider::kDataForSeo, body, static_cast<std::int64_t>(list->ideas.size()));
  co_return Reply::json(ideas_json(call, wish, *list));
}

Task refuse_idea(Reply why) { co_return why; }

}  // namespace

Task keyword_ideas(Call call) {
  const auto provider = provider_named(view(call.backend().provider));
  if (!provider)
    return refuse_idea(cannot("seo.unknown_provider", "This tool knows no such provider", "Use serper or dataforseo."));
  Reply why;
  auto wish = wish_of(Arguments(call.input()), *provider, why);
  if (!wish) return refuse_idea(std::move(why));
  return *provider == Provider::kSerper ? from_completions(call, std::move(*wish))
                                        : from_database(call, std::move(*wish));
}

}  // namespace toolrack::seo
