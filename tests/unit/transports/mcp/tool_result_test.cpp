#include "transports/mcp/tool_result.hpp"

#include "mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using testing::parsed;
using Type = registry::Part::Type;

constexpr std::array kAll{Revision::k20241105, Revision::k20250326, Revision::k20250618, Revision::k20251125,
                          Revision::k20260728};

call::CallOutcome outcome(std::string output) {
  call::CallOutcome made;
  made.request_id = "req-1";
  made.result = testing::success(std::move(output));
  return made;
}

std::string call_result(const call::CallOutcome& made, Revision revision) {
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  write_call_result(writer, made, revision);
  return std::string(base::json::view(buffer));
}

TEST(ToolResult, CarriesStructuredContentWhereTheRevisionHasIt) {
  const auto made = outcome(R"({"a":[1,2]})");
  for (const auto revision : kAll) {
    const auto result = parsed(call_result(made, revision));
    EXPECT_EQ(at(result, "/content/0/text"), R"({"a":[1,2]})") << "always as text";
    EXPECT_EQ(at(result, "/structuredContent"), revision < Revision::k20250618 ? "(absent)" : R"({"a":[1,2]})");
  }
}

TEST(ToolResult, WrapsStructuredContentThatIsNoObjectForLegacyClients) {
  for (const std::string value : {"42", "[1]", "\"x\"", "null", " true"}) {
    const auto made = outcome(value);
    const auto trimmed = value.substr(value.find_first_not_of(' '));
    EXPECT_EQ(at(parsed(call_result(made, Revision::k20251125)), "/structuredContent"), "{\"result\":" + trimmed + "}");
    const auto modern = parsed(call_result(made, Revision::k20260728));
    EXPECT_EQ(base::json::dump(*base::json::at(modern, "/structuredContent")), trimmed);
  }
}

TEST(ToolResult, HasResultTypeAndServerInfoInTheModernEraOnly) {
  const auto made = outcome("{}");
  for (const auto revision : kAll) {
    const auto result = parsed(call_result(made, revision));
    const bool is_modern = revision == Revision::k20260728;
    EXPECT_EQ(at(result, "/resultType"), is_modern ? "complete" : "(absent)");
    EXPECT_EQ(at(result, "/_meta/io.modelcontextprotocol~1serverInfo/name"), is_modern ? "toolrack" : "(absent)");
    EXPECT_EQ(at(result, "/_meta/dev.toolrack~1request_id"), "req-1");
    EXPECT_EQ(at(result, "/isError"), "false");
  }
}

TEST(ToolResult, PutsEveryViolationIntoTheTextOfAFailure) {
  auto made = outcome("");
  made.result.error = base::Error(base::ErrorCode::kInvalidInput, "the input of a.b at /x: expected a string")
                          .with_details(R"([{"pointer":"/x","keyword":"type","message":"expected a string"},)"
                                        R"({"pointer":"/y","keyword":"minimum","message":"expected at least 1"}])");
  for (const auto revision : kAll) {
    const auto result = parsed(call_result(made, revision));
    EXPECT_EQ(at(result, "/isError"), "true");
    EXPECT_EQ(at(result, "/structuredContent"), "(absent)") << "only successes carry it";
    const auto text = at(result, "/content/0/text");
    for (const auto* part :
         {"invalid_input", "/x: expected a string", "/y: expected at least 1", "Correct the named values"})
      EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
  }
}

TEST(ToolResult, TurnsBlocksThatARevisionLacksIntoText) {
  auto made = outcome("");
  made.result.parts.push_back({.type = Type::kAudio, .media_type = "audio/wav", .bytes = "RIFF"});
  made.result.parts.push_back({.type = Type::kLink, .media_type = "", .uri = "https://a.example/b", .name = "b"});
  made.result.parts.push_back({.type = Type::kImage, .media_type = "image/png", .bytes = "PNG"});
  const auto types = [&](Revision revision) {
    const auto result = parsed(call_result(made, revision));
    return at(result, "/content/0/type") + " " + at(result, "/content/1/type") + " " + at(result, "/content/2/type");
  };
  EXPECT_EQ(types(Revision::k20241105), "text text image");
  EXPECT_EQ(types(Revision::k20250326), "audio text image");
  EXPECT_EQ(types(Revision::k20250618), "audio resource_link image");
  EXPECT_EQ(types(Revision::k20260728), "audio resource_link image");
  const auto old = parsed(call_result(made, Revision::k20241105));
  EXPECT_EQ(at(old, "/content/1/text"), "b: https://a.example/b") << "the link is not lost";
}

TEST(ToolResult, WritesEveryKindOfBlock) {
  auto made = outcome("");
  made.result.parts.push_back(
      {.type = Type::kText, .text = "a\n\"b\"", .extra_json = R"({"annotations":{"priority":1}})"});
  made.result.parts.push_back({.type = Type::kResource, .text = "t", .media_type = "text/plain", .uri = "x://1"});
  made.result.parts.push_back({.type = Type::kResource, .uri = "x://2", .bytes = std::string("\0\xff", 2)});
  made.result.parts.push_back({.type = Type::kJson, .text = R"({"type":"vendor","x":1})"});
  const auto result = parsed(call_result(made, Revision::k20260728));
  EXPECT_EQ(at(result, "/content/0/text"), "a\n\"b\"");
  EXPECT_EQ(at(result, "/content/0/annotations/priority"), "1");
  EXPECT_EQ(at(result, "/content/1/resource/text"), "t");
  EXPECT_EQ(at(result, "/content/2/resource/blob"), "AP8=");
  EXPECT_EQ(at(result, "/content/3/type"), "vendor");
  EXPECT_EQ(at(result, "/content/4"), "(absent)") << "parts replace the text of the output";
}

TEST(ToolResult, PassesASkillsMetaButNotInOurName) {
  auto made = outcome("{}");
  made.result.meta_json =
      R"({"vendor.example/x":{"y":1},"dev.toolrack/cost_usd":0,"io.modelcontextprotocol/serverInfo":{"name":"evil"}})";
  for (const auto revision : kAll) {
    const auto result = parsed(call_result(made, revision));  // Refuses duplicate members.
    EXPECT_EQ(at(result, "/_meta/vendor.example~1x/y"), "1");
    EXPECT_EQ(at(result, "/_meta/dev.toolrack~1cost_usd"), "(absent)");
    EXPECT_NE(at(result, "/_meta/io.modelcontextprotocol~1serverInfo/name"), "evil");
  }
}

TEST(ToolResult, AnswersADryRunWithItsExplanation) {
  auto made = outcome("");
  made.explanation_json = R"({"would_run":true})";
  EXPECT_EQ(at(parsed(call_result(made, Revision::k20260728)), "/structuredContent/would_run"), "true");
}

}  // namespace
}  // namespace toolrack::mcp
