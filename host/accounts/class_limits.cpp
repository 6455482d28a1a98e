#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "accounts/limits.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "store/commit_rules.hpp"

namespace toolrack::accounts {
namespace {

constexpr std::string_view kCollection = "class_limits";

/// Windows of different length keep logs of their own: a long one needs entries that a short one has dropped.
std::string key_of(const registry::ClassLimit& limit, std::string_view owner) {
  auto key = fmt::format("{}/{}/{}", limit.name, limit.window.count(), owner);
  if (key.size() > store::kMaxKey) key = base::to_hex(base::as_bytes(base::sha256(key)));
  return key;
}

/// The times of the calls that still count, oldest first.
base::Result<std::vector<std::int64_t>> read_log(const std::string& json, std::int64_t now_ns, std::int64_t window_ns) {
  const auto document = TRY(base::json::parse(json));
  std::vector<std::int64_t> times;
  if (!document.IsArray()) return base::fail(base::ErrorCode::kStoreFailed, "A class limit's log is no list.");
  for (const auto& entry : document.GetArray()) {
    // A time ahead of us was written before the machine's clock was set back: it counts from now on, not for longer.
    const auto time = entry.IsInt64() ? std::min(entry.GetInt64(), now_ns) : now_ns;
    if (time > now_ns - window_ns) times.push_back(time);
  }
  std::ranges::sort(times);
  return times;
}

std::string write_log(const std::vector<std::int64_t>& times) { return fmt::format("[{}]", fmt::join(times, ",")); }

std::string duration(std::chrono::seconds window) {
  if (window.count() % 3'600 == 0) return fmt::format("{} h", window.count() / 3'600);
  if (window.count() % 60 == 0) return fmt::format("{} min", window.count() / 60);
  return fmt::format("{} s", window.count());
}

base::Error refusal(const registry::ClassLimit& limit, std::int64_t wait_ns) {
  return base::Error(
             base::ErrorCode::kRateLimited,
             fmt::format("Calls of class \"{}\" are limited to {} in {}; the next one may come in {} s.", limit.name,
                         limit.count, duration(limit.window), (wait_ns + 999'999'999) / 1'000'000'000))
      .with_retry_after(std::chrono::nanoseconds(wait_ns));
}

}  // namespace

base::Result<void> ClassLimits::enter(const registry::ClassLimit& limit, std::string_view owner) {
  const auto key = key_of(limit, owner);
  const auto window_ns = std::chrono::nanoseconds(limit.window).count();
  // Each refused commit means that another call was recorded, so this ends: at the latest when the log is full.
  for (;;) {
    const auto now_ns = clock_.unix_ns();
    const auto document = TRY(store_.get(kCollection, key));
    std::vector<std::int64_t> times;
    if (document) times = TRY(read_log(document->json, now_ns, window_ns));
    if (times.size() >= limit.count) {
      const auto opens_ns = times.empty() ? now_ns : times[times.size() - std::max(limit.count, 1u)];
      return tl::unexpected(refusal(limit, opens_ns + window_ns - now_ns));
    }
    times.push_back(now_ns);
    const auto receipt =
        TRY(store_.commit({store::ExpectVersion{std::string(kCollection), key, document ? document->version : 0},
                           store::Put{std::string(kCollection), key, write_log(times)}}));
    if (receipt.accepted()) return {};
  }
}

}  // namespace toolrack::accounts
