/// Decides which work is recorded as spans, and keeps those that have ended until the exporter takes them.
///
/// Where nothing is exported, `is_on` is one load and the rest is not reached. Spans are kept as the text they are sent
/// as, in a buffer of their loop that is bounded: what does not fit is dropped and counted, and nobody waits.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/trace_context.hpp"
#include "services/telemetry/settings.hpp"
#include "services/telemetry/span.hpp"

namespace toolrack::services::telemetry {

class Tracer {
 public:
  /// Of a loop, between two exports.
  static constexpr std::size_t kMaxSpans = 4096, kMaxBytes = 4 << 20;

  /// `clock` and `metrics` outlive it. Off until `apply`.
  Tracer(std::size_t loops, const base::Clock& clock, base::Metrics& metrics);
  ~Tracer();
  Tracer(const Tracer&) = delete;
  Tracer& operator=(const Tracer&) = delete;

  /// Any thread; for work that begins from now on.
  void apply(const Settings& settings) noexcept;

  /// Any thread: are there spans at all?
  bool is_on() const noexcept { return is_on_.load(std::memory_order_relaxed); }
  /// Any thread: do requests to providers carry the trace?
  bool tells_providers() const noexcept { return tells_providers_.load(std::memory_order_relaxed); }

  /// Any thread: how much of a call's input, and of its output, spans tell (call_content.hpp); 0: nothing.
  std::size_t call_content_bytes() const noexcept { return call_content_bytes_.load(std::memory_order_relaxed); }

  /// The context of a span that begins; sampled when it is to be recorded. `parent`: of whoever asked for the work.
  base::TraceContext begin(const std::optional<base::TraceContext>& parent) const noexcept;

  /// On the loop of that index, when the work has ended.
  void record(std::size_t loop, const Span& span);

  /// `full` is called on a loop whose buffer is half full, once before the next `take`. While no loop records.
  void on_full(std::function<void()> full) { on_full_ = std::move(full); }

  /// Of all loops: spans as JSON texts with commas between, and how many there are. Any thread; empties the buffers.
  struct Batch {
    std::string spans;
    std::size_t count = 0;
  };
  std::vector<Batch> take();

 private:
  struct Buffer;
  bool is_in_ratio(const base::TraceId& trace) const noexcept;

  const base::Clock& clock_;
  base::Counter& recorded_;
  base::Counter& dropped_;
  std::vector<std::unique_ptr<Buffer>> buffers_;  // One a loop.
  std::function<void()> on_full_;

  std::atomic<bool> is_on_{false}, tells_providers_{false}, follows_callers_{true};
  std::atomic<std::size_t> call_content_bytes_{0};
  std::atomic<std::uint64_t> threshold_{0};  // Of the low 56 bits of a trace's id, from where on it is recorded.
};

}  // namespace toolrack::services::telemetry
