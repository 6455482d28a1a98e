/// toolrack.clock/1: time and chance.
#include <openssl/rand.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

/// Waits on the call's loop.
class TimerOperation final : public Operation {
 public:
  TimerOperation(NativeCall& call, OperationMap& map, tr_done done, void* user, std::chrono::nanoseconds delay)
      : Operation(call, map, done, user), delay_(delay) {}

  /// Any thread.
  void begin() {
    if (call().loop().is_current()) return run_timer();
    boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] { self->run_timer(); });
  }

 private:
  void run_timer() {
    if (has_ended()) return;
    timer_.emplace(call().loop().context(), delay_);
    timer_->async_wait([self = boost::intrusive_ptr(this)](const boost::system::error_code& error) {
      if (!error) self->end({});
    });
  }

  void on_cancel() override {
    if (timer_) timer_->cancel();
    Operation::on_cancel();
  }

  const std::chrono::nanoseconds delay_;
  std::optional<boost::asio::steady_timer> timer_;  // Of the loop's thread.
};

const base::Clock& clock_of(const tr_host* host) noexcept { return *Instance::of(host).runtime().environment().clock; }

std::int64_t unix_ns(const tr_host* host, tr_call) noexcept { return clock_of(host).unix_ns(); }
std::int64_t monotonic_ns(const tr_host* host, tr_call) noexcept { return clock_of(host).monotonic_ns(); }

void random(const tr_host*, tr_call, void* out, std::size_t size) noexcept {
  auto* at = static_cast<unsigned char*>(out);
  while (size > 0) {
    const auto step = static_cast<int>(std::min<std::size_t>(size, 1 << 20));
    // OpenSSL's generator is seeded by the kernel and fails only when the machine has no entropy at all.
    if (RAND_bytes(at, step) != 1) std::abort();
    at += step;
    size -= static_cast<std::size_t>(step);
  }
}

tr_op after(const tr_host* host, tr_call behalf, std::int64_t delay_ns, tr_done done, void* user) noexcept {
  // Bounded, so that adding it to the time of day never overflows.
  constexpr std::int64_t kLongest = std::int64_t{365} * 24 * 3600 * 1'000'000'000;
  const std::chrono::nanoseconds delay(std::clamp<std::int64_t>(delay_ns, 0, kLongest));
  return start_operation<TimerOperation>(
      host, behalf, "after", done, user, [](TimerOperation& operation) { operation.begin(); }, delay);
}

}  // namespace

const tr_clock_api& clock_service() noexcept {
  static constexpr tr_clock_api kTable{sizeof(tr_clock_api), unix_ns, monotonic_ns, random, after};
  return kTable;
}

}  // namespace toolrack::sources::native
