/// What a tracer has kept, read back.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "services/telemetry/tracer.hpp"
#include "support/http_client.hpp"

namespace toolrack::testing {

struct RecordedSpan {
  std::string trace, id, parent, name, tracestate;
  int kind = 0, flags = 0, status = 0;
  std::map<std::string, std::string> attributes;  ///< Numbers as text.
  std::vector<std::string> links;                 ///< Trace and span, a dash between.

  std::string at(const std::string& key) const {
    const auto found = attributes.find(key);
    return found == attributes.end() ? "(absent)" : found->second;
  }
};

/// Settings with which every trace is recorded, whoever asks.
inline services::telemetry::Settings record_all() {
  services::telemetry::Settings settings;
  settings.traces_url = "http://collector.invalid/v1/traces";
  return settings;
}

inline std::vector<RecordedSpan> read_spans(const base::json::Value& spans) {
  std::vector<RecordedSpan> out;
  const auto number = [](const base::json::Value& value, std::string_view pointer) {
    const auto text = at(value, pointer);
    return text == "(absent)" ? 0 : std::stoi(text);
  };
  const auto text = [](const base::json::Value& value, std::string_view pointer) {
    auto found = at(value, pointer);
    return found == "(absent)" ? std::string() : found;
  };
  for (const auto& span : spans.GetArray()) {
    auto& one = out.emplace_back(RecordedSpan{.trace = text(span, "/traceId"),
                                              .id = text(span, "/spanId"),
                                              .parent = text(span, "/parentSpanId"),
                                              .name = text(span, "/name"),
                                              .tracestate = text(span, "/traceState"),
                                              .kind = number(span, "/kind"),
                                              .flags = number(span, "/flags"),
                                              .status = number(span, "/status/code"),
                                              .attributes = {},
                                              .links = {}});
    for (const auto& attribute : span["attributes"].GetArray()) {
      const auto value = text(attribute, "/value/stringValue");
      one.attributes[text(attribute, "/key")] = value.empty() ? text(attribute, "/value/intValue") : value;
    }
    if (const auto* links = base::json::find(span, "links"))
      for (const auto& link : links->GetArray())
        one.links.push_back(text(link, "/traceId") + "-" + text(link, "/spanId"));
  }
  return out;
}

/// Takes them away, in the order of their ends on each loop.
inline std::vector<RecordedSpan> take_spans(services::telemetry::Tracer& tracer) {
  std::vector<RecordedSpan> out;
  for (const auto& batch : tracer.take()) {
    const auto spans = parsed("[" + batch.spans + "]");
    EXPECT_EQ(spans.Size(), batch.count);
    for (auto& span : read_spans(spans)) out.push_back(std::move(span));
  }
  return out;
}

}  // namespace toolrack::testing
