/// Takes spans and metrics to a collector by OTLP/HTTP in JSON, from a thread of its own.
///
/// Calls never wait for it: a collector that is slow, refuses or is gone costs spans, which are counted, and one line
/// of the log each time that it begins and each time that it ends. What may be tried again is tried again with growing,
/// jittered waits; then it is given up.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <thread>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "services/telemetry/otlp_sender.hpp"
#include "services/telemetry/settings.hpp"
#include "services/telemetry/tracer.hpp"

namespace toolrack::services::telemetry {

class Exporter {
 public:
  /// All outlive it. Nothing is sent, and there is no thread, until `apply` names a collector.
  Exporter(Tracer& tracer, base::Metrics& metrics, const base::Clock& clock, std::string_view version);
  ~Exporter();  ///< `stop` without patience.
  Exporter(const Exporter&) = delete;
  Exporter& operator=(const Exporter&) = delete;

  /// Any thread: what is sent where from now on. The tracer is told, too.
  void apply(const Settings& settings);

  /// Sends what there is, once, for at most that long. Idempotent; by one thread.
  void stop(std::chrono::milliseconds patience);

 private:
  using Steady = std::chrono::steady_clock;
  enum class Kind : std::uint8_t { kTraces, kMetrics };
  /// A request that is to be made. Of metrics there is never one that waits: the next has all that it had.
  struct Pending {
    std::string body;
    std::size_t spans = 0;
    int tries = 0;
  };
  /// What is sent to one URL.
  struct Signal {
    Kind kind;
    Steady::time_point due{};
    int failures = 0;  ///< One after another.
    std::deque<Pending> pending;
  };

  void run();
  void send_traces(const Settings& settings, bool is_last);
  void send_metrics(const Settings& settings);
  Delivery deliver(Signal& signal, const std::string& url, const Settings& settings, const std::string& body);
  std::chrono::milliseconds wait_after(const Signal& signal, const Delivery& delivery);
  void note(Signal& signal, const std::string& url, const Delivery& delivery);
  void wake();

  Tracer& tracer_;
  base::Metrics& metrics_;
  const base::Clock& clock_;
  const std::string version_, instance_;
  const std::int64_t started_unix_ns_;
  base::Counter& sent_;
  base::Counter& lost_;
  base::Counter& exports_ok_;
  base::Counter& exports_failed_;
  OtlpSender sender_;

  // The thread's.
  Signal traces_{.kind = Kind::kTraces, .pending = {}};
  Signal points_{.kind = Kind::kMetrics, .pending = {}};
  std::string resource_;
  std::minstd_rand jitter_{std::random_device{}()};

  base::Mutex mutex_;
  std::condition_variable changed_;
  Settings settings_ TR_GUARDED_BY(mutex_);
  bool is_changed_ TR_GUARDED_BY(mutex_) = false;
  bool is_full_ TR_GUARDED_BY(mutex_) = false;  ///< A buffer of spans is.
  bool is_stopping_ TR_GUARDED_BY(mutex_) = false;
  std::thread thread_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::services::telemetry
