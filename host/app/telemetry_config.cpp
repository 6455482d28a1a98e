#include "app/telemetry_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/encoding.hpp"
#include "base/utf8.hpp"

namespace toolrack::app {
namespace {

namespace json = base::json;
using services::telemetry::Sampling;
using std::chrono::milliseconds;
using Pairs = services::telemetry::Settings::Pairs;

struct NamedSampler {
  std::string_view name;
  Sampling::Root root;
  bool follows_callers;
};

constexpr std::array<NamedSampler, 6> kSamplers{{{"always_on", Sampling::Root::kAlways, false},
                                                 {"always_off", Sampling::Root::kNever, false},
                                                 {"traceidratio", Sampling::Root::kRatio, false},
                                                 {"parentbased_always_on", Sampling::Root::kAlways, true},
                                                 {"parentbased_always_off", Sampling::Root::kNever, true},
                                                 {"parentbased_traceidratio", Sampling::Root::kRatio, true}}};

constexpr std::int64_t kLongest = 3'600'000;

bool set_sampler(std::string_view name, Sampling& out) {
  const auto found = std::ranges::find(kSamplers, name, &NamedSampler::name);
  if (found == kSamplers.end()) return false;
  out.root = found->root;
  out.follows_callers = found->follows_callers;
  return true;
}

bool is_url(std::string_view text) {
  const auto rest = text.starts_with("http://")    ? text.substr(7)
                    : text.starts_with("https://") ? text.substr(8)
                                                   : std::string_view();
  return !rest.empty() && rest.front() != '/' &&
         std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
}

std::string with_path(std::string_view endpoint, std::string_view path) {
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  return fmt::format("{}{}", endpoint, path);
}

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

/// "key=value,key=value", values percent-encoded. Nothing when any of it is no such thing.
std::optional<Pairs> read_pairs(std::string_view text) {
  Pairs out;
  while (!text.empty()) {
    const auto end = std::min(text.find(','), text.size());
    const auto pair = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const auto key = trim(pair.substr(0, equals));
    const auto value = base::percent_decode(trim(pair.substr(equals + 1)));
    const auto is_plain = [](std::string_view part) {
      return std::ranges::none_of(part, [](unsigned char c) { return c < 0x20 || c == 0x7f; }) && base::is_utf8(part);
    };
    if (key.empty() || !value || !is_plain(key) || !is_plain(*value)) return std::nullopt;
    out.emplace_back(key, *value);
  }
  return out;
}

/// The variables, one after another; what cannot be used is noted.
class Variables {
 public:
  explicit Variables(TelemetryConfig& config) : config_(config) {}

  static std::optional<std::string_view> get(const char* name) {
    const auto* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string_view>(value);
  }

  void read_url(const char* name, std::string& out) {
    if (const auto value = get(name)) is_url(*value) ? void(out = *value) : ignore(name, "it is no http or https URL");
  }

  void read_time(const char* name, milliseconds& out) {
    const auto value = get(name);
    if (!value) return;
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc() || end != value->data() + value->size() || number < 0)
      return ignore(name, "it is no number of milliseconds");
    out = milliseconds(number == 0 ? kLongest : std::min(number, kLongest));
  }

  void read_pairs_of(const char* name, Pairs& out) {
    const auto value = get(name);
    if (!value) return;
    if (auto pairs = read_pairs(*value))
      out = *std::move(pairs);
    else
      ignore(name, "it is no list of key=value with commas between, values percent-encoded");
  }

  /// Is a signal exported?
  void read_exporter(const char* name, bool& out) {
    const auto value = get(name);
    if (!value) return;
    if (*value == "otlp" || *value == "none")
      out = *value == "otlp";
    else
      ignore(name, "there are otlp and none");
  }

  void read_sampler() {
    auto& sampling = config_.chosen.sampling;
    const auto name = get("OTEL_TRACES_SAMPLER");
    if (!name) return;
    if (!set_sampler(*name, sampling)) return ignore("OTEL_TRACES_SAMPLER", "there is no such sampler here");
    sampling.ratio = 1;
    const auto value = get("OTEL_TRACES_SAMPLER_ARG");
    if (!value || sampling.root != Sampling::Root::kRatio) return;
    double ratio = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), ratio);
    if (error != std::errc() || end != value->data() + value->size() || !(ratio >= 0 && ratio <= 1))
      return ignore("OTEL_TRACES_SAMPLER_ARG", "it is no number from 0 to 1");
    sampling.ratio = ratio;
  }

  void ignore(std::string_view name, std::string_view why) {
    config_.ignored.push_back(fmt::format("{}: {}", name, why));
  }

 private:
  TelemetryConfig& config_;
};

