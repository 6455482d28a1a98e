#include "search/requests.hpp"

#include "analysis/json_out.hpp"
#include "analysis/text.hpp"

#include <utility>

namespace toolrack::seo {
namespace {

HttpRequest asked_once(std::string path, std::string body) {
  HttpRequest request("POST", std::move(path));
  request.header("user-agent", "toolrack-seo/1.0").json(std::move(body)).idempotent().no_retry().no_redirect();
  return request;
}

/// DataForSEO decodes %XX and '+' inside keywords; what is meant literally is written so that this undoes it.
std::string keyword_text(std::string_view keyword) {
  std::string out;
  for (const char c : keyword) {
    if (c == '%')
      out += "%25";
    else if (c == '+')
      out += "%2B";
    else
      out += c;
  }
  return out;
}

void write_place(JsonOut& out, Provider provider, const Place& place) {
  if (provider == Provider::kSerper) {
    out.field("gl", to_lower(place.country)).field("hl", place.lower_language());
  } else {
    out.field("location_code", place.location_code).field("language_code", place.tag_language());
  }
}

/// DataForSEO takes lists of tasks.
std::string as_list(const JsonOut& task) { return "[" + task.text() + "]"; }

}  // namespace

HttpRequest results_request(Provider provider, const Search& search, const Place& place) {
  const bool is_serper = provider == Provider::kSerper;
  JsonOut out;
  out.object().field(is_serper ? "q" : "keyword", is_serper ? search.query : keyword_text(search.query));
  write_place(out, provider, place);
  if (is_serper) {
    out.field("num", search.depth).end_object();
    return asked_once("/search", out.text());
  }
  out.field("device", search.device).field("depth", search.depth).end_object();
  return asked_once("/v3/serp/google/organic/live/advanced", as_list(out));
}

HttpRequest completions_request(const std::string& keyword, const Place& place) {
  JsonOut out;
  out.object().field("q", keyword);
  write_place(out, Provider::kSerper, place);
  out.end_object();
  return asked_once("/autocomplete", out.text());
}

HttpRequest ideas_request(const std::vector<std::string>& keywords, const Place& place, std::int64_t limit,
                          bool by_volume) {
  std::vector<std::string> texts;
  texts.reserve(keywords.size());
  for (const std::string& each : keywords) texts.push_back(keyword_text(each));
  JsonOut out;
  out.object().strings("keywords", texts);
  write_place(out, Provider::kDataForSeo, place);
  out.field("limit", limit);
  if (by_volume) out.array("order_by").value("keyword_info.search_volume,desc").end_array();
  out.end_object();
  return asked_once("/v3/dataforseo_labs/google/keyword_ideas/live", as_list(out));
}

}  // namespace toolrack::seo
