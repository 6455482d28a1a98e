#include "base/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <iterator>
#include <tuple>

namespace toolrack::base {
namespace {

constexpr std::int64_t kMicrosecond = 1'000;
constexpr std::int64_t kMillisecond = 1'000'000;
constexpr std::int64_t kSecond = 1'000'000'000;

// From 10 ms on, those that OpenTelemetry's conventions for MCP name.
constexpr std::array kBounds{10 * kMicrosecond,  20 * kMicrosecond,  50 * kMicrosecond,  100 * kMicrosecond,
                             200 * kMicrosecond, 500 * kMicrosecond, 1 * kMillisecond,   2 * kMillisecond,
                             5 * kMillisecond,   10 * kMillisecond,  20 * kMillisecond,  50 * kMillisecond,
                             100 * kMillisecond, 200 * kMillisecond, 500 * kMillisecond, 1 * kSecond,
                             2 * kSecond,        5 * kSecond,        10 * kSecond,       30 * kSecond,
                             60 * kSecond,       120 * kSecond,      300 * kSecond};

using Kind = MetricSample::Kind;

static_assert(kBounds[Histogram::kFirstConventional] == 10 * kMillisecond);

std::string_view to_string(Kind kind) noexcept {
  return kind == Kind::kCounter ? "counter" : kind == Kind::kGauge ? "gauge" : "histogram";
}

/// As Prometheus has names: `mcp.server.operation.duration` is `mcp_server_operation_duration_seconds`.
std::string spelled(std::string_view name, Kind kind) {
  std::string out(name);
  const bool is_dotted = out.find('.') != std::string::npos;
  std::ranges::replace(out, '.', '_');
  if (is_dotted && kind == Kind::kHistogram) out += "_seconds";
  return out;
}

/// Nanoseconds as seconds, exactly and without an exponent.
std::string seconds(std::uint64_t ns) {
  std::string out = fmt::format("{}.{:09}", ns / kSecond, ns % kSecond);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out;
}

/// Escapes as the exposition format wants; quotes are escaped in label values only.
std::string escape(std::string_view text, bool in_quotes) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && in_quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

/// `{a="b",le="0.1"}`, or nothing; `le` is left out when empty.
std::string label_text(const Labels& labels, std::string_view le = {}) {
  std::string out;
  for (const auto& [name, value] : labels)
    fmt::format_to(std::back_inserter(out), "{}{}=\"{}\"", out.empty() ? "" : ",", spelled(name, Kind::kGauge),
                   escape(value, true));
  if (!le.empty()) fmt::format_to(std::back_inserter(out), "{}le=\"{}\"", out.empty() ? "" : ",", le);
  return out.empty() ? out : "{" + out + "}";
}

}  // namespace

namespace {

/// A bit for each shard that no thread has; the last one is for all the others.
constinit std::atomic<std::uint32_t> free_shards{(1U << (kMetricShards - 1)) - 1};

}  // namespace

/// A shard of its own, given back when the thread ends: what it has counted there is seen by the next one.
class MetricShard::Lease {
 public:
  Lease() noexcept {
    auto free = free_shards.load(std::memory_order_relaxed);
    while (free != 0 && !free_shards.compare_exchange_weak(free, free & (free - 1), std::memory_order_acquire,
                                                           std::memory_order_relaxed)) {
    }
    mine_.kind = free == 0 ? Kind::kShared : Kind::kOwn;
    if (free != 0) mine_.index = static_cast<std::uint8_t>(std::countr_zero(free));
  }
  ~Lease() {
    const auto had = mine_;
    mine_ = {.kind = Kind::kShared};  // For what this thread still counts, in other objects' destructors.
    if (had.kind == Kind::kOwn) free_shards.fetch_or(1U << had.index, std::memory_order_release);
  }
};

void MetricShard::take() noexcept { static thread_local const Lease lease; }

std::uint64_t Counter::value() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}

std::span<const std::int64_t> Histogram::bounds_ns() noexcept {
  static_assert(kBounds.size() + 1 == kBuckets, "one bucket a bound, one for all above");
  return kBounds;
}

void Histogram::observe_ns(std::int64_t duration_ns) noexcept {
  duration_ns = std::max<std::int64_t>(duration_ns, 0);
  const auto bucket = std::lower_bound(kBounds.begin(), kBounds.end(), duration_ns) - kBounds.begin();
  const auto& mine = MetricShard::of_this_thread();
  auto& shard = shards_[mine.index];
  mine.add(shard.counts[static_cast<std::size_t>(bucket)], 1);
  mine.add(shard.sum_ns, static_cast<std::uint64_t>(duration_ns));
}

std::uint64_t Histogram::count() const noexcept {
  std::uint64_t sum = 0;
  for (const auto& shard : shards_)
    for (const auto& count : shard.counts) sum += count.load(std::memory_order_relaxed);
  return sum;
}

