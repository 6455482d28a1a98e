/// One instance of the plugin on a test host of its own, and calls carried to their ends.
#pragma once

#include <toolrack/testing/fake_host.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lint/far_end.hpp"
#include "lint/guarded.hpp"
#include "lint/subject.hpp"

namespace toolrack::lint {

enum class Person : std::uint8_t { kAnswers, kDeclines, kDismisses };

struct RigOptions {
  std::uint64_t seed = 1;  ///< Of the order of events and the far end.
  FarEnd far_end = FarEnd::kVaries;
  Person person = Person::kAnswers;
  bool session = false;                ///< The person is there while the call runs.
  std::set<std::string> without = {};  ///< Services that are not granted.
  Sizes sizes = Sizes::kToday;         ///< Others lie in guarded memory.
};

/// The host is the one that unit tests of plugins use: one thread, fake time, a strict eye on the contract. A plugin
/// that completes calls from threads of its own is told apart (`has_own_threads`).
class Rig {
 public:
  /// Creates and starts the plugin.
  Rig(const Subject& subject, const tr_entry* entry, const RigOptions& options);
  ~Rig();  ///< `close`.
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;

  bool has_started() const noexcept { return host_ && host_->start_status() == TR_OK; }
  /// Why it did not.
  std::string refusal() const;

  /// Enters the plugin; the number of the call. `deadline`: the skill's own when not told.
  std::size_t begin(const registry::Skill& skill, const std::string& input,
                    std::optional<std::chrono::nanoseconds> deadline = std::nullopt);
  std::size_t begin(const std::string& skill, const std::string& input);
  /// One event, as the seed has it; false: none is left.
  bool step();
  void cancel(std::size_t call);
  /// On the fake clock.
  void let_pass(std::chrono::nanoseconds time) { host_->advance(time); }
  /// Carries all calls to their ends, answering questions. False when one has none: it goes on for ever, or waits for
  /// what nobody sends; `faults` says so.
  bool finish();
  const testing::Outcome& outcome(std::size_t call) const { return host_->outcome(call); }
  std::size_t events() const noexcept { return events_; }
  /// Stops and destroys the plugin. One whose call goes on for ever would never be done: it is left as it is.
  void close();

  /// Every promise that was broken so far, each once.
  const std::vector<std::string>& faults() const noexcept { return faults_; }
  bool has_own_threads() const noexcept { return has_own_threads_; }
  /// What the plugin asked people in `call`, to answer before another rig asks.
  void answer_before(const std::vector<testing::SeenQuestion>& questions);

 private:
  void answer(const testing::SeenQuestion& question);
  bool answer_open_questions();
  bool are_all_finished() const;
  void take_faults();
  void take_faults(const testing::Misbehaviour& told);
  void add_fault(std::string what);

  const Subject& subject_;
  const RigOptions options_;
  std::deque<GuardedCopy> handed_;  // What the plugin may read until it is destroyed.
  std::unique_ptr<testing::FakeHost> host_;
  std::size_t calls_ = 0, events_ = 0;
  std::set<std::string> answered_;
  std::vector<std::string> faults_;
  bool has_own_threads_ = false;
  bool is_endless_ = false, is_closed_ = false;
};

}  // namespace toolrack::lint
