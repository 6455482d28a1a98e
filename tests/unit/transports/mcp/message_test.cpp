#include "transports/mcp/message.hpp"

#include <gtest/gtest.h>

namespace toolrack::mcp {
namespace {

TEST(Message, KeepsTheRawTextOfWhatTravelsOn) {
  const std::string text = R"({"jsonrpc":"2.0","id": "\u0041" ,"method":"tools/call","params":{"name":"use_tool",)"
                           R"("arguments":{"input": {"a": 1.50} ,"arguments":[1]},"_meta":{"progressToken": 5 }}})";
  const auto message = parse_message(text);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->kind, MessageKind::kRequest);
  EXPECT_EQ(message->id, R"("\u0041")");
  EXPECT_EQ(message->id_key(), R"("A")");
  EXPECT_EQ(message->method, "tools/call");
  EXPECT_EQ(message->nested_input, R"({"a": 1.50})");
  EXPECT_EQ(message->nested_arguments, "[1]");
  EXPECT_EQ(message->progress_token, "5");
}

TEST(Message, TellsItsKind) {
  const auto kind = [](std::string_view text) { return parse_message(text)->kind; };
  EXPECT_EQ(kind(R"({"jsonrpc":"2.0","id":1,"method":"a"})"), MessageKind::kRequest);
  EXPECT_EQ(kind(R"({"jsonrpc":"2.0","method":"a"})"), MessageKind::kNotification);
  EXPECT_EQ(kind(R"({"jsonrpc":"2.0","id":1,"result":{}})"), MessageKind::kResponse);
  EXPECT_EQ(kind(R"({"jsonrpc":"2.0","error":{"code":1,"message":"x"}})"), MessageKind::kResponse);
  for (const auto* bad :
       {"1", "null", "{}", R"({"jsonrpc":"2.0"})", R"({"jsonrpc":2.0,"id":1,"method":"a"})",
        R"({"jsonrpc":"2.0","id":null,"method":"a"})", R"({"jsonrpc":"2.0","id":true,"method":"a"})",
        R"({"jsonrpc":"2.0","id":1,"method":null})", R"({"jsonrpc":"2.0","id":1,"method":"a","params":null})",
        R"({"jsonrpc":"2.0","id":1,"result":{},"error":{}})"})
    EXPECT_EQ(kind(bad), MessageKind::kInvalid) << bad;
}

TEST(Message, DoesNotTakeMembersOfStrangersForItsOwn) {
  const auto message = parse_message(
      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","other":{"arguments":{"input":{"evil":1}}}}})");
  ASSERT_TRUE(message);
  EXPECT_EQ(message->arguments, "");
  EXPECT_EQ(message->progress_token, "");
}

TEST(Message, TakesRawPartsFromWhereTheParsedOnesAre) {
  // What is validated is the parsed part, what the skill gets is the raw one: they must not be two.
  const auto read = [](std::string_view params) {
    return R"({"jsonrpc":"2.0","id":1,"x":{"arguments":{"input":{"evil":1},"arguments":{"evil":2}},)"
           R"("_meta":{"progressToken":"evil"}},"method":"tools/call","params":)" +
           std::string(params) + "}";
  };
  const auto text =
      read(R"({"name":"use_tool","arguments":{"input":{"good":1},"arguments":[2]},"_meta":{"progressToken":3}})");
  const auto message = parse_message(text);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->nested_input, R"({"good":1})");
  EXPECT_EQ(message->nested_arguments, "[2]");
  EXPECT_EQ(message->progress_token, "3");
  const auto bare_text = read(R"({"name":"use_tool","arguments":{}})");
  const auto bare = parse_message(bare_text);
  ASSERT_TRUE(bare);
  EXPECT_EQ(bare->nested_input, "");
  EXPECT_EQ(bare->nested_arguments, "");
  EXPECT_EQ(bare->progress_token, "");
}

TEST(Message, SaysWhetherItClaimsAVersion) {
  const auto with_meta = [](std::string_view meta) {
    return parse_message(R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":)" + std::string(meta) + "}}");
  };
  constexpr std::string_view kClaim = R"({"io.modelcontextprotocol/protocolVersion":"2026-07-28"})";
  EXPECT_FALSE(with_meta("{}")->has_claim());
  EXPECT_TRUE(with_meta(R"({"io.modelcontextprotocol/protocolVersion":5})")->has_claim());
  EXPECT_EQ(with_meta(R"({"io.modelcontextprotocol/protocolVersion":5})")->claimed_version(), "");
  // The views go into the text, so it must live.
  const auto text = R"({"jsonrpc":"2.0","id":1,"method":"a","params":{"_meta":)" + std::string(kClaim) + "}}";
  EXPECT_EQ(parse_message(text)->claimed_version(), "2026-07-28");
  EXPECT_TRUE(with_meta("[]")->has_bad_meta);
  EXPECT_FALSE(with_meta("[]")->has_claim());
}

}  // namespace
}  // namespace toolrack::mcp
