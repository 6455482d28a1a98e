/// Makes JSON from a schema: what a caller could send.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace toolrack::lint {

/// Seeded: equal seeds make equal values. One thread.
class ValueMaker {
 public:
  /// `schema` outlives it. What a schema cannot be turned round for (patterns, `not`) is guessed at, so what comes out
  /// is likely to be valid, and is for a validator to judge.
  ValueMaker(const base::json::Value& schema, std::uint64_t seed) : root_(schema), random_(seed) {}

  /// The next value, as text.
  std::string make();

 private:
  using Value = base::json::Value;
  using Memory = base::json::Document::AllocatorType;

  Value value(const Value& schema, Memory& memory, int depth);
  Value of_type(std::string_view type, const Value& schema, Memory& memory, int depth);
  Value object(const Value& schema, Memory& memory, int depth);
  Value array(const Value& schema, Memory& memory, int depth);
  Value number(const Value& schema, bool is_integer);
  Value text(const Value& schema, Memory& memory);
  void add_members(Value& object, const Value& schema, Memory& memory, int depth);

  /// 0 to `bound` - 1.
  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(random_() % bound); }
  bool one_in(std::size_t n) { return below(n) == 0; }

  const Value& root_;
  std::mt19937_64 random_;
};

}  // namespace toolrack::lint
