/// The attributes of a span, put together where it ends.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "services/telemetry/span.hpp"

namespace toolrack::services::telemetry {

/// Texts are borrowed until the span was recorded. Needs no memory but its own.
class AttributeList {
 public:
  /// More than any of our spans has.
  static constexpr std::size_t kMost = 32;

  /// An empty text is left out.
  void add(std::string_view key, std::string_view text) {
    if (!text.empty()) put({key, text});
  }
  void add(std::string_view key, std::int64_t number) { put({key, number}); }

  std::span<const Attribute> view() const noexcept { return {all_.data(), count_}; }

 private:
  void put(const Attribute& attribute) {
    assert(count_ < kMost);
    all_[count_++] = attribute;
  }
  std::array<Attribute, kMost> all_;
  std::size_t count_ = 0;
};

}  // namespace toolrack::services::telemetry
