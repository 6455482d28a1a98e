/// X-RateLimit-Limit, -Remaining and -Reset of the tightest window, as header fields.
#pragma once

#include <array>
#include <charconv>
#include <optional>
#include <span>

#include "accounts/limits.hpp"
#include "accounts/principal.hpp"
#include "base/clock.hpp"
#include "transports/net/headers.hpp"

namespace toolrack::rest {

/// Of a caller's key now; nothing for a caller without limits.
inline std::optional<accounts::LimitState> limit_state(const accounts::Principal& principal, const base::Clock& clock) {
  if (!principal.limits) return std::nullopt;
  return principal.limits->state(clock.monotonic_ns());
}

/// Holds the digits that its fields point to; no allocation. No fields for a caller without limits.
class RateHeaders {
 public:
  explicit RateHeaders(const std::optional<accounts::LimitState>& state) noexcept {
    if (!state) return;
    fields_[0] = {"X-RateLimit-Limit", digits(0, state->limit)};
    fields_[1] = {"X-RateLimit-Remaining", digits(1, state->remaining)};
    fields_[2] = {"X-RateLimit-Reset", digits(2, state->reset_seconds)};
    count_ = 3;
  }
  RateHeaders(const RateHeaders&) = delete;
  RateHeaders& operator=(const RateHeaders&) = delete;

  std::span<const net::HeaderField> fields() const noexcept { return {fields_.data(), count_}; }

 private:
  std::string_view digits(std::size_t slot, std::int64_t number) noexcept {
    auto& buffer = buffers_[slot];
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
  }

  std::array<std::array<char, 21>, 3> buffers_;
  std::array<net::HeaderField, 3> fields_;
  std::size_t count_ = 0;
};

}  // namespace toolrack::rest
