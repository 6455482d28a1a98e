#include "services/upstream/retry.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace toolrack::services::upstream {

bool is_idempotent(std::string_view method) noexcept {
  constexpr std::array<std::string_view, 5> kMethods = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"};
  return std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end();
}

std::optional<std::chrono::milliseconds> retry_after(const http::Response& response, std::int64_t now_unix_ns) {
  constexpr std::int64_t kYear = 365LL * 24 * 3600;
  for (const auto& header : response.headers) {
    if (header.name != "retry-after") continue;
    std::int64_t seconds = 0;
    const auto* end = header.value.data() + header.value.size();
    const auto read = std::from_chars(header.value.data(), end, seconds);
    if (read.ec != std::errc() || read.ptr != end) {
      const auto date = curl_getdate(header.value.c_str(), nullptr);
      if (date < 0) return std::nullopt;
      seconds = static_cast<std::int64_t>(date) - now_unix_ns / 1'000'000'000;
    }
    return std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kYear));
  }
  return std::nullopt;
}

bool is_retryable_status(int status) noexcept {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

bool may_retry(const http::Failure& failure, bool is_repeatable) noexcept {
  if (failure.error.code() != base::ErrorCode::kProviderUnavailable) return false;
  return failure.sent == http::Sent::kNo || is_repeatable;
}

std::chrono::milliseconds backoff(std::uint32_t attempt, std::uint32_t random) noexcept {
  const auto most = 200U << std::min(attempt, 4U);
  return std::chrono::milliseconds(most / 4 + random % (most - most / 4));
}

}  // namespace toolrack::services::upstream
