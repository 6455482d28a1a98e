#include "transports/mcp/event_outlet.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::mcp {

std::shared_ptr<EventOutlet> EventOutlet::open(net::Exchange& exchange, std::function<void()> gone) {
  std::shared_ptr<EventOutlet> out(new EventOutlet(exchange));
  out->gone_ = std::move(gone);
  exchange.begin(200, net::kEventStreamType, {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}});
  exchange.on_disconnect([weak = std::weak_ptr(out)] {
    if (const auto outlet = weak.lock()) outlet->close();
  });
  return out;
}

void EventOutlet::send(std::string text) {
  if (exchange_ == nullptr || is_finished_) return;
  if (is_too_far_behind()) return close();
  waiting_bytes_ += text.size();
  waiting_.push_back(std::move(text));
  pump();
}

bool EventOutlet::is_too_far_behind() const {
  if (waiting_bytes_ <= kMostWaiting) return false;
  const auto largest = std::ranges::max_element(waiting_, {}, &std::string::size);
  return waiting_bytes_ - largest->size() > kMostWaiting;
}

void EventOutlet::finish() {
  is_finished_ = true;
  pump();
}

void EventOutlet::pump() {
  if (is_blocked_ || exchange_ == nullptr) return;
  for (; !waiting_.empty(); waiting_.pop_front()) {
    const auto written = exchange_->write(waiting_.front());
    if (written == net::Written::kClosed) return close();
    if (written == net::Written::kFull) {
      is_blocked_ = true;
      return exchange_->on_writable([self = shared_from_this()] {
        self->is_blocked_ = false;
        self->pump();
      });
    }
    waiting_bytes_ -= waiting_.front().size();
  }
  if (is_finished_) std::exchange(exchange_, nullptr)->end();
}

void EventOutlet::close() {
  auto* exchange = std::exchange(exchange_, nullptr);
  if (exchange == nullptr) return;
  exchange->end();
  waiting_.clear();
  if (gone_ && !is_finished_) std::exchange(gone_, nullptr)();
}

}  // namespace toolrack::mcp
