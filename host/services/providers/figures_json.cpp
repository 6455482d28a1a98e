#include "services/providers/figures_json.hpp"

#include <fmt/format.h>

#include <cmath>

namespace toolrack::services::providers {

void write_figures(base::json::Writer& writer, const ProviderFigures& figures) {
  using base::json::key;
  const auto rounded = [&](std::string_view name, double value) {
    key(writer, name);
    base::json::raw(writer, fmt::format("{:.3f}", value), rapidjson::kNumberType);
  };
  key(writer, "breaker");
  base::json::put(writer, to_string(figures.breaker));
  if (figures.breaker == Breaker::kOpen) {
    key(writer, "retry_after_seconds");
    writer.Int64(std::chrono::ceil<std::chrono::seconds>(figures.until_probe).count());
  }
  key(writer, "answered");
  writer.Uint64(figures.answered);
  key(writer, "failed");
  writer.Uint64(figures.failed);
  if (figures.failure_share) rounded("failure_share", *figures.failure_share);
  if (figures.latency) rounded("latency_ms", static_cast<double>(figures.latency->count()) / 1e6);
  if (figures.bytes_per_second) {
    key(writer, "bytes_per_second");
    writer.Int64(std::llround(*figures.bytes_per_second));
  }
}

}  // namespace toolrack::services::providers
