/// A skill's `request` block, compiled: what to send, how to read the answer, when to ask again.
///
/// docs/declarative.md says what each member means. Everything that can be wrong with a block is found here, when the
/// tool is loaded; what remains for a call is its input and the far end.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "registry/tool.hpp"
#include "sources/declarative/body.hpp"
#include "sources/declarative/template.hpp"

namespace toolrack::sources::declarative {

struct ResultRule {
  std::string pointer;                                   ///< Of the part that is the output.
  std::vector<std::pair<std::string, std::string>> map;  ///< Members of the output to pointers below that part.
  bool is_text = false;
};

/// Where a failure tells how long to wait.
struct WaitRule {
  std::string pointer;  ///< To a number of seconds, or a text.
  std::string after;    ///< In a text: the words that stand before the number; empty: the text is the number.
};

/// A kind of failure. Matches when everything that it names holds.
struct ErrorRule {
  std::optional<int> status;
  std::string pointer;                ///< Exists and is not null.
  std::optional<std::string> equals;  ///< The value there, canonical.
  std::string code, hint;
  std::optional<base::ErrorType> type;
  std::optional<Template> message;  ///< Its names are pointers into the reply.
  std::optional<WaitRule> wait;
};

/// What the provider charged, where it says so.
struct CostRule {
  Template units;        ///< A number; names are of the input, or pointers into the last reply.
  base::Money usd;       ///< Of one unit.
  double otherwise = 1;  ///< Units, when they are absent or no number.
};

struct PageRule {
  enum class By : std::uint8_t { kCursor, kNumber, kLink };
  By by = By::kCursor;
  std::string items;      ///< Pointer to the array that pages are made of.
  std::string cursor;     ///< Pointer to what `parameter` has to be next.
  std::string parameter;  ///< Of the query.
  std::string into;       ///< Member of the output that holds all items.
  std::int64_t first = 1;
  std::int64_t size = 0;  ///< A page with less is the last; 0: only an empty one is.
  std::uint32_t max_pages = 10;
};

struct PollRule {
  Template path;  ///< Names are of the input, or pointers into the first reply.
  std::chrono::milliseconds interval{2'000};
  std::string pointer;
  std::vector<std::string> done, failed;  ///< Canonical JSON.
};

/// Where a provider tells when it may be asked again, beside Retry-After.
struct RateRule {
  enum class Unit : std::uint8_t { kSeconds, kMilliseconds, kUnix };
  std::string header;  ///< Lower case.
  Unit unit = Unit::kSeconds;
};

/// Immutable; any thread.
struct Program {
  enum class Body : std::uint8_t { kNone, kInput, kJson, kForm, kMultipart };

  std::string provider;  ///< Empty: the call's backend, else the only one of the tool.
  std::string method = "GET";
  Template path;
  std::vector<Field> query, headers, fields;  ///< fields: of a form or multipart.
  Body body = Body::kNone;
  JsonTemplate json;
  ResultRule result;
  std::vector<ErrorRule> errors;
  std::optional<PageRule> page;
  std::optional<PollRule> poll;
  std::optional<CostRule> cost;
  std::optional<RateRule> rate;

  bool is_get() const noexcept { return method == "GET" || method == "HEAD"; }

  /// `skill` is the manifest's entry, with a `request` that satisfies the manifest's schema. kInvalidManifest says
  /// where below the skill and what: "/request/path: ...".
  static base::Result<Program> compile(const base::json::Value& skill);
};

/// By index of the skill; empty for those without a `request` block.
using Programs = std::vector<std::optional<Program>>;

/// Compiles every `request` block of the tool's manifest. kInvalidManifest says where and what.
base::Result<Programs> compile_programs(const registry::Tool& tool);

}  // namespace toolrack::sources::declarative
