/// What a collector gets, and what becomes of it when the collector is not well. The collector is scripted.
#include "services/telemetry/exporter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "support/patience.hpp"
#include "support/recorded_spans.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::services::telemetry {
namespace {

using namespace std::chrono_literals;
using test::RecordedRequest;
using test::Reply;
using testing::at;
using testing::parsed;

class ExporterTest : public ::testing::Test {
 protected:
  Settings traces() {
    Settings settings;
    settings.traces_url = collector_.url("/v1/traces");
    settings.traces_every = 50ms;
    return settings;
  }
  void record(std::string_view name) {
    tracer_.record(0, {.context = base::TraceContext::make(),
                       .tracestate = {},
                       .name = name,
                       .started_ns = base::system_clock().monotonic_ns(),
                       .attributes = {},
                       .links = {}});
  }
  std::uint64_t spans(std::string_view result) {
    return metrics_.counter("toolrack_telemetry_spans_total", "", {{"result", std::string(result)}}).value();
  }
  bool wait_for_spans(std::string_view result, std::uint64_t wanted) {
    const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
    while (spans(result) < wanted)
      if (std::chrono::steady_clock::now() > end)
        return false;
      else
        std::this_thread::yield();
    return true;
  }

  test::ScriptedHttpServer collector_;
  base::Metrics metrics_;
  Tracer tracer_{1, base::system_clock(), metrics_};
  Exporter exporter_{tracer_, metrics_, base::system_clock(), "1.2.3"};
};

TEST_F(ExporterTest, SpansComeWithWhoSendsThem) {
  collector_.on("/v1/traces", Reply::json("{}"));
  auto settings = traces();
  settings.service_name = "rack";
  settings.resource = {{"deployment.environment.name", "prod"}, {"service.name", "not this one"}};
  settings.headers = {{"X-Api-Key", "k"}};
  exporter_.apply(settings);
  record("one");
  ASSERT_TRUE(wait_for_spans("sent", 1));
  const auto request = collector_.requests().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("x-api-key"), "k");
  const auto body = parsed(request.body);
  EXPECT_EQ(at(body, "/resourceSpans/0/resource/attributes/0/key"), "service.name");
  EXPECT_EQ(at(body, "/resourceSpans/0/resource/attributes/0/value/stringValue"), "rack");
  EXPECT_EQ(at(body, "/resourceSpans/0/resource/attributes/1/value/stringValue"), "1.2.3");
  EXPECT_EQ(at(body, "/resourceSpans/0/resource/attributes/2/key"), "service.instance.id");
  EXPECT_EQ(at(body, "/resourceSpans/0/resource/attributes/3/value/stringValue"), "prod");
  EXPECT_EQ(at(body, "/resourceSpans/0/resource/attributes/4"), "(absent)");
  EXPECT_EQ(at(body, "/resourceSpans/0/scopeSpans/0/scope/name"), "toolrack");
  EXPECT_EQ(at(body, "/resourceSpans/0/scopeSpans/0/spans/0/name"), "one");
}

