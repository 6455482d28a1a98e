#include "base/trace_context.hpp"

#include <gtest/gtest.h>

#include <set>

namespace toolrack::base {
namespace {

constexpr std::string_view kExample = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(Traceparent, IsReadAndWrittenTheSame) {
  const auto read = parse_traceparent(kExample);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->trace.high, 0x4bf92f3577b34da6u);
  EXPECT_EQ(read->trace.low, 0xa3ce929d0e0e4736u);
  EXPECT_EQ(read->span, 0x00f067aa0ba902b7u);
  EXPECT_TRUE(read->is_sampled());
  EXPECT_EQ(Traceparent(*read).view(), kExample);
}

TEST(Traceparent, WhatIsNoneCountsAsNotGiven) {
  for (const auto* text : {
           "",
           "00",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",    // Too short.
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",  // Version 00 has no more.
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
           "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",  // Capitals.
           "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902bg-01",
           "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
           "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
           "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
           "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
           " 0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
       })
    EXPECT_FALSE(parse_traceparent(text)) << text;
}

TEST(Traceparent, OfALaterVersionTheKnownPartCounts) {
  const auto read = parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff-and-more");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->flags, TraceContext::kSampled | TraceContext::kRandom);
  EXPECT_EQ(Traceparent(*read).view(), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03");
}

TEST(TraceContext, AChildIsInTheSameTraceWithAnIdOfItsOwn) {
  std::set<std::uint64_t> spans;
  const auto parent = *parse_traceparent(kExample);
  for (int i = 0; i < 1'000; ++i) {
    const auto child = parent.child();
    EXPECT_EQ(child.trace, parent.trace);
    EXPECT_EQ(child.flags, parent.flags);
    spans.insert(child.span);
  }
  EXPECT_EQ(spans.size(), 1'000u);
}

TEST(TraceContext, ANewOneCanBeReadBackAndIsNotSampled) {
  std::set<std::string> texts;
  for (int i = 0; i < 1'000; ++i) {
    const auto made = TraceContext::make();
    EXPECT_FALSE(made.is_sampled());
    EXPECT_EQ(parse_traceparent(Traceparent(made).view()), made);
    texts.emplace(Traceparent(made).view());
  }
  EXPECT_EQ(texts.size(), 1'000u);
}

TEST(Tracestate, IsPassedOnInItsOrder) {
  EXPECT_EQ(clean_tracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  EXPECT_EQ(clean_tracestate(" rojo=1 ,\t, ,a@b=x y "), "rojo=1,a@b=x y");
  EXPECT_EQ(clean_tracestate(""), "");
  EXPECT_EQ(clean_tracestate(" ,, "), "");
}

TEST(Tracestate, WhatIsNoneIsDroppedWhole) {
  for (const auto* text : {"a", "=1", "a=", "A=1", "-a=1", "a=1=2", "a b=1", "a=1,a=2", "a=\x01", "a=\xc3\xa4"})
    EXPECT_EQ(clean_tracestate(text), "") << text;
  std::string many;
  for (int i = 0; i < 32; ++i) many += "k" + std::to_string(i) + "=v,";
  EXPECT_FALSE(clean_tracestate(many).empty());
  EXPECT_EQ(clean_tracestate(many + "k32=v"), "");
  EXPECT_EQ(clean_tracestate(std::string(257, 'k') + "=v"), "");
  EXPECT_EQ(clean_tracestate("k=" + std::string(257, 'v')), "");
}

TEST(Tracestate, LosesLongMembersThenTheLastOnes) {
  const auto member = [](char key, std::size_t size) { return std::string(1, key) + "=" + std::string(size - 2, 'v'); };
  const auto join = [](const std::vector<std::string>& members) {
    std::string out;
    for (const auto& one : members) out += (out.empty() ? "" : ",") + one;
    return out;
  };
  const auto a = member('a', 128), b = member('b', 200), c = member('c', 128), d = member('d', 128);
  EXPECT_EQ(clean_tracestate(join({a, b, c, d})), join({a, c, d}));
  const auto e = member('e', 128), f = member('f', 128);
  EXPECT_EQ(clean_tracestate(join({a, c, d, e, f})), join({a, c, d}));
}

}  // namespace
}  // namespace toolrack::base
