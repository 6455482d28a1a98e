/// toolrack.clock/1: time and chance.
#include <fmt/format.h>
#include <openssl/rand.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <memory>
#include <string>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "services/recorder/recording.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

using services::recorder::Recording;

/// Waits on the call's loop.
class TimerOperation final : public Operation {
 public:
  TimerOperation(NativeCall& call, OperationMap& map, tr_done done, void* user, std::chrono::nanoseconds delay,
                 std::shared_ptr<Recording> recording)
      : Operation(call, map, done, user), delay_(delay), recording_(std::move(recording)) {}

  bool holds_question() const noexcept override { return false; }

  /// Any thread.
  void begin() {
    if (call().loop().is_current()) return run_timer();
    boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] { self->run_timer(); });
  }

 private:
  void run_timer() {
    if (has_ended()) return;
    if (recording_ != nullptr && !begin_recorded()) return;
    timer_.emplace(call().loop().context(), delay_);
    timer_->async_wait([self = boost::intrusive_ptr(this)](const boost::system::error_code& error) {
      if (error) return;
      if (self->recording_ != nullptr) self->recording_->end(self->number_, "{}");
      self->end({});
    });
  }

  /// False: the record has its end, and its own time. A timer that was stopped when it was recorded waits for that.
  bool begin_recorded() {
    const auto number = recording_->begin("clock.after", fmt::format("{{\"delay_ns\":{}}}", delay_.count()));
    if (!number) {
      end(OperationResult::from(number.error()));
      return false;
    }
    number_ = *number;
    if (!recording_->is_answered(number_)) return true;
    if (recording_->find(number_).ended != 0) {
      recording_->deliver_in_turn(call().loop(), number_, [self = boost::intrusive_ptr(this)] { self->end({}); });
    }
    return false;
  }

  void on_cancel() override {
    if (timer_) timer_->cancel();
    Operation::on_cancel();
  }

  const std::chrono::nanoseconds delay_;
  const std::shared_ptr<Recording> recording_;      // Null: nothing is recorded.
  Recording::Number number_ = 0;                    // Of the loop's thread.
  std::optional<boost::asio::steady_timer> timer_;  // Of the loop's thread.
};

const base::Clock& clock_of(const tr_host* host) noexcept { return *Instance::of(host).runtime().environment().clock; }

bool has_recordings(const tr_host* host) noexcept {
  return Instance::of(host).runtime().recorded_calls.load(std::memory_order_relaxed) != 0;
}

/// What `read` says, by way of the call's recording. Numbers are counted from `zero`.
std::int64_t read_recorded(Recording& recording, std::string_view service, std::int64_t zero,
                           const std::function<std::int64_t()>& read) {
  const auto reply = recording.exchange(service, "{}", [&] { return fmt::format("{{\"ns\":{}}}", read() - zero); });
  const auto parsed = base::json::parse(reply);
  const auto number = parsed ? base::json::find_int(*parsed, "ns") : std::nullopt;
  return number ? zero + *number : read();
}

std::int64_t unix_ns(const tr_host* host, tr_call behalf) noexcept {
  const auto read = [host] { return clock_of(host).unix_ns(); };
  if (!has_recordings(host)) [[likely]]
    return read();
  const auto recording = find_recording(host, behalf);
  return recording == nullptr ? read() : read_recorded(*recording, "clock.unix_ns", 0, read);
}

/// Counted from the call's deadline: the time that is left is the same in a replay, on any machine.
std::int64_t monotonic_ns(const tr_host* host, tr_call behalf) noexcept {
  const auto read = [host] { return clock_of(host).monotonic_ns(); };
  if (!has_recordings(host)) [[likely]]
    return read();
  const auto recording = find_recording(host, behalf);
  if (recording == nullptr) return read();
  const auto target = Instance::of(host).find(behalf, "monotonic_ns");
  return target ? read_recorded(*recording, "clock.monotonic_ns", target.call->deadline_ns(), read) : read();
}

void fill_random(void* out, std::size_t size) noexcept {
  auto* at = static_cast<unsigned char*>(out);
  while (size > 0) {
    const auto step = static_cast<int>(std::min<std::size_t>(size, 1 << 20));
    // OpenSSL's generator is seeded by the kernel and fails only when the machine has no entropy at all.
    if (RAND_bytes(at, step) != 1) std::abort();
    at += step;
    size -= static_cast<std::size_t>(step);
  }
}

void random(const tr_host* host, tr_call behalf, void* out, std::size_t size) noexcept {
  if (!has_recordings(host)) [[likely]]
    return fill_random(out, size);
  const auto recording = find_recording(host, behalf);
  if (recording == nullptr) return fill_random(out, size);
  const auto reply = recording->exchange("clock.random", fmt::format("{{\"bytes\":{}}}", size), [&] {
    std::string bytes(size, '\0');
    fill_random(bytes.data(), size);
    return fmt::format("{{\"base64\":\"{}\"}}", base::to_base64(bytes));
  });
  const auto parsed = base::json::parse(reply, {.max_bytes = 256 << 20});
  const auto text = parsed ? base::json::find_string(*parsed, "base64") : std::nullopt;
  const auto bytes = text ? base::from_base64(*text) : base::Result<std::string>(std::string());
  if (!bytes || bytes->size() != size) return fill_random(out, size);
  std::memcpy(out, bytes->data(), size);
}

tr_op after(const tr_host* host, tr_call behalf, std::int64_t delay_ns, tr_done done, void* user) noexcept {
  // Bounded, so that adding it to the time of day never overflows.
  constexpr std::int64_t kLongest = std::int64_t{365} * 24 * 3600 * 1'000'000'000;
  const std::chrono::nanoseconds delay(std::clamp<std::int64_t>(delay_ns, 0, kLongest));
  return start_operation<TimerOperation>(
      host, behalf, "after", done, user, [](TimerOperation& operation) { operation.begin(); }, delay,
      find_recording(host, behalf));
}

}  // namespace

const tr_clock_api& clock_service() noexcept {
  static constexpr tr_clock_api kTable{sizeof(tr_clock_api), unix_ns, monotonic_ns, random, after};
  return kTable;
}

}  // namespace toolrack::sources::native