std::pair<std::vector<std::uint64_t>, std::uint64_t> Histogram::read() const {
  std::vector<std::uint64_t> counts(kBuckets);
  std::uint64_t sum_ns = 0;
  for (const auto& shard : shards_) {
    for (std::size_t i = 0; i < kBuckets; ++i) counts[i] += shard.counts[i].load(std::memory_order_relaxed);
    sum_ns += shard.sum_ns.load(std::memory_order_relaxed);
  }
  for (std::size_t i = 1; i < kBuckets; ++i) counts[i] += counts[i - 1];
  return {std::move(counts), sum_ns};
}

/// One metric with its labels; exactly one of the three is set.
struct Metrics::Entry {
  std::string name;
  std::string help;
  Labels labels;
  Kind kind;
  Buckets shown = Buckets::kAll;
  std::unique_ptr<Counter> counter;
  std::unique_ptr<Gauge> gauge;
  std::unique_ptr<Histogram> histogram;

  void render(std::string_view spelling, std::string& out) const;
  std::size_t first_bucket() const noexcept {
    return shown == Buckets::kConventional ? Histogram::kFirstConventional : 0;
  }
};

void Metrics::Entry::render(std::string_view spelling, std::string& out) const {
  auto line = std::back_inserter(out);
  if (kind == Kind::kCounter) {
    fmt::format_to(line, "{}{} {}\n", spelling, label_text(labels), counter->value());
  } else if (kind == Kind::kGauge) {
    fmt::format_to(line, "{}{} {}\n", spelling, label_text(labels), gauge->value());
  } else {
    const auto [counts, sum_ns] = histogram->read();
    for (std::size_t i = first_bucket(); i < kBounds.size(); ++i) {
      const auto le = seconds(static_cast<std::uint64_t>(kBounds[i]));
      fmt::format_to(line, "{}_bucket{} {}\n", spelling, label_text(labels, le), counts[i]);
    }
    fmt::format_to(line, "{}_bucket{} {}\n", spelling, label_text(labels, "+Inf"), counts.back());
    fmt::format_to(line, "{}_sum{} {}\n", spelling, label_text(labels), seconds(sum_ns));
    fmt::format_to(line, "{}_count{} {}\n", spelling, label_text(labels), counts.back());
  }
}

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Entry& Metrics::find_or_make(std::string name, std::string help, Labels labels, Kind kind) {
  const auto before = [](const std::unique_ptr<Entry>& entry, const std::pair<std::string, Labels>& wanted) {
    return std::tie(entry->name, entry->labels) < std::tie(wanted.first, wanted.second);
  };
  std::pair wanted(std::move(name), std::move(labels));
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), wanted, before);
  if (at != entries_.end() && (*at)->name == wanted.first && (*at)->labels == wanted.second) {
    assert((*at)->kind == kind && "one name, one kind of metric");
    return **at;
  }
  auto entry = std::make_unique<Entry>();
  entry->name = std::move(wanted.first);
  entry->help = std::move(help);
  entry->labels = std::move(wanted.second);
  entry->kind = kind;
  if (kind == Kind::kCounter) entry->counter = std::make_unique<Counter>();
  if (kind == Kind::kGauge) entry->gauge = std::make_unique<Gauge>();
  if (kind == Kind::kHistogram) entry->histogram = std::make_unique<Histogram>();
  return **entries_.insert(at, std::move(entry));
}

Counter& Metrics::counter(std::string name, std::string help, Labels labels) {
  Lock lock(mutex_);
  return *find_or_make(std::move(name), std::move(help), std::move(labels), Kind::kCounter).counter;
}

Gauge& Metrics::gauge(std::string name, std::string help, Labels labels) {
  Lock lock(mutex_);
  return *find_or_make(std::move(name), std::move(help), std::move(labels), Kind::kGauge).gauge;
}

Histogram& Metrics::histogram(std::string name, std::string help, Labels labels, Buckets shown) {
  Lock lock(mutex_);
  auto& entry = find_or_make(std::move(name), std::move(help), std::move(labels), Kind::kHistogram);
  entry.shown = shown;
  return *entry.histogram;
}

std::string Metrics::render() const {
  Lock lock(mutex_);
  std::string out, spelling;
  std::string_view current;
  for (const auto& entry : entries_) {
    if (entry->name != current) {
      current = entry->name;
      spelling = spelled(entry->name, entry->kind);
      fmt::format_to(std::back_inserter(out), "# HELP {0} {1}\n# TYPE {0} {2}\n", spelling, escape(entry->help, false),
                     to_string(entry->kind));
    }
    entry->render(spelling, out);
  }
  return out;
}

void Metrics::visit(const std::function<void(const MetricSample&)>& visitor) const {
  Lock lock(mutex_);
  for (const auto& entry : entries_) {
    MetricSample sample{.name = entry->name, .help = entry->help, .labels = &entry->labels, .kind = entry->kind};
    if (entry->counter) sample.value = static_cast<std::int64_t>(entry->counter->value());
    if (entry->gauge) sample.value = entry->gauge->value();
    std::vector<std::uint64_t> counts;
    if (entry->histogram) {
      std::tie(counts, sample.sum_ns) = entry->histogram->read();
      sample.bounds_ns = std::span(kBounds).subspan(entry->first_bucket());
      sample.cumulative = std::span<const std::uint64_t>(counts).subspan(entry->first_bucket());
    }
    visitor(sample);
  }
}

}  // namespace toolrack::base
