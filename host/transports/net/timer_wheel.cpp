#include "transports/net/timer_wheel.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::net {

void TimerWheel::Entry::unlink() noexcept {
  if (wheel_ == nullptr) return;
  *link_ = next_;
  if (next_ != nullptr) next_->link_ = link_;
  --wheel_->linked_;
  wheel_ = nullptr;
}

TimerWheel::TimerWheel(boost::asio::io_context& context, std::chrono::nanoseconds tick, const base::Clock& clock)
    : clock_(clock), tick_ns_(tick.count()), timer_(context) {}

void TimerWheel::set(Entry& entry, std::int64_t deadline_ns) {
  entry.deadline_ns_ = deadline_ns;
  if (deadline_ns == kNever || is_stopped_) return;
  if (entry.wheel_ != nullptr) {
    if (entry.due_ns_ <= deadline_ns) return;
    entry.unlink();
  }
  // An idle wheel has slept; nothing was due meanwhile.
  if (linked_ == 0) turn_ = std::max(turn_, clock_.monotonic_ns() / tick_ns_);
  link(entry);
  if (!is_armed_) wake_after(std::chrono::nanoseconds(tick_ns_));
}

void TimerWheel::link(Entry& entry) {
  const auto last = turn_ + static_cast<std::int64_t>(kSlots) - 1;
  const auto wanted = entry.deadline_ns_ / tick_ns_ + 1;
  const auto turn = std::clamp(wanted, turn_ + 1, last);
  auto*& head = slots_[static_cast<std::size_t>(turn) % kSlots];
  entry.wheel_ = this;
  entry.due_ns_ = turn * tick_ns_;
  entry.next_ = head;
  entry.link_ = &head;
  if (head != nullptr) head->link_ = &entry.next_;
  head = &entry;
  ++linked_;
}

void TimerWheel::wake_after(std::chrono::nanoseconds pause) {
  if (is_stopped_) return;
  is_armed_ = true;
  timer_.expires_after(pause);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_timer();
  });
}

/// It counts as armed while it serves, so that what is set meanwhile leaves the choice of the next time here.
void TimerWheel::on_timer() {
  if (is_stopped_) return;
  const auto now = clock_.monotonic_ns();
  // After a long pause one round over all slots finds everything.
  turn_ = std::max(turn_, now / tick_ns_ - static_cast<std::int64_t>(kSlots));
  auto left = kCallsInARow;
  while (serve_due(now, left)) {
    if (turn_ >= now / tick_ns_) {
      if (linked_ > 0) return wake_after(std::chrono::nanoseconds(tick_ns_));
      is_armed_ = false;
      return;
    }
    take_slot(++turn_);
  }
  wake_after(kPause);
}

void TimerWheel::take_slot(std::int64_t turn) {
  // Taken out of the slot first: entries that go back into it belong to a later round.
  auto*& slot = slots_[static_cast<std::size_t>(turn) % kSlots];
  due_ = std::exchange(slot, nullptr);
  if (due_ != nullptr) due_->link_ = &due_;
}

bool TimerWheel::serve_due(std::int64_t now_ns, std::size_t& left) {
  while (due_ != nullptr) {
    auto& entry = *due_;
    if (entry.deadline_ns_ != kNever && entry.deadline_ns_ <= now_ns && left == 0) return false;
    entry.unlink();
    if (entry.deadline_ns_ == kNever) continue;
    if (entry.deadline_ns_ > now_ns) {
      link(entry);
      continue;
    }
    --left;
    entry.deadline_ns_ = kNever;
    entry.on_deadline(now_ns);
  }
  return true;
}

void TimerWheel::stop() {
  is_stopped_ = true;
  timer_.cancel();
}

}  // namespace toolrack::net
