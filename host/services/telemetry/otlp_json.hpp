/// OTLP in JSON: the requests that a collector takes at /v1/traces and /v1/metrics.
///
/// Facts: opentelemetry.io/docs/specs/otlp (JSON Protobuf Encoding): ids in hex, 64-bit integers as strings, enums as
/// numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/metrics.hpp"
#include "services/telemetry/settings.hpp"
#include "services/telemetry/span.hpp"

namespace toolrack::services::telemetry {

/// One value: a Span. Texts that are no UTF-8 are repaired.
void write_span(base::json::Writer& writer, const Span& span, std::int64_t started_unix_ns, std::int64_t ended_unix_ns);

/// A Resource: what `settings` says, and which start of which version this is.
std::string resource_json(const Settings& settings, std::string_view version, std::string_view instance);

/// An ExportTraceServiceRequest of spans with commas between.
std::string traces_request(std::string_view resource, std::string_view version, std::string_view spans);

/// An ExportMetricsServiceRequest of everything that `metrics` has, cumulative since `started_unix_ns`.
std::string metrics_request(std::string_view resource, std::string_view version, const base::Metrics& metrics,
                            std::int64_t started_unix_ns, std::int64_t now_unix_ns);

}  // namespace toolrack::services::telemetry
