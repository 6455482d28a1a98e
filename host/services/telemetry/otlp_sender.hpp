/// Sends to a collector: one request at a time, from the exporter's thread, over connections that are kept.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "services/telemetry/settings.hpp"

namespace toolrack::services::telemetry {

/// What came of a request, as OTLP/HTTP reads it.
struct Delivery {
  int status = 0;          ///< 0: there was no answer.
  bool is_taken = false;   ///< 2xx.
  bool may_retry = false;  ///< 429, 502, 503, 504, or no answer.
  std::optional<std::chrono::seconds> retry_after;
  std::string reason;          ///< For the log, when it was not taken.
  std::uint64_t rejected = 0;  ///< Of a taken request: spans or data points that the collector has refused.
};

class OtlpSender {
 public:
  using Clock = std::chrono::steady_clock;

  explicit OtlpSender(std::string user_agent);
  ~OtlpSender();
  OtlpSender(const OtlpSender&) = delete;
  OtlpSender& operator=(const OtlpSender&) = delete;

  /// Waits for the answer, `settings.timeout` at most. By one thread at a time.
  Delivery post(const std::string& url, const Settings& settings, const std::string& body);

  /// Any thread: no request lasts beyond that moment, also not one that is under way.
  void end_at(Clock::time_point moment) noexcept;

 private:
  struct Curl;
  bool transfer(std::chrono::milliseconds timeout, int& code);

  const std::string user_agent_;
  const std::unique_ptr<Curl> curl_;
  std::atomic<Clock::rep> end_at_{Clock::time_point::max().time_since_epoch().count()};
};

}  // namespace toolrack::services::telemetry
