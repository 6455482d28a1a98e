#include "services/telemetry/tracer.hpp"

#include <gtest/gtest.h>

#include <string>

#include "support/fake_clock.hpp"
#include "support/recorded_spans.hpp"

namespace toolrack::services::telemetry {
namespace {

using testing::FakeClock;
using testing::record_all;
using testing::take_spans;

const auto kParent = *base::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
const auto kUnsampled = *base::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");

class TracerTest : public ::testing::Test {
 protected:
  void choose(Sampling sampling) {
    auto settings = record_all();
    settings.sampling = sampling;
    tracer_.apply(settings);
  }
  void record(std::string_view name, std::size_t loop = 0) {
    tracer_.record(loop, {.context = base::TraceContext::make(),
                          .tracestate = {},
                          .name = name,
                          .started_ns = clock_.monotonic_ns(),
                          .attributes = {},
                          .links = {}});
  }

  FakeClock clock_;
  base::Metrics metrics_;
  Tracer tracer_{2, clock_, metrics_};
};

TEST_F(TracerTest, IsOffUntilSpansGoSomewhere) {
  EXPECT_FALSE(tracer_.is_on());
  tracer_.apply(record_all());
  EXPECT_TRUE(tracer_.is_on());
  EXPECT_FALSE(tracer_.tells_providers());
  tracer_.apply({});
  EXPECT_FALSE(tracer_.is_on());
}

TEST_F(TracerTest, ARequestWithoutATraceBeginsOne) {
  choose({});
  const auto one = tracer_.begin(std::nullopt), other = tracer_.begin(std::nullopt);
  EXPECT_TRUE(one.is_sampled());
  EXPECT_NE(one.trace, other.trace);
}

TEST_F(TracerTest, FollowsItsCallersDecision) {
  choose({.root = Sampling::Root::kNever});
  EXPECT_FALSE(tracer_.begin(std::nullopt).is_sampled());
  const auto below = tracer_.begin(kParent);
  EXPECT_TRUE(below.is_sampled());
  EXPECT_EQ(below.trace, kParent.trace);
  EXPECT_NE(below.span, kParent.span);
  choose({.root = Sampling::Root::kAlways});
  EXPECT_FALSE(tracer_.begin(kUnsampled).is_sampled());
}

TEST_F(TracerTest, OrDecidesAlone) {
  choose({.root = Sampling::Root::kNever, .follows_callers = false});
  EXPECT_FALSE(tracer_.begin(kParent).is_sampled());
  choose({.root = Sampling::Root::kAlways, .follows_callers = false});
  EXPECT_TRUE(tracer_.begin(kUnsampled).is_sampled());
}

TEST_F(TracerTest, ARatioOfTracesIsRecordedTheSameOnesEachTime) {
  choose({.root = Sampling::Root::kRatio, .ratio = 0.25, .follows_callers = false});
  int recorded = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto trace = base::TraceContext::make();
    const auto is_sampled = tracer_.begin(trace).is_sampled();
    recorded += is_sampled ? 1 : 0;
    EXPECT_EQ(tracer_.begin(trace).is_sampled(), is_sampled);
  }
  EXPECT_NEAR(recorded, 2'500, 300);
  choose({.root = Sampling::Root::kRatio, .ratio = 0, .follows_callers = false});
  EXPECT_FALSE(tracer_.begin(std::nullopt).is_sampled());
  choose({.root = Sampling::Root::kRatio, .ratio = 1, .follows_callers = false});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(tracer_.begin(std::nullopt).is_sampled());
}

TEST_F(TracerTest, KeepsWhatASpanSays) {
  const auto context = kParent.child();
  const Attribute attributes[] = {{"mcp.method.name", std::string_view("tools/call")},
                                  {"empty", std::string_view()},
                                  {"bad", std::string_view("\xff\"")},
                                  {"http.response.status_code", std::int64_t{503}}};
  const auto started = clock_.monotonic_ns();
  clock_.advance(std::chrono::milliseconds(20));
  tracer_.record(1, {.context = context,
                     .parent = kParent.span,
                     .tracestate = "a=b",
                     .name = "tools/call x",
                     .kind = SpanKind::kServer,
                     .started_ns = started,
                     .is_error = true,
                     .attributes = attributes,
                     .links = std::span(&kUnsampled, 1)});
  const auto batches = tracer_.take();
  ASSERT_EQ(batches.size(), 1u);
  const auto span = testing::parsed(batches.front().spans);
  EXPECT_EQ(testing::at(span, "/startTimeUnixNano"), std::to_string(FakeClock::kStartUnixNs));
  EXPECT_EQ(testing::at(span, "/endTimeUnixNano"), std::to_string(FakeClock::kStartUnixNs + 20'000'000));
  EXPECT_EQ(testing::at(span, "/kind"), "2") << "enums are numbers";
  EXPECT_EQ(testing::at(span, "/attributes/2/value/intValue"), "503");
  const auto read = testing::read_spans(testing::parsed("[" + batches.front().spans + "]")).front();
  EXPECT_EQ(read.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(read.parent, "00f067aa0ba902b7");
  EXPECT_EQ(read.tracestate, "a=b");
  EXPECT_EQ(read.status, 2);
  EXPECT_EQ(read.flags, 0x301) << "sampled, and its parent is another process's";
  EXPECT_EQ(read.at("bad"), "\xef\xbf\xbd\"");
  EXPECT_EQ(read.at("empty"), "(absent)");
  EXPECT_EQ(read.links, std::vector<std::string>{"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"});
}

TEST_F(TracerTest, DropsAndCountsWhatDoesNotFit) {
  int told = 0;
  tracer_.on_full([&] { ++told; });
  for (std::size_t i = 0; i < Tracer::kMaxSpans + 10; ++i) record("one");
  record("two", 1);
  EXPECT_EQ(told, 1) << "once, when it was half full";
  const auto batches = tracer_.take();
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0].count, Tracer::kMaxSpans);
  EXPECT_EQ(batches[1].count, 1u);
  EXPECT_NE(metrics_.render().find("toolrack_telemetry_spans_total{result=\"dropped\"} 10\n"), std::string::npos);
  EXPECT_TRUE(tracer_.take().empty());
  record("after");
  EXPECT_EQ(take_spans(tracer_).front().name, "after");
}

TEST_F(TracerTest, KeepsNoMoreBytesThanItMay) {
  const std::string name(1 << 20, 'n');
  for (int i = 0; i < 6; ++i) record(name);
  EXPECT_EQ(tracer_.take().front().count, 3u);
}

}  // namespace
}  // namespace toolrack::services::telemetry
