/// What is owed to a job's webhook, from the job's end until it is taken or given up.
///
/// Collections: `job_webhooks` (a delivery, by job) and `job_webhooks_due` (those that are still owed, by time). The
/// first record is written in the commit that ends the job, so that neither is there without the other.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "call/jobs/job.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

struct WebhookDelivery {
  enum class State : std::uint8_t { kPending, kDelivered, kFailed };
  State state = State::kPending;
  std::uint32_t attempts = 0;
  std::int64_t due_ns = 0;    ///< Unix; of the next attempt, while pending.
  std::int64_t ended_ns = 0;  ///< Unix; 0: not yet.
  std::string last_error;     ///< Of the last attempt that failed.
};

/// {url, status, attempts, last_error?, next_attempt_at?, delivered_at?}. Null: the job has not ended.
std::string webhook_json(const Job& job, const WebhookDelivery* delivery);

/// How long after `attempts` attempts the next one is made, about: seconds first, hours in the end, over about a day.
/// `random` is any number, for the jitter. Nothing: that was the last one.
std::optional<std::chrono::nanoseconds> pause_after(std::uint32_t attempts, std::uint32_t random) noexcept;

/// Adds to the commit that ends `job` what is owed to its webhook; nothing for a job without one.
void owe_webhook(store::Commit& commit, const Job& job);
/// Adds to the commit that removes a job what removes its delivery.
void forget_webhook(store::Commit& commit, std::string_view job_id);

/// Threads: any; waits for the store.
class WebhookStore {
 public:
  explicit WebhookStore(store::Store& store) : store_(store) {}  ///< Which outlives it.

  /// Null when nothing was ever owed.
  base::Result<std::optional<WebhookDelivery>> find(std::string_view job_id);

  struct Due {
    std::string key;  ///< Of its document in `job_webhooks_due`.
    std::string job_id, account;
  };
  struct DueList {
    std::vector<Due> due;
    std::int64_t next_ns = 0;  ///< When the first of the others is due; 0: there is none.
  };
  /// The first of those that are due and that `wants` says true to; stops when it has `limit`.
  base::Result<DueList> due(std::int64_t now_unix_ns, std::size_t limit, const std::function<bool(const Due&)>& wants);

  /// What an attempt came to, which `delivery.attempts` counts already; durable when it returns.
  base::Result<void> record(const Due& attempted, const WebhookDelivery& delivery);
  /// False for a row that was read before an attempt was recorded: what was due then has been attempted since.
  static bool is_current(const Due& due, const WebhookDelivery& delivery);
  /// For one whose job is forgotten, and for what is no longer due.
  base::Result<void> drop(const Due& due);

 private:
  store::Store& store_;
};

}  // namespace toolrack::call::jobs
