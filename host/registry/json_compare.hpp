/// Values compared as JSON Schema wants it: numbers by their mathematical value, objects whatever their order.
#pragma once

#include "base/json.hpp"

namespace toolrack::registry {

/// -1, 0 or 1. Both are numbers; integers of 64 bits and doubles compare exactly.
int compare_numbers(const base::json::Value& a, const base::json::Value& b) noexcept;

/// 1, 1.0 and 10e-1 are whole.
bool is_whole(const base::json::Value& number) noexcept;
/// `divisor` is above 0.
bool is_multiple(const base::json::Value& number, const base::json::Value& divisor) noexcept;

bool is_equal(const base::json::Value& a, const base::json::Value& b);

/// Are all items different? Costs a sort, never a comparison of each with each.
bool has_distinct_items(const base::json::Value& array);

}  // namespace toolrack::registry
