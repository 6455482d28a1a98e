#include "registry/schema_report.hpp"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace toolrack::registry::schema {

void Report::add(std::vector<std::uint32_t> order, Violation violation) {
  if (entries_.size() < kMaxFound) entries_.push_back({std::move(order), std::move(violation)});
}

void Report::move_last_to(std::size_t index) {
  if (index >= entries_.size()) return;
  std::rotate(entries_.begin() + static_cast<std::ptrdiff_t>(index), entries_.end() - 1, entries_.end());
}

std::size_t Report::keep_nearer(std::size_t first, std::size_t middle) {
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(first);
  const auto mid = entries_.begin() + static_cast<std::ptrdiff_t>(middle);
  // A form whose constants differ was not meant; else the one that fails deepest inside the value, and in fewest
  // places.
  const auto rank = [](auto from, auto to) {
    const bool is_other = std::any_of(from, to, [](const Entry& e) { return e.violation.keyword == "const"; });
    return std::tuple(!is_other, from->order.size(), -std::distance(from, to));
  };
  if (begin == mid || mid == entries_.end()) return entries_.size();
  if (rank(mid, entries_.end()) > rank(begin, mid)) {
    entries_.erase(begin, mid);
  } else {
    entries_.erase(mid, entries_.end());
  }
  return entries_.size();
}

std::vector<Violation> Report::take() {
  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) { return a.order < b.order; });
  std::vector<Violation> out;
  for (auto& entry : entries_) {
    const auto is_same = [&](const Violation& said) {
      return said.pointer == entry.violation.pointer && said.keyword == entry.violation.keyword &&
             said.message == entry.violation.message;
    };
    if (out.size() == kMaxViolations) break;
    if (std::none_of(out.begin(), out.end(), is_same)) out.push_back(std::move(entry.violation));
  }
  entries_.clear();
  return out;
}

}  // namespace toolrack::registry::schema
