/// What else people look for.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace toolrack::seo {

/// Numbers are JSON as they came, "null" where the provider has none; texts are "" then.
struct KeywordIdea {
  std::string keyword;
  std::string volume = "null", cpc_usd = "null", competition = "null", difficulty = "null";
  std::string competition_level, intent;
  std::string trend = "null";    ///< {monthly_percent, quarterly_percent, yearly_percent}
  std::string history = "null";  ///< [{month, volume}], the latest first.
};

struct IdeaList {
  std::vector<KeywordIdea> ideas;
  std::optional<std::int64_t> total;  ///< That the provider knows of.
};

/// The completions of one search box, added to those before them; each keyword once. False when `body` has none.
bool add_completions(const rapidjson::Value& body, IdeaList& out);
/// Nothing when `body` is no such answer.
std::optional<IdeaList> dataforseo_ideas(const rapidjson::Value& body);

}  // namespace toolrack::seo
