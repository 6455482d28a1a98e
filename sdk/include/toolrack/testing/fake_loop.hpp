/// The clock and the order of events of a FakeHost: one thread, fake time, seeded chance.
#pragma once

#include <toolrack/abi.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// Runs one event at a time, never from inside another one (except wait()). Of the events that are due, chance picks
/// the next, as a real host may; the same seed picks the same ones. When none is due, time jumps to the earliest.
class FakeLoop {
 public:
  explicit FakeLoop(std::uint64_t seed) : random_(seed) {}

  struct Event {
    std::int64_t due_ns;
    tr_call strand;  // The call whose frame it is, 0: background work of the plugin; kPool.
    tr_op op;        // 0: none.
    std::function<void()> run;
  };

  static constexpr tr_call kPool = ~tr_call{0};

  std::int64_t now_ns() const noexcept { return now_ns_; }
  std::uint64_t chance() { return random_(); }
  /// Whether only background work is left, which may go on for ever.
  bool is_idle() const noexcept {
    return std::all_of(events_.begin(), events_.end(), [](const Event& event) { return event.strand == 0; });
  }

  void at(std::int64_t due_ns, tr_call strand, tr_op op, std::function<void()> run) {
    events_.push_back(Event{std::max(due_ns, now_ns_), strand, op, std::move(run)});
  }
  /// The operation's event comes now instead of later.
  void hurry(tr_op op) noexcept {
    for (Event& event : events_) {
      if (event.op == op) event.due_ns = now_ns_;
    }
  }
  /// Runs one event, of that call only if one is named. False: there is none.
  bool step(std::optional<tr_call> only = std::nullopt) {
    const auto fits = [&](const Event& event) { return !only || event.strand == *only; };
    std::optional<std::int64_t> earliest;
    for (const Event& event : events_) {
      if (fits(event) && (!earliest || event.due_ns < *earliest)) earliest = event.due_ns;
    }
    if (!earliest) return false;
    now_ns_ = std::max(now_ns_, *earliest);
    std::vector<std::size_t> ready;
    for (std::size_t i = 0; i < events_.size(); ++i) {
      if (fits(events_[i]) && events_[i].due_ns <= now_ns_) ready.push_back(i);
    }
    const std::size_t pick = ready[static_cast<std::size_t>(chance() % ready.size())];
    const Event event = std::move(events_[pick]);
    events_.erase(events_.begin() + static_cast<std::ptrdiff_t>(pick));
    event.run();
    return true;
  }
  /// Runs everything that is due within `delay`, then stands that much later.
  void advance(std::int64_t delay_ns) {
    const std::int64_t until = now_ns_ + delay_ns;
    while (std::any_of(events_.begin(), events_.end(), [&](const Event& event) { return event.due_ns <= until; }))
      step();
    now_ns_ = std::max(now_ns_, until);
  }

 private:
  std::int64_t now_ns_ = 1'000'000'000;
  std::mt19937_64 random_;
  std::vector<Event> events_;
};

}  // namespace toolrack::testing
