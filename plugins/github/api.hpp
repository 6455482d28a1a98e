/// How GitHub's REST API is spoken to: input, paths, requests, errors, and what is picked out of an answer.
#pragma once

#include <rapidjson/document.h>
#include <toolrack/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace toolrack::github {

/// The input of a call. The host has checked it against the manifest's schema; defaults are applied here.
class Input {
 public:
  explicit Input(std::string_view json) { document_.Parse(json.data(), json.size()); }

  bool has(const char* name) const { return find(name) != nullptr; }
  std::string text(const char* name, std::string_view fallback = {}) const;
  std::int64_t number(const char* name, std::int64_t fallback) const;
  bool flag(const char* name, bool fallback) const;

 private:
  const rapidjson::Value* find(const char* name) const;

  rapidjson::Document document_;
};

/// "/repos/owner/name" of the input. Empty when a part is "." or "..", which would lead to another path of the API.
std::string repo_path(const Input& input);
/// Each segment escaped, slashes kept; nothing for an empty segment, "." or "..".
std::optional<std::string> escape_path(std::string_view path);
/// The skill's answer to a name that `escape_path` or `repo_path` does not take.
Reply bad_name(std::string_view what, std::string_view value);

/// A request with the headers that GitHub wants; `path` is below the provider's base URL.
HttpRequest api_request(std::string method, std::string path);

/// The skill's answer to an answer that is no 2xx, or to none: GitHub's own words, the right kind of error, and when to
/// come again. `now` is Call::unix_time.
Reply failure(const Reply& answer, std::chrono::nanoseconds now);

/// The document of a 2xx answer; `why` receives the skill's answer when it is no JSON.
std::optional<rapidjson::Document> read_json(const Reply& answer, Reply& why);

/// A member of the output and where its value stands in GitHub's answer (a JSON Pointer); null when it is not there.
struct Picked {
  const char* name;
  const char* pointer;
};
using PickList = std::initializer_list<Picked>;
/// {"name": value, ...} in the order of the list.
std::string pick(const rapidjson::Value& from, const PickList& list);
/// "" when it is not there or no string.
std::string text_at(const rapidjson::Value& from, const char* pointer);

/// Does the Link header name a next page?
bool has_next_page(const Reply& answer);

/// {"<name>": [picked items], "count": n, "truncated": there are more}, over as many pages as `limit` items take.
/// `array` points at the list in an answer, "" when the answer is it.
struct ListQuery {
  // A user-declared constructor, for g++-12's sake.
  ListQuery() {}
  std::string path;  ///< With its query.
  std::string name;
  const char* array = "";
  std::int64_t limit = 30;
};
Async<Reply> list(Call call, ListQuery query, const PickList* picked);

}  // namespace toolrack::github
