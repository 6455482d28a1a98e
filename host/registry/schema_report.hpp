/// Violations as they are found, put in order at the end. Private to the registry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "registry/input_validator.hpp"

namespace toolrack::registry::schema {

inline constexpr std::size_t kMaxViolations = 32;
/// Found at most, before the first kMaxViolations in document order are chosen.
inline constexpr std::size_t kMaxFound = 1'000;

class Report {
 public:
  /// `order` is the way to the value: positions of members and items from the root on.
  void add(std::vector<std::uint32_t> order, Violation violation);
  std::size_t size() const noexcept { return entries_.size(); }
  void truncate(std::size_t size) { entries_.resize(size); }
  /// Moves the last one to `index`, before those that explain it.
  void move_last_to(std::size_t index);

  /// Of two alternatives that a value fits not, [first, middle) and [middle, size()), keeps the one that was most
  /// likely meant. The new size.
  std::size_t keep_nearer(std::size_t first, std::size_t middle);

  /// In document order, a value before what is inside it; the same thing said only once; capped.
  std::vector<Violation> take();

 private:
  struct Entry {
    std::vector<std::uint32_t> order;
    Violation violation;
  };
  std::vector<Entry> entries_;
};

}  // namespace toolrack::registry::schema
