/// Values compared as JSON Schema wants it: numbers by their mathematical value, objects whatever their order.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "registry/schema_work.hpp"

namespace toolrack::registry {

/// -1, 0 or 1. Both are numbers; integers of 64 bits and doubles compare exactly.
int compare_numbers(const base::json::Value& a, const base::json::Value& b) noexcept;

/// 1, 1.0 and 10e-1 are whole.
bool is_whole(const base::json::Value& number) noexcept;
/// `divisor` is above 0.
bool is_multiple(const base::json::Value& number, const base::json::Value& divisor) noexcept;

// What looks into containers pays a step a value, and gives up all the work below schema::kMaxDepth levels: what it
// then returns means nothing.

bool is_equal(const base::json::Value& a, const base::json::Value& b, schema::Work& work);

/// Equal values have equal hashes. Seeded anew in every process, so that nobody can prepare values that collide.
std::uint64_t hash(const base::json::Value& value, schema::Work& work);

/// Indices of two equal items, the earlier one first. Sorts hashes instead of comparing each with each.
std::optional<std::pair<rapidjson::SizeType, rapidjson::SizeType>> find_equal_items(const base::json::Value& array,
                                                                                    schema::Work& work);

}  // namespace toolrack::registry
