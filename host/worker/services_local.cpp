/// toolrack.log/1, catalog/1, clock/1 and executor/1 in a worker: what needs no answer of the gateway, mostly.
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <utility>

#include "worker/plugin_frame.hpp"
#include "worker/runtime.hpp"

namespace toolrack::worker {
namespace {

/// Lines below that nobody wants.
std::uint32_t least_level(Runtime& runtime, tr_call id) {
  const auto call = id == 0 ? nullptr : runtime.find(id);
  return call != nullptr ? call->box.log_level : runtime.log_level();
}

bool is_wanted(Runtime& runtime, tr_call id, std::int32_t level) {
  return static_cast<std::uint32_t>(std::max(level, 0)) >= least_level(runtime, id);
}

void write_log(const tr_host* host, tr_call id, std::int32_t level, tr_str text, tr_str fields_json) noexcept {
  auto& runtime = Runtime::of(host);
  if (!is_wanted(runtime, id, level)) return;
  FrameWriter frame(FrameType::kLog, id);
  frame.i64(level).text(view(text)).text(view(fields_json));
  if (!frame.is_too_long()) runtime.send(*runtime.find_or_self(id), std::move(frame).take());
}

std::int32_t is_log_enabled(const tr_host* host, tr_call id, std::int32_t level) noexcept {
  return is_wanted(Runtime::of(host), id, level) ? 1 : 0;
}

void changed(const tr_host* host, tr_call id, std::uint32_t kind) noexcept {
  auto& runtime = Runtime::of(host);
  FrameWriter frame(FrameType::kListChanged, id);
  frame.u32(kind);
  runtime.send(*runtime.find_or_self(id), std::move(frame).take());
}

void resource_updated(const tr_host* host, tr_call id, tr_str uri) noexcept {
  auto& runtime = Runtime::of(host);
  FrameWriter frame(FrameType::kResourceUpdated, id);
  frame.text(view(uri));
  if (!frame.is_too_long()) runtime.send(*runtime.find_or_self(id), std::move(frame).take());
}

std::int64_t read_clock(clockid_t which) noexcept {
  timespec time{};
  ::clock_gettime(which, &time);
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

/// A call that is recorded has its time and chance from the record.
bool is_recorded(Runtime& runtime, tr_call id) {
  const auto call = id == 0 ? nullptr : runtime.find(id);
  return call != nullptr && call->box.is_recorded;
}

std::string ask(Runtime& runtime, tr_call id, Question question, std::uint32_t size) {
  FrameWriter frame(FrameType::kAsk, id);
  frame.u32(static_cast<std::uint32_t>(question)).u32(size);
  return runtime.ask(std::move(frame).take());
}

std::int64_t read_time(const tr_host* host, tr_call id, Question question, clockid_t which) noexcept {
  auto& runtime = Runtime::of(host);
  if (!is_recorded(runtime, id)) return read_clock(which);
  const auto answer = ask(runtime, id, question, 0);
  FieldReader in(answer);
  return in.i64();
}

std::int64_t unix_ns(const tr_host* host, tr_call id) noexcept {
  return read_time(host, id, Question::kUnixTime, CLOCK_REALTIME);
}

std::int64_t monotonic_ns(const tr_host* host, tr_call id) noexcept {
  return read_time(host, id, Question::kMonotonicTime, CLOCK_MONOTONIC);
}

void fill_random(void* out, std::size_t size) noexcept {
  auto* at = static_cast<char*>(out);
  while (size > 0) {
    const auto got = ::getrandom(at, std::min<std::size_t>(size, 256), 0);
    if (got <= 0) continue;
    at += got;
    size -= static_cast<std::size_t>(got);
  }
}

void random(const tr_host* host, tr_call id, void* out, std::size_t size) noexcept {
  auto& runtime = Runtime::of(host);
  constexpr std::size_t kMostRecorded = 16 << 20;
  if (!is_recorded(runtime, id) || size > kMostRecorded) return fill_random(out, size);
  const auto answer = ask(runtime, id, Question::kRandom, static_cast<std::uint32_t>(size));
  FieldReader in(answer);
  const auto bytes = in.text();
  if (bytes.size() != size) return fill_random(out, size);
  std::memcpy(out, bytes.data(), size);
}

tr_op after(const tr_host* host, tr_call id, std::int64_t delay_ns, tr_done done, void* user) noexcept {
  auto& runtime = Runtime::of(host);
  const auto operation = runtime.make_operation(id, done, user);
  auto frame = runtime.begin_operation(*operation, OperationKind::kClockAfter, id);
  frame.i64(delay_ns);
  return runtime.send_operation(operation, std::move(frame));
}

void post(const tr_host* host, tr_call id, tr_task task, void* user) noexcept {
  auto& runtime = Runtime::of(host);
  if (task == nullptr) return;
  if (runtime.find(id) == nullptr) runtime.note_misuse("post", "a call that has ended");
  runtime.push(runtime.find_or_self(id), [task, user] { may_throw(task)(user); });
}

void post_blocking(const tr_host* host, tr_call id, tr_task task, void* user) noexcept {
  auto& runtime = Runtime::of(host);
  if (task == nullptr) return;
  if (runtime.find(id) == nullptr) runtime.note_misuse("post_blocking", "a call that has ended");
  runtime.post_blocking(runtime.find_or_self(id), [task, user] { may_throw(task)(user); });
}

}  // namespace

const tr_log_api& log_table() noexcept {
  static constexpr tr_log_api kTable{sizeof(tr_log_api), write_log, is_log_enabled};
  return kTable;
}

const tr_catalog_api& catalog_table() noexcept {
  static constexpr tr_catalog_api kTable{sizeof(tr_catalog_api), changed, resource_updated};
  return kTable;
}

const tr_clock_api& clock_table() noexcept {
  static constexpr tr_clock_api kTable{sizeof(tr_clock_api), unix_ns, monotonic_ns, random, after};
  return kTable;
}

const tr_executor_api& executor_table() noexcept {
  static constexpr tr_executor_api kTable{sizeof(tr_executor_api), post, post_blocking};
  return kTable;
}

}  // namespace toolrack::worker