bool is_true(std::string_view text) {
  constexpr std::string_view kTrue = "true";
  return std::ranges::equal(text, kTrue, [](char a, char b) { return (a | 0x20) == b; });
}

}  // namespace

services::telemetry::Settings TelemetryConfig::settings() const {
  auto out = chosen;
  const auto url = [&](bool is_wanted, const std::string& whole, std::string_view path) {
    if (!is_wanted) return std::string();
    if (!whole.empty()) return whole;
    return endpoint.empty() ? std::string() : with_path(endpoint, path);
  };
  out.traces_url = url(traces, traces_endpoint, "/v1/traces");
  out.metrics_url = url(metrics, metrics_endpoint, "/v1/metrics");
  return out;
}

void apply_telemetry(const json::Value& section, TelemetryConfig& config) {
  auto& chosen = config.chosen;
  if (const auto endpoint = json::find_string(section, "endpoint")) config.endpoint = *endpoint;
  config.traces = json::find_bool(section, "traces").value_or(config.traces);
  config.metrics = json::find_bool(section, "metrics").value_or(config.metrics);
  chosen.tells_providers = json::find_bool(section, "tell_providers").value_or(chosen.tells_providers);
  if (const auto bytes = json::find_int(section, "call_content_bytes"))
    chosen.call_content_bytes = static_cast<std::size_t>(*bytes);
  if (const auto name = json::find_string(section, "service_name")) chosen.service_name = *name;
  if (const auto* resource = json::find(section, "resource"))
    for (const auto& [name, value] : resource->GetObject())
      chosen.resource.emplace_back(json::view(name), json::view(value));
  if (const auto sampler = json::find_string(section, "sampler")) set_sampler(*sampler, chosen.sampling);
  if (const auto* ratio = json::find(section, "sampler_ratio")) chosen.sampling.ratio = ratio->GetDouble();
  const auto set = [&](std::string_view name, milliseconds& field) {
    if (const auto value = json::find_int(section, name)) field = milliseconds(*value);
  };
  set("traces_interval_ms", chosen.traces_every);
  set("metrics_interval_ms", chosen.metrics_every);
  set("timeout_ms", chosen.timeout);
}

void apply_telemetry_environment(TelemetryConfig& config) {
  Variables variables(config);
  auto& chosen = config.chosen;
  variables.read_url("OTEL_EXPORTER_OTLP_ENDPOINT", config.endpoint);
  variables.read_url("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", config.traces_endpoint);
  variables.read_url("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", config.metrics_endpoint);
  variables.read_pairs_of("OTEL_EXPORTER_OTLP_HEADERS", chosen.headers);
  variables.read_time("OTEL_EXPORTER_OTLP_TIMEOUT", chosen.timeout);
  variables.read_time("OTEL_BSP_SCHEDULE_DELAY", chosen.traces_every);
  variables.read_time("OTEL_METRIC_EXPORT_INTERVAL", chosen.metrics_every);
  variables.read_exporter("OTEL_TRACES_EXPORTER", config.traces);
  variables.read_exporter("OTEL_METRICS_EXPORTER", config.metrics);
  variables.read_sampler();
  if (const auto protocol = Variables::get("OTEL_EXPORTER_OTLP_PROTOCOL"); protocol && *protocol != "http/json")
    variables.ignore("OTEL_EXPORTER_OTLP_PROTOCOL",
                     "what is sent is http/json, which collectors take at the same URLs");

  Pairs resource;
  variables.read_pairs_of("OTEL_RESOURCE_ATTRIBUTES", resource);
  for (auto& [key, value] : resource) {
    if (key == "service.name") chosen.service_name = value;
    std::erase_if(chosen.resource, [&key = key](const auto& pair) { return pair.first == key; });
    chosen.resource.emplace_back(std::move(key), std::move(value));
  }
  if (const auto name = Variables::get("OTEL_SERVICE_NAME")) chosen.service_name = *name;
  if (const auto disabled = Variables::get("OTEL_SDK_DISABLED"); disabled && is_true(*disabled))
    config.traces = config.metrics = false;
}

}  // namespace toolrack::app
