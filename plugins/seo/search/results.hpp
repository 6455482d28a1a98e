/// What a search engine shows for a query, as both providers tell it.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace toolrack::seo {

struct RankedPage {
  std::int64_t position = 0;             ///< Among the plain results, from 1.
  std::optional<std::int64_t> absolute;  ///< Among everything on the page.
  std::string url, title, snippet;
};

/// An answer above the results, or to a question of "People also ask". Empty where it was not told.
struct DirectAnswer {
  std::string question, text, title, url;
};

/// Texts are "" where the provider gave none.
struct ResultList {
  std::vector<RankedPage> pages;
  std::vector<std::string> features;
  std::optional<DirectAnswer> answer;
  std::vector<DirectAnswer> questions;
  std::vector<std::string> related;
  std::optional<std::int64_t> total;
  std::string corrected_query;
};

/// Nothing when `body` is no such answer.
std::optional<ResultList> serper_results(const rapidjson::Value& body);
std::optional<ResultList> dataforseo_results(const rapidjson::Value& body);

}  // namespace toolrack::seo
