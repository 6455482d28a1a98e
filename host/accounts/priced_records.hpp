/// Records of priced calls on their way to the disk. A reply waits for its record.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "accounts/usage.hpp"
#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::accounts {

/// Whoever comes while a commit is under way goes with the next one, all of them in one, so a record gets cheaper as
/// the load grows and nobody waits longer than for two commits. Threads: any.
class PricedRecords {
 public:
  using Done = std::function<void(base::Result<void>)>;
  /// Owns this object, and with it what is given here; kept by commits on their way.
  using Owner = std::shared_ptr<void>;
  /// `store` outlives the owner. `next_name` makes the names of batches, in ascending order; any thread calls it.
  PricedRecords(store::Store& store, base::Pool& pool, std::function<std::string()> next_name)
      : store_(store), pool_(pool), next_name_(std::move(next_name)) {}

  /// Copies the record. `done` runs on `loop` when it is durable, or with kStoreFailed.
  void add(const Owner& owner, base::Loop& loop, const UsageRecord& record, Done done);
  /// Returns when every `done` is on its loop, which then may end. Nothing may be added meanwhile.
  void wait();

 private:
  struct Waiting {
    base::Loop* loop;
    Done done;
  };
  struct Batch {
    std::string bytes;
    std::vector<Waiting> waiting;
  };
  void submit(const Owner& owner, Batch batch);
  void finish(const Owner& owner, Batch& batch, const base::Result<store::Receipt>& result);

  store::Store& store_;
  base::Pool& pool_;
  const std::function<std::string()> next_name_;
  base::Mutex mutex_;
  Batch next_ TR_GUARDED_BY(mutex_);
  bool is_committing_ TR_GUARDED_BY(mutex_) = false;
  std::size_t unanswered_ TR_GUARDED_BY(mutex_) = 0;
  std::condition_variable all_answered_;
};

}  // namespace toolrack::accounts
