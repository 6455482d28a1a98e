/// The calls that wait for answers, in memory and in the store: whoever brings a state back takes one, once.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/seal.hpp"
#include "call/questions/suspended_call.hpp"
#include "call/questions/suspended_documents.hpp"
#include "store/store.hpp"

namespace toolrack::call {

/// Bounded: who suspends more than that loses the oldest of its own. What the store does not take stays good for as
/// long as this lives, and a line in the log says so. Threads: any; none waits for the store but `recover`.
class SuspendedCalls {
 public:
  static constexpr std::int64_t kLifetimeNs = std::int64_t{15} * 60 * 1'000'000'000;
  static constexpr std::size_t kMostOfAccount = 64;
  static constexpr std::size_t kMostBytes = 64 << 20;

  /// `key` seals what clients are given. Clock and store outlive it.
  SuspendedCalls(const base::Seal::Key& key, const base::Clock& clock, store::Store& store)
      : seal_(key, "toolrack suspended call 2"), clock_(clock), store_(store) {}

  /// Before any call: what earlier processes have left. Returns how many wait. Not on a loop.
  base::Result<std::size_t> recover();

  /// The state that takes it out again; nobody is told it before `kept`, which is called once on the store's thread:
  /// from then on the state outlives the process, if the store took it. A call that was taken before is replaced in the
  /// same commit. kUnavailable: too much waits already.
  base::Result<std::string> keep(std::unique_ptr<SuspendedCall> call, std::function<void()> kept);
  /// Once: who takes it runs it, and nobody else does, until one of the functions below is called. kInvalidRequest
  /// ("invalid_request_state") names the state and says that it is not ours, was changed, has expired, is in use, or
  /// belongs to another caller or another request.
  base::Result<std::unique_ptr<SuspendedCall>> take(std::string_view state, const base::Sha256& binding);
  /// One that was taken is about to run what must not run twice. `noted` is called once, perhaps from inside: then no
  /// process after this one runs it again. kStoreFailed: it is not to run.
  void begin_run(const SuspendedCall::Id& id, std::function<void(base::Result<void>)> noted);
  /// One that was taken has not run: its state is good again.
  void put_back(std::unique_ptr<SuspendedCall> call);
  /// One that was taken has ended, or goes on as something else. Without effect on others.
  void finish(const SuspendedCall::Id& id);

  /// Forgets what has expired.
  void sweep();
  std::size_t count() const;  ///< Those that wait.

 private:
  struct Entry {
    SuspendedHead head;
    std::unique_ptr<SuspendedCall> call;  ///< Null: it is sealed, or taken.
    std::string sealed;                   ///< Of an earlier process, until it is taken.
    std::size_t bytes = 0;                ///< Of what waits.
    bool is_taken = false;
    std::shared_ptr<std::atomic<bool>> is_stored;  ///< False: the store has refused it. Shared with the commit.
  };
  using Entries = std::map<SuspendedCall::Id, Entry>;
  void drop_expired() TR_REQUIRES(mutex_);
  void make_room(const std::string& account, store::Commit& commit) TR_REQUIRES(mutex_);
  Entries::iterator drop(Entries::iterator entry, store::Commit& commit) TR_REQUIRES(mutex_);
  void forget(store::Commit changes);

  const base::Seal seal_;
  const base::Clock& clock_;
  store::Store& store_;
  mutable base::Mutex mutex_;  // Held while commits are handed over, so that the store gets them in their order.
  Entries entries_ TR_GUARDED_BY(mutex_);
  std::size_t bytes_ TR_GUARDED_BY(mutex_) = 0;
};

}  // namespace toolrack::call
