/// What was called, by whom, how it ended and what it cost.
///
/// Every call leaves one record. Records of free calls are gathered per loop and written in batches (at most 200 ms
/// later); a priced call's record is part of the commit that the reply waits for. Days are summed up per account, tool
/// and skill.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/money.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::accounts {

struct UsageRecord {
  std::string_view request_id, account, key_id, owner, tool, version, skill, transport, backend;
  std::string_view error_code;  ///< Empty: success.
  std::string_view root_id;     ///< Of a call that a skill made: request id of the first call of all. Else empty.
  std::int64_t started_unix_ns = 0, latency_ns = 0;
  base::Money raw_cost, cost;
  bool byok = false;
};

struct UsageRow {  ///< A summary line.
  std::string owner, tool, skill;
  std::uint64_t calls = 0, errors = 0;
  base::Money raw_cost, cost;
  std::int64_t total_latency_ns = 0;
};

/// Whole days in UTC: today, the last 7 or 30 including today, or everything.
enum class Period : std::uint8_t { kDay, kWeek, kMonth, kAll };

/// `store`, `loops` and `clock` outlive it. While the store fails, records of free calls are kept (up to 16 MiB) and
/// written when it takes commits again.
class Usage {
 public:
  Usage(store::Store& store, base::Loops& loops, const base::Clock& clock);
  ~Usage();  ///< Writes what is gathered.

  /// A free call, on `loop`'s thread; copies what it needs; never waits, never allocates in the steady state.
  void record(base::Loop& loop, const UsageRecord& record);
  /// A priced call: `done` runs on `loop` when the record is durable (or with kStoreFailed).
  void record_durably(base::Loop& loop, const UsageRecord& record, std::function<void(base::Result<void>)> done);
  /// Adds what writes the record of a priced call to a commit of somebody else, who has it written once; any thread.
  void add_to(store::Commit& commit, const UsageRecord& record);
  /// Hands everything gathered on every loop to the store and waits; not on a loop.
  base::Result<void> flush();
  /// Records that were given up because the store failed for too long; any thread.
  std::uint64_t lost() const;

  /// Sums of one account, biggest cost first, then calls; includes what is not flushed yet. Not on a loop.
  base::Result<std::vector<UsageRow>> summary(std::string_view account, Period period);
  /// The newest records first (by when the call ended; under load, to within the 200 ms of a batch), as JSON objects:
  /// {request_id, root_request_id, started_at, tool, owner, version, skill, backend, transport, key_id, status,
  /// error_code, latency_ms, cost, raw_cost, byok}. `limit` is held to 1–500; `cursor` from the last page or empty,
  /// else kInvalidRequest. Not on a loop.
  struct Page {
    std::vector<std::string> records_json;
    std::string next_cursor;
  };
  base::Result<Page> history(std::string_view account, std::size_t limit, std::string_view cursor);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // Shared with timers and commits on their way.
};

}  // namespace toolrack::accounts
