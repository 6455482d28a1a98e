#include "services/telemetry/otlp_json.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/utf8.hpp"

namespace toolrack::services::telemetry {
namespace {

namespace json = base::json;

constexpr std::string_view kScope = "toolrack";
constexpr int kCumulative = 2;    ///< AggregationTemporality.
constexpr int kStatusError = 2;   ///< Status.StatusCode.
constexpr int kIsRemote = 0x300;  ///< SpanFlags: whether the parent is remote is known, and it is.

void put_text(json::Writer& writer, std::string_view text) {
  if (base::is_utf8(text)) return json::put(writer, text);
  json::put(writer, base::replace_invalid_utf8(text));
}

/// 64 bits travel as a string.
template <class Integer>
void put_int64(json::Writer& writer, std::string_view name, Integer value) {
  char digits[24];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value).ptr;
  json::key(writer, name);
  json::put(writer, {digits, static_cast<std::size_t>(end - digits)});
}

void put_int(json::Writer& writer, std::string_view name, int value) {
  json::key(writer, name);
  writer.Int(value);
}

void write_attribute(json::Writer& writer, std::string_view key, std::string_view text) {
  writer.StartObject();
  json::key(writer, "key");
  put_text(writer, key);
  json::key(writer, "value");
  writer.StartObject();
  json::key(writer, "stringValue");
  put_text(writer, text);
  writer.EndObject();
  writer.EndObject();
}

void write_attribute(json::Writer& writer, std::string_view key, std::int64_t number) {
  writer.StartObject();
  json::key(writer, "key");
  put_text(writer, key);
  json::key(writer, "value");
  writer.StartObject();
  put_int64(writer, "intValue", number);
  writer.EndObject();
  writer.EndObject();
}

void put_ids(json::Writer& writer, const base::TraceContext& context) {
  const auto trace = base::trace_id_hex(context.trace);
  const auto span = base::span_id_hex(context.span);
  json::key(writer, "traceId");
  json::put(writer, {trace.data(), trace.size()});
  json::key(writer, "spanId");
  json::put(writer, {span.data(), span.size()});
}

void write_scope(json::Writer& writer, std::string_view version) {
  json::key(writer, "scope");
  writer.StartObject();
  json::key(writer, "name");
  json::put(writer, kScope);
  json::key(writer, "version");
  json::put(writer, version);
  writer.EndObject();
}

std::string_view unit_of(const base::MetricSample& sample) {
  using Kind = base::MetricSample::Kind;
  if (sample.kind == Kind::kHistogram) return "s";
  return sample.name.ends_with("_bytes") || sample.name.ends_with("_bytes_total") ? "By" : "1";
}

/// The data points of the metrics of one name, which come one after another.
class MetricWriter {
 public:
  MetricWriter(json::Writer& writer, std::int64_t started_unix_ns, std::int64_t now_unix_ns)
      : writer_(writer), started_(started_unix_ns), now_(now_unix_ns) {}

  void add(const base::MetricSample& sample) {
    if (sample.name != current_) {
      end();
      begin(sample);
    }
    writer_.StartObject();
    json::key(writer_, "attributes");
    writer_.StartArray();
    for (const auto& [name, value] : *sample.labels) write_attribute(writer_, name, value);
    writer_.EndArray();
    put_int64(writer_, "startTimeUnixNano", started_);
    put_int64(writer_, "timeUnixNano", now_);
    if (sample.kind == base::MetricSample::Kind::kHistogram)
      write_buckets(sample);
    else
      put_int64(writer_, "asInt", sample.value);
    writer_.EndObject();
  }

  void end() {
    if (current_.empty()) return;
    current_.clear();
    writer_.EndArray();   // dataPoints
    writer_.EndObject();  // sum, gauge or histogram
    writer_.EndObject();
  }

 private:
  void begin(const base::MetricSample& sample) {
    using Kind = base::MetricSample::Kind;
    current_ = sample.name;
    writer_.StartObject();
    json::key(writer_, "name");
    json::put(writer_, sample.name);
    json::key(writer_, "description");
    json::put(writer_, sample.help);
    json::key(writer_, "unit");
    json::put(writer_, unit_of(sample));
    json::key(writer_, sample.kind == Kind::kCounter ? "sum" : sample.kind == Kind::kGauge ? "gauge" : "histogram");
    writer_.StartObject();
    if (sample.kind != Kind::kGauge) put_int(writer_, "aggregationTemporality", kCumulative);
    if (sample.kind == Kind::kCounter) {
      json::key(writer_, "isMonotonic");
      writer_.Bool(true);
    }
    json::key(writer_, "dataPoints");
    writer_.StartArray();
  }

