/// Counters, gauges and histograms, rendered in Prometheus' text form here and sent by OTLP elsewhere
/// (services/telemetry).
///
/// Writing costs an addition on a cache line that no other thread writes: the first threads have a shard of their own,
/// where not even locked arithmetic is needed, and those beyond share one. So metrics may stand on the call path. Label
/// values come from our own tables, never from a client (cardinality). Threads: all functions from any thread. Names:
/// `toolrack_` + base units, `_total` for counters. What OpenTelemetry has named keeps that name, with its dots, in the
/// registry; Prometheus sees it in its own spelling.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.hpp"

namespace toolrack::base {

inline constexpr std::size_t kMetricShards = 16;

/// Where a thread counts, in every metric the same.
struct MetricShard {
  enum class Kind : std::uint8_t { kNotTaken, kOwn, kShared };
  Kind kind = Kind::kNotTaken;
  std::uint8_t index = kMetricShards - 1;

  static const MetricShard& of_this_thread() noexcept {
    if (mine_.kind == Kind::kNotTaken) [[unlikely]]
      take();
    return mine_;
  }
  /// `value` is of this shard.
  void add(std::atomic<std::uint64_t>& value, std::uint64_t n) const noexcept {
    if (kind == Kind::kOwn) [[likely]]
      value.store(value.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    else
      value.fetch_add(n, std::memory_order_relaxed);
  }

 private:
  class Lease;
  /// Until the thread ends; then another one may have it.
  static void take() noexcept;
  static constinit thread_local MetricShard mine_;
};
constinit inline thread_local MetricShard MetricShard::mine_{};

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    const auto& shard = MetricShard::of_this_thread();
    shard.add(shards_[shard.index].value, n);
  }
  std::uint64_t value() const noexcept;

 private:
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Shard, kMetricShards> shards_;
};

class Gauge {
 public:
  void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t n) noexcept { value_.fetch_add(n, std::memory_order_relaxed); }
  std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

/// Durations in fixed buckets from 10 µs to 300 s (those of the OpenTelemetry conventions for MCP and finer ones
/// below).
class Histogram {
 public:
  static std::span<const std::int64_t> bounds_ns() noexcept;
  /// The first of them that the conventions have: 10 ms.
  static constexpr std::size_t kFirstConventional = 9;
  void observe_ns(std::int64_t duration_ns) noexcept;
  std::uint64_t count() const noexcept;
  /// Cumulative counts per bound, then the total; and the sum in nanoseconds.
  std::pair<std::vector<std::uint64_t>, std::uint64_t> read() const;

 private:
  static constexpr std::size_t kBuckets = 24;
  struct alignas(64) Shard {
    std::array<std::atomic<std::uint64_t>, kBuckets> counts{};
    std::atomic<std::uint64_t> sum_ns{0};
  };
  std::array<Shard, kMetricShards> shards_;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

/// What is shown of a histogram's buckets.
enum class Buckets : std::uint8_t {
  kAll,
  kConventional,  ///< Those of the OpenTelemetry conventions for MCP, from 10 ms on.
};

/// One metric as it stands now, for who sends it on. The views hold while the visitor runs.
struct MetricSample {
  enum class Kind : std::uint8_t { kCounter, kGauge, kHistogram };
  std::string_view name, help;
  const Labels* labels = nullptr;
  Kind kind = Kind::kCounter;
  std::int64_t value = 0;                     ///< Of counters and gauges.
  std::span<const std::int64_t> bounds_ns;    ///< Of a histogram.
  std::span<const std::uint64_t> cumulative;  ///< One more than bounds: the last is the count.
  std::uint64_t sum_ns = 0;
};

/// Owns the metrics; references stay valid for its life. Asking twice for the same name and labels gives the same one.
class Metrics {
 public:
  Counter& counter(std::string name, std::string help, Labels labels = {});
  Gauge& gauge(std::string name, std::string help, Labels labels = {});
  Histogram& histogram(std::string name, std::string help, Labels labels = {}, Buckets shown = Buckets::kAll);
  /// Prometheus exposition format 0.0.4, ordered by name and labels. A histogram with a dotted name (its unit is
  /// seconds) gets `_seconds`, dots become underscores.
  std::string render() const;
  /// Each of them, in that order: those of one name follow one another. The visitor must not ask for metrics.
  void visit(const std::function<void(const MetricSample&)>& visitor) const;

 private:
  struct Entry;
  Entry& find_or_make(std::string name, std::string help, Labels labels, MetricSample::Kind kind) TR_REQUIRES(mutex_);
  mutable Mutex mutex_;
  std::vector<std::unique_ptr<Entry>> entries_ TR_GUARDED_BY(mutex_);

 public:
  Metrics();
  ~Metrics();
};

}  // namespace toolrack::base