TEST_F(ExporterTest, MetricsAreThoseOfTheRegistryAndCumulative) {
  collector_.on("/v1/metrics", Reply::json("{}"));
  metrics_.counter("toolrack_calls_total", "Calls.", {{"outcome", "ok"}}).add(3);
  metrics_.gauge("toolrack_response_cache_bytes", "Bytes.").set(7);
  auto& durations = metrics_.histogram("mcp.server.operation.duration", "Requests.",
                                       {{"mcp.method.name", "tools/call"}}, base::Buckets::kConventional);
  durations.observe_ns(2'000'000);
  durations.observe_ns(15'000'000);
  durations.observe_ns(400'000'000'000);
  Settings settings;
  settings.metrics_url = collector_.url("/v1/metrics");
  settings.metrics_every = 50ms;
  exporter_.apply(settings);
  ASSERT_TRUE(collector_.wait_for_requests(1));
  const auto body = parsed(collector_.requests().front().body);
  const auto find = [&](std::string_view name) -> const base::json::Value& {
    for (const auto& metric : base::json::at(body, "/resourceMetrics/0/scopeMetrics/0/metrics")->GetArray())
      if (at(metric, "/name") == name) return metric;
    ADD_FAILURE() << name;
    return body;
  };
  const auto& calls = find("toolrack_calls_total");
  EXPECT_EQ(at(calls, "/sum/aggregationTemporality"), "2");
  EXPECT_EQ(at(calls, "/sum/isMonotonic"), "true");
  EXPECT_EQ(at(calls, "/sum/dataPoints/0/asInt"), "3");
  EXPECT_EQ(at(calls, "/sum/dataPoints/0/attributes/0/key"), "outcome");
  EXPECT_EQ(at(find("toolrack_response_cache_bytes"), "/unit"), "By");
  const auto& mcp = find("mcp.server.operation.duration");
  EXPECT_EQ(at(mcp, "/unit"), "s");
  EXPECT_EQ(at(mcp, "/histogram/aggregationTemporality"), "2");
  EXPECT_EQ(at(mcp, "/histogram/dataPoints/0/attributes/0/key"), "mcp.method.name");
  EXPECT_EQ(at(mcp, "/histogram/dataPoints/0/count"), "3");
  EXPECT_EQ(at(mcp, "/histogram/dataPoints/0/sum"), "400.017");
  EXPECT_EQ(at(mcp, "/histogram/dataPoints/0/explicitBounds"),
            "[0.01,0.02,0.05,0.1,0.2,0.5,1.0,2.0,5.0,10.0,30.0,60.0,120.0,300.0]");
  EXPECT_EQ(at(mcp, "/histogram/dataPoints/0/bucketCounts"),
            R"(["1","1","0","0","0","0","0","0","0","0","0","0","0","0","1"])");
}

TEST_F(ExporterTest, WhatMayBeTriedAgainIsTriedAgainWhenItIsAskedFor) {
  std::atomic<int> asked{0};
  collector_.on("/v1/traces", [&](const RecordedRequest&) {
    return ++asked == 1 ? Reply::json("{}", 503).header("Retry-After", "1") : Reply::json("{}");
  });
  exporter_.apply(traces());
  record("one");
  ASSERT_TRUE(wait_for_spans("sent", 1));
  const auto requests = collector_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].body, requests[1].body);
  EXPECT_EQ(spans("lost"), 0u);
}

TEST_F(ExporterTest, WhatIsRefusedIsLostAndCounted) {
  collector_.on("/v1/traces", Reply::json("{}", 400));
  exporter_.apply(traces());
  record("one");
  ASSERT_TRUE(wait_for_spans("lost", 1));
  EXPECT_EQ(collector_.requests().size(), 1u) << "400 is not tried again";
}

TEST_F(ExporterTest, OfWhatIsTakenInPartTheRestIsCounted) {
  collector_.on("/v1/traces", Reply::json(R"({"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}})"));
  auto settings = traces();
  settings.traces_every = 1h;  // Both go together, at the end.
  exporter_.apply(settings);
  record("one");
  record("two");
  exporter_.stop(toolrack::test::kPatience);
  EXPECT_EQ(spans("lost"), 1u);
  EXPECT_EQ(spans("sent"), 1u);
}

TEST_F(ExporterTest, ACollectorThatIsGoneHoldsNobodyUp) {
  auto settings = traces();
  settings.traces_url = "http://127.0.0.1:1/v1/traces";
  exporter_.apply(settings);
  for (int i = 0; i < 100; ++i) record("one");
  exporter_.stop(5s);
  EXPECT_EQ(spans("lost"), 100u);
}

TEST_F(ExporterTest, ACollectorThatSaysNothingIsNotWaitedForAtTheEnd) {
  collector_.on("/v1/traces", Reply::held(Reply::json("{}")));
  exporter_.apply(traces());
  record("one");
  ASSERT_TRUE(collector_.wait_for_requests(1));
  const auto began = std::chrono::steady_clock::now();
  exporter_.stop(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 9s) << "its timeout is ten seconds";
  EXPECT_EQ(spans("lost"), 1u);
}

TEST_F(ExporterTest, TheLastSpansAreSentAtTheEnd) {
  collector_.on("/v1/traces", Reply::json("{}"));
  auto settings = traces();
  settings.traces_every = 1h;
  exporter_.apply(settings);
  record("last");
  exporter_.stop(toolrack::test::kPatience);
  EXPECT_EQ(spans("sent"), 1u);
}

TEST_F(ExporterTest, GoesElsewhereWhenItIsTold) {
  test::ScriptedHttpServer other;
  collector_.on("/v1/traces", Reply::json("{}"));
  other.on("/v1/traces", Reply::json("{}"));
  exporter_.apply(traces());
  record("one");
  ASSERT_TRUE(collector_.wait_for_requests(1));
  auto settings = traces();
  settings.traces_url = other.url("/v1/traces");
  exporter_.apply(settings);
  record("two");
  ASSERT_TRUE(other.wait_for_requests(1));
  exporter_.apply({});
  EXPECT_FALSE(tracer_.is_on());
}

}  // namespace
}  // namespace toolrack::services::telemetry
