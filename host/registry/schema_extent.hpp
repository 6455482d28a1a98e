/// What one schema lets through by itself: which types, which values, between which bounds. Private to
/// schema_narrowing.cpp, which compares that of two. References and `allOf` are not followed. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace toolrack::registry::extent {

// What a value can be, as bits.
enum : unsigned {
  kNull = 1,
  kBoolean = 2,
  kObject = 4,
  kArray = 8,
  kText = 16,
  kInteger = 32,
  kFraction = 64,
  kEverything = 127
};

/// "string, null".
std::string names_of(unsigned types);

/// By `type`, `enum`, `const` and the alternatives of `anyOf` and `oneOf`.
unsigned types_of(const base::json::Value& schema, int depth = 0);

/// The values of `enum` or `const`; empty when there are none.
std::vector<const base::json::Value*> values_of(const base::json::Value& schema);

/// An end of a range. Upper ends are held with their sign turned, so that higher is always tighter.
struct End {
  double at = 0;
  bool is_open = false;
  bool is_tighter_than(const std::optional<End>& other) const {
    return !other || at > other->at || (at == other->at && is_open && !other->is_open);
  }
};

/// Two keywords that bound one thing.
struct Range {
  std::string_view low, high;
  unsigned of;  ///< Types that it is about.
};
inline constexpr std::array<Range, 4> kRanges{{{"minimum", "maximum", kInteger | kFraction},
                                               {"minLength", "maxLength", kText},
                                               {"minItems", "maxItems", kArray},
                                               {"minProperties", "maxProperties", kObject}}};

/// By the keywords of the range, and by `enum` and `const`; nothing when there is no such end.
std::optional<End> end_of(const base::json::Value& schema, const Range& range, bool is_high);

}  // namespace toolrack::registry::extent
