/// Calls that wait for answers while nothing of them runs: what they asked of their host until their question, and what
/// was told (docs/questions.md).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/money.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"
#include "base/seal.hpp"
#include "call/call.hpp"
#include "call/questions/steps.hpp"
#include "registry/questions.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::call {

/// Of the whole record of a call, its questions included.
inline constexpr std::size_t kMaxSuspendedBytes = 1 << 20;

struct SuspendedCall {
  /// What the next request must be the same in: account, key, method, tool, skill and input.
  base::Sha256 binding{};
  std::string account;
  std::string call_id;      ///< Of the first request, and of all that follow.
  std::string tool, skill;  ///< "owner/slug@version": a call stays on it.
  std::uint32_t run = 0;    ///< How often it has run.
  std::uint32_t kinds = 0;  ///< What it was told that its caller can be asked: the same in every run.
  std::string backend;      ///< The one that served it; empty: it has none.
  std::uint32_t attempt = 0;
  struct Attempt {
    std::string backend, error, message;
    std::int64_t took_ns = 0;
  };
  std::vector<Attempt> attempts;  ///< That failed before that.
  std::vector<services::recorder::Operation> operations;
  std::vector<registry::Question> open;
  Steps steps;
  // What its skill has called until now.
  NestedUse nested;
  base::Money nested_committed;
  std::uint64_t nested_started = 0;
  std::int64_t expires_ns = 0;  ///< Monotonic; by the table.

  std::size_t bytes() const noexcept;
};

/// The questions service under which a record keeps what was asked and answered.
inline constexpr std::string_view kAskService = "ask";

/// Puts answers, in MCP's words and by key, into the record; what answers nothing that is open is left alone.
/// kInvalidRequest ("invalid_answer") names the first that cannot be used, and nothing has changed then.
base::Result<void> take_answers(SuspendedCall& call, const base::json::Value& answers);

/// Threads: any. Memory only, and bounded: who suspends more than that loses the oldest of its own.
class SuspendedCalls {
 public:
  static constexpr std::int64_t kLifetimeNs = std::int64_t{15} * 60 * 1'000'000'000;
  static constexpr std::size_t kMostOfAccount = 64;
  static constexpr std::size_t kMostBytes = 64 << 20;

  /// `key` seals what clients are given.
  SuspendedCalls(const base::Seal::Key& key, const base::Clock& clock)
      : seal_(key, "toolrack suspended call 1"), clock_(clock) {}

  /// The state that takes it out again. kUnavailable: too much waits already.
  base::Result<std::string> keep(std::unique_ptr<SuspendedCall> call);
  /// Once: who takes it runs it, and nobody else does. kInvalidRequest ("invalid_request_state"): the state is not
  /// ours, was changed, has expired, is in use, or belongs to another caller or another request.
  base::Result<std::unique_ptr<SuspendedCall>> take(std::string_view state, const base::Sha256& binding);
  /// Of one that was taken and not run: under its old state.
  void put_back(std::string_view state, std::unique_ptr<SuspendedCall> call);

  std::size_t count() const;

 private:
  using Id = std::array<char, 16>;
  void drop_expired() TR_REQUIRES(mutex_);
  void make_room(const std::string& account) TR_REQUIRES(mutex_);

  const base::Seal seal_;
  const base::Clock& clock_;
  mutable base::Mutex mutex_;
  std::map<Id, std::unique_ptr<SuspendedCall>> calls_ TR_GUARDED_BY(mutex_);
  std::size_t bytes_ TR_GUARDED_BY(mutex_) = 0;
};

}  // namespace toolrack::call
