/// Where a site or page stands for a query, and what else the results show.
#include "analysis/json_out.hpp"
#include "analysis/text.hpp"
#include "analysis/url.hpp"
#include "search/charge.hpp"
#include "search/errors.hpp"
#include "search/json.hpp"
#include "search/place.hpp"
#include "search/requests.hpp"
#include "search/results.hpp"
#include "search/target.hpp"
#include "skills/arguments.hpp"
#include "skills/skills.hpp"

#include <utility>

namespace toolrack::seo {
namespace {

constexpr std::int64_t kPage = 10;  // Results of one page, which is what is charged.

std::string host_of(const std::string& url) {
  const auto parsed = parse_url(url);
  return parsed ? parsed->host : std::string();
}

void write_page(JsonOut& out, const RankedPage& page, bool is_target) {
  out.object().field("position", page.position);
  page.absolute ? out.field("absolute_position", *page.absolute) : out.null("absolute_position");
  out.field("url", page.url).field("domain", host_of(page.url)).text_or_null("title", page.title);
  out.text_or_null("snippet", page.snippet).field("is_target", is_target).end_object();
}

void write_answer(JsonOut& out, const DirectAnswer& answer, bool is_question) {
  out.object();
  if (is_question) out.field("question", answer.question);
  out.text_or_null("text", answer.text).text_or_null("title", answer.title).text_or_null("url", answer.url);
  out.end_object();
}

struct Asked {
  Search search;
  Place place;
  std::string target_text;
  std::optional<Target> target;
  std::uint64_t max_results = 0;
};

void write_target(JsonOut& out, const Asked& asked, const ResultList& list) {
  out.text_or_null("target", asked.target_text);
  const RankedPage* best = nullptr;
  if (asked.target) {
    for (const RankedPage& each : list.pages) {
      if (!asked.target->is(each.url)) continue;
      if (best == nullptr || each.position < best->position) best = &each;
    }
  }
  best != nullptr ? out.field("position", best->position) : out.null("position");
  out.text_or_null("url", best != nullptr ? best->url : std::string());
}

std::string rankings_json(const Call& call, const Asked& asked, const ResultList& list) {
  JsonOut out;
  out.object().field("query", asked.search.query);
  write_target(out, asked, list);
  out.field("searched", list.pages.size());
  out.array("results");
  std::size_t listed = 0;
  for (const RankedPage& each : list.pages) {
    const bool is_target = asked.target && asked.target->is(each.url);
    // What is asked about is told wherever it stands.
    if (listed >= asked.max_results && !is_target) continue;
    ++listed;
    write_page(out, each, is_target);
  }
  out.end_array().strings("features", list.features);
  out.key("answer");
  if (list.answer)
    write_answer(out, *list.answer, false);
  else
    out.null();
  out.array("people_also_ask");
  for (const DirectAnswer& each : list.questions) write_answer(out, each, true);
  out.end_array().strings("related_searches", list.related);
  list.total ? out.field("total_results", *list.total) : out.null("total_results");
  out.text_or_null("corrected_query", list.corrected_query);
  out.text_or_null("country", asked.place.country).field("language", asked.place.language);
  out.field("device", asked.search.device).field("provider", view(call.backend().provider).str()).end_object();
  return out.text();
}

std::optional<Asked> asked_of(const Arguments& input, Provider provider, Reply& why) {
  Asked asked;
  asked.search.query = input.text("query");
  asked.search.device = input.text("device", "desktop");
  asked.search.depth = static_cast<std::int64_t>(input.number("depth", kPage));
  asked.max_results = input.number("max_results", kPage);
  asked.target_text = input.text("target");
  if (!asked.target_text.empty()) {
    asked.target = Target::of(asked.target_text);
    if (!asked.target) {
      why = Reply::error(TR_INVALID_ARGUMENT, "seo.bad_target",
                         "\"" + shorten(asked.target_text, 300) + "\" is neither a domain nor an http or https URL",
                         "Pass a domain, such as example.com, or a page, such as https://example.com/shoes.");
      return std::nullopt;
    }
  }
  if (provider == Provider::kSerper && asked.search.device != "desktop") {
    why = cannot("seo.device_not_offered", "Serper shows what a desktop computer gets, not a " + asked.search.device,
                 "Leave device out, or let DataForSEO answer.");
    return std::nullopt;
  }
  const auto place = place_of(input, provider, why);
  if (!place) return std::nullopt;
  asked.place = *place;
  return asked;
}

}  // namespace

Task rankings(Call call) {
  const auto provider = provider_named(view(call.backend().provider));
  if (!provider)
    co_return cannot("seo.unknown_provider", "This tool knows no such provider", "Use serper or dataforseo.");
  const Arguments input(call.input());
  Reply why;
  const auto asked = asked_of(input, *provider, why);
  if (!asked) co_return why;
  const HttpRequest request = results_request(*provider, asked->search, asked->place);
  const Reply answer = co_await call.http(request);
  const rapidjson::Document body = parse_json(answer.body());
  if (auto refused = refusal(*provider, answer, body)) co_return std::move(*refused);
  const auto list = *provider == Provider::kSerper ? serper_results(body) : dataforseo_results(body);
  if (!list) co_return garbage(*provider, "a body that lists no results");
  const std::int64_t pages = (asked->search.depth + kPage - 1) / kPage;
  // Serper: a credit for the first page, another one for all that follow.
  meter_answer(call, *provider, body, *provider == Provider::kSerper ? (pages > 1 ? 2 : 1) : pages);
  co_return Reply::json(rankings_json(call, *asked, *list));
}

}  // namespace toolrack::seo