  void write_buckets(const base::MetricSample& sample) {
    put_int64(writer_, "count", sample.cumulative.back());
    json::key(writer_, "sum");
    writer_.Double(static_cast<double>(sample.sum_ns) / 1e9);
    json::key(writer_, "bucketCounts");
    writer_.StartArray();
    std::uint64_t below = 0;
    for (const auto count : sample.cumulative) {
      json::put(writer_, fmt::format_int(count - below).str());
      below = count;
    }
    writer_.EndArray();
    json::key(writer_, "explicitBounds");
    writer_.StartArray();
    for (const auto bound : sample.bounds_ns) writer_.Double(static_cast<double>(bound) / 1e9);
    writer_.EndArray();
  }

  json::Writer& writer_;
  const std::int64_t started_, now_;
  std::string current_;
};

}  // namespace

void write_span(json::Writer& writer, const Span& span, std::int64_t started_unix_ns, std::int64_t ended_unix_ns) {
  writer.StartObject();
  put_ids(writer, span.context);
  if (!span.tracestate.empty()) {
    json::key(writer, "traceState");
    json::put(writer, span.tracestate);
  }
  if (span.parent != 0) {
    const auto parent = base::span_id_hex(span.parent);
    json::key(writer, "parentSpanId");
    json::put(writer, {parent.data(), parent.size()});
  }
  const bool is_remote = span.parent != 0 && span.kind == SpanKind::kServer;
  put_int(writer, "flags", span.context.flags | (is_remote ? kIsRemote : 0));
  json::key(writer, "name");
  put_text(writer, span.name);
  put_int(writer, "kind", static_cast<int>(span.kind));
  put_int64(writer, "startTimeUnixNano", started_unix_ns);
  put_int64(writer, "endTimeUnixNano", ended_unix_ns);
  json::key(writer, "attributes");
  writer.StartArray();
  for (const auto& attribute : span.attributes) {
    if (const auto* number = std::get_if<std::int64_t>(&attribute.value))
      write_attribute(writer, attribute.key, *number);
    else if (const auto text = std::get<std::string_view>(attribute.value); !text.empty())
      write_attribute(writer, attribute.key, text);
  }
  writer.EndArray();
  if (!span.links.empty()) {
    json::key(writer, "links");
    writer.StartArray();
    for (const auto& link : span.links) {
      writer.StartObject();
      put_ids(writer, link);
      put_int(writer, "flags", link.flags | kIsRemote);
      writer.EndObject();
    }
    writer.EndArray();
  }
  if (span.is_error) {
    json::key(writer, "status");
    writer.StartObject();
    put_int(writer, "code", kStatusError);
    writer.EndObject();
  }
  writer.EndObject();
}

std::string resource_json(const Settings& settings, std::string_view version, std::string_view instance) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "attributes");
  writer.StartArray();
  const auto is_ours = [](std::string_view key) {
    return key == "service.name" || key == "service.version" || key == "service.instance.id";
  };
  write_attribute(writer, "service.name", settings.service_name);
  write_attribute(writer, "service.version", version);
  write_attribute(writer, "service.instance.id", instance);
  for (const auto& [key, value] : settings.resource)
    if (!is_ours(key)) write_attribute(writer, key, value);
  writer.EndArray();
  writer.EndObject();
  return std::string(json::view(buffer));
}

std::string traces_request(std::string_view resource, std::string_view version, std::string_view spans) {
  return fmt::format(
      R"({{"resourceSpans":[{{"resource":{},"scopeSpans":[{{"scope":{{"name":"{}","version":"{}"}},"spans":[{}]}}]}}]}})",
      resource, kScope, version, spans);
}

std::string metrics_request(std::string_view resource, std::string_view version, const base::Metrics& metrics,
                            std::int64_t started_unix_ns, std::int64_t now_unix_ns) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "resourceMetrics");
  writer.StartArray();
  writer.StartObject();
  json::key(writer, "resource");
  json::raw(writer, resource);
  json::key(writer, "scopeMetrics");
  writer.StartArray();
  writer.StartObject();
  write_scope(writer, version);
  json::key(writer, "metrics");
  writer.StartArray();
  MetricWriter each(writer, started_unix_ns, now_unix_ns);
  metrics.visit([&](const base::MetricSample& sample) { each.add(sample); });
  each.end();
  writer.EndArray();
  writer.EndObject();
  writer.EndArray();
  writer.EndObject();
  writer.EndArray();
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::services::telemetry
