/// Usage as it lies in the store: lists of rows for the history, counters per day for the sums.
///
/// "usage_rows": one document per account and batch, {"columns":[name ...],"rows":[[value ...] ...]}, key
/// `<account>/<batch>-<part>`; batches are named in order of time, so a prefix scan backwards meets the newest first.
/// "usage_days": counters under
/// `<account>/<day>/<owner>/<tool>/<skill>/<figure>`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/usage.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::accounts {

inline constexpr std::string_view kUsageRows = "usage_rows";
inline constexpr std::string_view kUsageDays = "usage_days";

/// Adds what writes `records`, sorted by the time of their end, as batch `batch`: all that a ledger needs to make a
/// call's record part of its own commit. Refused with kExists when the batch has been written before.
void append_usage(store::Commit& commit, std::span<const UsageRecord> records, std::string_view batch);

/// A text as one part of a key, reversible by percent_decode unless it is longer than `max_bytes` once escaped.
std::string key_part(std::string_view text, std::size_t max_bytes);
/// The keys of one account start with this, in both collections.
std::string account_prefix(std::string_view account);
/// "20261121", UTC.
std::string day_of(std::int64_t unix_ns);

/// What a counter's key says.
struct DayFigure {
  std::string owner, tool, skill;
  std::string_view figure;  ///< calls, errors, raw, cost, latency; points into the key.
};
/// `key` without the account's prefix. False when it is no such key.
bool read_day_key(std::string_view key, DayFigure& out);

/// The rows of a document as the JSON objects that callers see, oldest first.
base::Result<std::vector<std::string>> read_rows(std::string_view json);

}  // namespace toolrack::accounts
