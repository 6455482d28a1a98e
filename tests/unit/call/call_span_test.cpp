/// Calls that skills make, as spans.
#include <gmock/gmock.h>

#include "composing_skill.hpp"
#include "support/recorded_spans.hpp"

namespace toolrack::call {
namespace {

constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class CallSpanTest : public CallTest {
 protected:
  CallSpanTest() {
    rack_.tracer.apply(testing::record_all());
    const auto composing = std::make_shared<ComposingSkill>();
    rack_.publish(
        {testing::make_tool("fake", {{.name = "echo", .handler = echo_}}),
         testing::make_tool("outer", {{.name = "a", .handler = composing}, {.name = "b", .handler = composing}},
                            "1.0.0", {"*"})});
  }
};

TEST_F(CallSpanTest, ChainsFormAChainOfSpans) {
  const auto ended = run(
      {.skill = "a",
       .input = R"({"calls":[{"skill":"outer.b","input":{"calls":[{"skill":"fake.echo"},{"skill":"fake.nobody"}]}}]})",
       .tool = "outer",
       .traceparent = std::string(kParent)});
  ASSERT_TRUE(ended.ok) << ended.message;
  const auto spans = testing::take_spans(rack_.tracer);
  ASSERT_EQ(spans.size(), 2u) << "what was refused before it began is none";
  const auto &inner = spans[0], &outer = spans[1];
  EXPECT_EQ(inner.name, "execute_tool fake_echo");
  EXPECT_EQ(outer.name, "execute_tool outer_b");
  EXPECT_EQ(outer.parent, "00f067aa0ba902b7");
  EXPECT_EQ(inner.parent, outer.id);
  EXPECT_EQ(inner.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(inner.at("gen_ai.operation.name"), "execute_tool");
}

TEST_F(CallSpanTest, TellsWhatGoesInAndComesOutWhereTheOperatorWantsIt) {
  auto settings = testing::record_all();
  settings.call_content_bytes = 1000;
  rack_.tracer.apply(settings);
  run({.skill = "a",
       .input = R"({"calls":[{"skill":"fake.echo","input":{"text":"hi","token":"t"}}]})",
       .tool = "outer",
       .traceparent = std::string(kParent)});
  const auto spans = testing::take_spans(rack_.tracer);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].at("gen_ai.tool.call.arguments"), R"({"text":"hi","token":"REDACTED"})");
  EXPECT_EQ(spans[0].at("gen_ai.tool.call.result"), R"({"text":"hi","token":"REDACTED"})");
}

TEST_F(CallSpanTest, WithoutARecordedTraceThereAreNone) {
  run({.skill = "a", .input = R"({"calls":[{"skill":"fake.echo"}]})", .tool = "outer"});
  run({.skill = "a",
       .input = R"({"calls":[{"skill":"fake.echo"}]})",
       .tool = "outer",
       .traceparent = std::string(kParent.substr(0, 53)) + "00"});
  EXPECT_THAT(testing::take_spans(rack_.tracer), ::testing::IsEmpty());
}

}  // namespace
}  // namespace toolrack::call
