/// The one shape of a failure in HTTP: {"error":{"code","message","type","resolution_hint",...},"request_id"}.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "transports/net/http.hpp"

namespace toolrack::net {

/// `retry_after` (whole seconds, rounded up) and `details` are there when the error carries them.
std::string error_body(const base::Error& error, std::string_view request_id);

/// The value of a Retry-After header for `error`: whole seconds, rounded up; empty when it carries none.
class RetryAfter {
 public:
  explicit RetryAfter(const base::Error& error) noexcept;
  std::string_view seconds() const noexcept { return {digits_.data(), size_}; }

 private:
  std::array<char, 20> digits_{};
  std::size_t size_ = 0;
};

/// Answers with the status of the error's row, `error_body`, and a Retry-After header where the error carries one.
void respond_error(Exchange& exchange, const base::Error& error, std::span<const HeaderField> headers = {});

}  // namespace toolrack::net
