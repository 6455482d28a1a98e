/// What may be sent once more, and when.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "services/http/client.hpp"

namespace toolrack::services::upstream {

inline constexpr std::uint32_t kMaxAttempts = 3;
/// A longer wait is the caller's to decide: the answer goes up with its Retry-After.
inline constexpr std::chrono::milliseconds kLongestWait{10'000};

/// May the far end see the request twice without acting twice, by its method?
bool is_idempotent(std::string_view method) noexcept;

/// Seconds or a date (RFC 9110 10.2.3) from now on; at most a year. Nothing when there is
/// none, or it cannot be read.
std::optional<std::chrono::milliseconds> retry_after(const http::Response& response, std::int64_t now_unix_ns);

/// Does the answer ask for another try: 429, 502, 503, 504?
bool is_retryable_status(int status) noexcept;

/// Would another try be safe? Nothing was sent, or it may be repeated.
bool may_retry(const http::Failure& failure, bool is_repeatable) noexcept;

/// Before the attempt after `attempt` (from 0), with jitter: up to 200 ms, 400 ms, ...; `random` is any number.
std::chrono::milliseconds backoff(std::uint32_t attempt, std::uint32_t random) noexcept;

}  // namespace toolrack::services::upstream
