/// What an operator may choose of what is told to a collector of OpenTelemetry's. docs/observability.md.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::services::telemetry {

/// Which traces are recorded.
struct Sampling {
  enum class Root : std::uint8_t { kAlways, kNever, kRatio };
  Root root = Root::kAlways;    ///< Of traces that begin here.
  double ratio = 1;             ///< With kRatio: from 0 to 1.
  bool follows_callers = true;  ///< A caller's decision stands above; false: `root` decides of every request.
  bool operator==(const Sampling&) const = default;
};

struct Settings {
  using Pairs = std::vector<std::pair<std::string, std::string>>;

  std::string traces_url, metrics_url;  ///< Whole; empty: nothing of the kind is sent.
  Pairs headers;                        ///< Of every request to them. May be secrets: never logged.
  std::string service_name = "toolrack";
  Pairs resource;  ///< Attributes that say what this gateway is, beside its name and version.
  Sampling sampling;
  std::chrono::milliseconds traces_every{5'000}, metrics_every{60'000};
  std::chrono::milliseconds timeout{10'000};  ///< Of a request to the collector.
  bool tells_providers = false;               ///< Requests to providers carry a traceparent.
  std::size_t call_content_bytes = 0;         ///< So much of a call's input, and of its output, is told; 0: nothing.

  bool operator==(const Settings&) const = default;
};

}  // namespace toolrack::services::telemetry
