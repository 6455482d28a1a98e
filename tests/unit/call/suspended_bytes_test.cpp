/// A suspended call as bytes, and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/questions/suspended_call.hpp"

namespace toolrack::call {
namespace {

using ::testing::ElementsAre;

SuspendedCall full() {
  SuspendedCall call;
  call.call_id = "01KAXS";
  call.tool = "toolrack/seo@1.0.0";
  call.skill = "ask";
  call.run = 3;
  call.kinds = registry::kCanAskForm | registry::kCanSampleWithTools;
  call.backend = "far";
  call.attempt = 2;
  call.attempts = {{.backend = "near", .error = "timeout", .message = "\xff no text", .took_ns = -7}};
  call.operations = {{.service = "http.send", .request = R"({"a":1})", .reply = std::string("\0\n", 2), .ended = 1},
                     {.service = "ask", .request = R"({"key":"who"})", .reply = {}, .ended = 0}};
  call.open = {
      {.kind = registry::QuestionKind::kUrl, .key = "who", .message = "?", .params_json = "{}", .url = "https://x"}};
  static_cast<void>(call.steps.begin("paid"));
  static_cast<void>(call.steps.end("paid", registry::Once::Ending::kDone, "receipt 7"));
  static_cast<void>(call.steps.begin("lost"));
  static_cast<void>(call.steps.end("lost", registry::Once::Ending::kUnknown, ""));
  call.nested.cost = base::Money::from_micros(5);
  call.nested.count = 101;
  call.nested.calls = {{.request_id = "01KAXS.1",
                        .tool = "echo",
                        .version = "1.0.0",
                        .skill = "echo",
                        .error = "timeout",
                        .cost = base::Money::from_micros(4)}};
  call.nested_committed = base::Money::from_micros(6);
  call.nested_started = 102;
  return call;
}

TEST(SuspendedBytesTest, BringBackAllThatWasKept) {
  auto read = suspended_call_from(to_bytes(full()));
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->call_id, "01KAXS");
  EXPECT_EQ(read->tool, "toolrack/seo@1.0.0");
  EXPECT_EQ(read->skill, "ask");
  EXPECT_EQ(read->run, 3u);
  EXPECT_EQ(read->kinds, registry::kCanAskForm | registry::kCanSampleWithTools);
  EXPECT_EQ(read->backend, "far");
  EXPECT_EQ(read->attempt, 2u);
  ASSERT_EQ(read->attempts.size(), 1u);
  EXPECT_EQ(read->attempts[0].message, "\xff no text");
  EXPECT_EQ(read->attempts[0].took_ns, -7);
  ASSERT_EQ(read->operations.size(), 2u);
  EXPECT_EQ(read->operations[0].reply, std::string("\0\n", 2));
  EXPECT_EQ(read->operations[0].ended, 1u);
  EXPECT_EQ(read->operations[1].service, "ask");
  ASSERT_EQ(read->open.size(), 1u);
  EXPECT_EQ(read->open[0].kind, registry::QuestionKind::kUrl);
  EXPECT_EQ(read->open[0].url, "https://x");
  EXPECT_EQ(read->steps.begin("paid")->value, "receipt 7");
  EXPECT_EQ(read->steps.begin("lost")->found, registry::Once::Found::kUnknown);
  EXPECT_EQ(read->steps.bytes(), full().steps.bytes());
  EXPECT_EQ(read->nested.count, 101u);
  ASSERT_EQ(read->nested.calls.size(), 1u);
  EXPECT_EQ(read->nested.calls[0].cost, base::Money::from_micros(4));
  EXPECT_EQ(read->nested_committed, base::Money::from_micros(6));
  EXPECT_EQ(read->nested_started, 102u);
  EXPECT_EQ(to_bytes(*read), to_bytes(full()));
}

TEST(SuspendedBytesTest, RefuseWhatIsCutOffOrTooLong) {
  const auto bytes = to_bytes(full());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(suspended_call_from(std::string_view(bytes).substr(0, size))) << size;
  EXPECT_FALSE(suspended_call_from(bytes + '\0'));
  EXPECT_FALSE(suspended_call_from(std::string(200, '\xff'))) << "lengths beyond anything";
}

}  // namespace
}  // namespace toolrack::call
