/// What a call asked of its host, and what it was told: kept while it runs, or given again without asking anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "base/result.hpp"

namespace toolrack::services::recorder {

/// One operation of a call. Its identity is service, request, and how many of the same came before it.
struct Operation {
  std::string service;      ///< "http.send", "clock.unix_ns".
  std::string request;      ///< A JSON object, canonical.
  std::string reply;        ///< A JSON object; empty: nothing was said before the call ended or took the question back.
  std::uint32_t ended = 0;  ///< Its place among the ends, from 1; 0: it has no end of its own.
};

/// Of one call, which carries a pointer to it; null there: nothing is recorded. Outlives the call; what may end later
/// than that takes a `share`. Any thread.
class Recording : public std::enable_shared_from_this<Recording> {
 public:
  using Number = std::size_t;  ///< Of an operation, in the order in which they began.
  /// What is more than that makes a recording overfull.
  struct Bounds {
    std::size_t operations = 100'000;
    std::size_t bytes = 128 << 20;
  };

  /// Takes down what comes.
  Recording() = default;
  /// Answers from these operations.
  explicit Recording(std::vector<Operation> operations);
  /// Goes on with a call that was suspended: answers from these operations what they have an end of, lets the rest
  /// happen, and takes that down. What is not among them happens only after all of them that have ended were asked for;
  /// before that the run has diverged.
  Recording(std::vector<Operation> earlier, Bounds bounds);

  /// Everything comes from the record: nothing is asked of anybody.
  bool is_replay() const noexcept { return kind_ == Kind::kReplay; }
  /// The call may be suspended and run again.
  bool is_resumable() const noexcept { return kind_ == Kind::kResume; }
  /// Keeps it while somebody may still `end` an operation. One that lives elsewhere than in a shared_ptr is not kept.
  std::shared_ptr<Recording> share();

  /// Whether `begin` with the same would be answered from the record, or refused.
  bool has_answer(std::string_view service, std::string_view request) const;
  /// Of what has just begun: the record has its end.
  bool is_answered(Number number) const;

  /// An operation begins. While recording it always has a number. In a replay it is the first of the same that was not
  /// asked for yet; without one the run has diverged: kInvalidRequest ("replay_diverged") names the operation and
  /// what differs from the one most like it, and `divergences` keeps it.
  base::Result<Number> begin(std::string_view service, std::string request);
  /// What came of one that was not answered from the record. `has_ended` false: it was taken back; what was said until
  /// then is in `reply`.
  void end(Number number, std::string reply, bool has_ended = true);
  /// Replay: a copy of what was said.
  Operation find(Number number) const;
  /// Replay: runs `deliver` on `loop`, never from here. Of several that wait the one comes first that ended first.
  void deliver_in_turn(base::Loop& loop, Number number, std::function<void()> deliver);

  /// Both in one, for what is answered at once: recording asks `tell`, a replay does not. A replay that has nothing
  /// asks, too, and notes it.
  std::string exchange(std::string_view service, std::string request, const std::function<std::string()>& tell);

  std::vector<Operation> operations() const;
  /// More was asked than its bounds allow: it is of no use.
  bool is_overfull() const;
  /// Replay: operations that are not in the record, one text each.
  std::vector<std::string> divergences() const;
  /// Replay: what the record has and nobody asked for, one line each.
  std::vector<std::string> left_over() const;

 private:
  struct Waiting {
    Number number = 0;
    std::function<void()> deliver;
  };
  std::string describe_divergence(std::string_view service, const std::string& request) const TR_REQUIRES(mutex_);
  void deliver_next();

  enum class Kind : unsigned char { kRecord, kReplay, kResume };
  std::size_t find_unused(std::string_view service, std::string_view request) const TR_REQUIRES(mutex_);
  bool has_unused_end() const TR_REQUIRES(mutex_);
  const Kind kind_ = Kind::kRecord;
  const Bounds bounds_{};
  mutable base::Mutex mutex_;
  std::vector<Operation> operations_ TR_GUARDED_BY(mutex_);
  std::vector<bool> used_ TR_GUARDED_BY(mutex_);  // Of the operations that it was made from.
  std::vector<Waiting> waiting_ TR_GUARDED_BY(mutex_);
  std::vector<std::string> divergences_ TR_GUARDED_BY(mutex_);
  std::uint32_t last_end_ TR_GUARDED_BY(mutex_) = 0;
  std::size_t bytes_ TR_GUARDED_BY(mutex_) = 0;
  bool is_overfull_ TR_GUARDED_BY(mutex_) = false;
};

/// For people: a line for each member in which two JSON values differ, recorded and asked, by JSON Pointer. Strings
/// that are JSON objects or arrays themselves are compared by member, too. Empty: they are equal.
std::vector<std::string> list_differences(std::string_view recorded, std::string_view asked);

}  // namespace toolrack::services::recorder
