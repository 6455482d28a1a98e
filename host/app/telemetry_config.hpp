/// What is told to a collector: the `telemetry` section of the configuration, and the OTEL_* variables that every
/// program with OpenTelemetry has. docs/observability.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "services/telemetry/settings.hpp"

namespace toolrack::app {

struct TelemetryConfig {
  std::string endpoint;                           ///< Of the collector, to which a signal's path is added; empty: none.
  std::string traces_endpoint, metrics_endpoint;  ///< Whole, in place of `endpoint`.
  bool traces = true, metrics = true;
  services::telemetry::Settings chosen;  ///< All but its URLs.
  /// Variables that say something that cannot be done, and why: as OpenTelemetry wants it, they count as not set.
  std::vector<std::string> ignored;

  /// With the URLs.
  services::telemetry::Settings settings() const;
  bool operator==(const TelemetryConfig&) const = default;
};

/// `section` satisfies the schema.
void apply_telemetry(const base::json::Value& section, TelemetryConfig& config);
/// The environment's OTEL_*, which win.
void apply_telemetry_environment(TelemetryConfig& config);

}  // namespace toolrack::app
