#include "operations/use_tool.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"

namespace toolrack::operations {
namespace {

namespace json = base::json;

/// The request that a body becomes, or the error; the body lives as long.
struct Read {
  explicit Read(std::string_view body)
      : document(*json::parse(body)), result(read_use_tool(document, "raw", request)) {}
  json::Document document;
  call::CallRequest request;
  base::Result<void> result;
};

TEST(UseTool, ReadsEveryMember) {
  const Read read(R"({"tool":"seo","skill":"analyze","input":{"url":"x"},"dry_run":true,"confirm":true,)"
                  R"("max_price":"0.05","timeout_ms":1500})");
  ASSERT_TRUE(read.result) << read.result.error().message();
  EXPECT_EQ(read.request.tool, "seo");
  EXPECT_EQ(read.request.skill, "analyze");
  EXPECT_EQ(read.request.input_json, "raw");
  EXPECT_EQ(json::dump(*read.request.input), R"({"url":"x"})");
  EXPECT_TRUE(read.request.dry_run);
  EXPECT_TRUE(read.request.confirmed);
  EXPECT_EQ(read.request.max_price, base::Money::from_micros(50'000));
  EXPECT_EQ(read.request.timeout_ms, 1500);
}

TEST(UseTool, ReadsAPriceAsANumberWithoutAFloatingPointDetour) {
  EXPECT_EQ(Read(R"({"tool":"a","max_price":0.1})").request.max_price, base::Money::from_micros(100'000));
  EXPECT_EQ(Read(R"({"tool":"a","max_price":0.000001})").request.max_price, base::Money::from_micros(1));
  EXPECT_EQ(Read(R"({"tool":"a","max_price":3})").request.max_price, base::Money::from_micros(3'000'000));
}

TEST(UseTool, NamesTheMemberThatIsWrong) {
  const struct {
    std::string_view body, named;
  } rows[] = {{R"({})", "tool"},
              {R"({"tool":""})", "tool"},
              {R"({"tool":1})", "tool"},
              {R"({"tool":"a","skill":null})", "skill"},
              {R"({"tool":"a","input":"x"})", "input"},
              {R"({"tool":"a","input":{},"arguments":{}})", "arguments"},
              {R"({"tool":"a","dry_run":1})", "dry_run"},
              {R"({"tool":"a","confirm":"yes"})", "confirm"},
              {R"({"tool":"a","max_price":true})", "max_price"},
              {R"({"tool":"a","timeout_ms":0})", "timeout_ms"},
              {R"({"tool":"a","timeout_ms":1.5})", "timeout_ms"},
              {R"({"tool":"a","backend":[]})", "backend"},
              {R"({"tool":"a","backend":{"only":"b"}})", "backend.only"},
              {R"({"tool":"a","stream":1})", "stream"},
              {R"({"tool":"a","webhook":""})", "webhook"},
              {R"({"tool":"a","webhook":{"url":"x"}})", "webhook"},
              {R"({"tool":"a","unknown":1})", "unknown"}};
  for (const auto& row : rows) {
    const Read read(row.body);
    ASSERT_FALSE(read.result) << row.body;
    EXPECT_NE(read.result.error().message().find(row.named), std::string::npos) << read.result.error().message();
  }
}

TEST(UseTool, RefusesPricesThatAreNone) {
  for (const auto* body : {R"({"tool":"a","max_price":"-1"})", R"({"tool":"a","max_price":-1})",
                           R"({"tool":"a","max_price":"1e3"})", R"({"tool":"a","max_price":"0.0000001"})"})
    EXPECT_FALSE(Read(body).result) << body;
}

TEST(UseTool, RefusesWhatIsNoObject) {
  for (const auto* body : {"[]", "1", "null", "\"tool\""}) EXPECT_FALSE(Read(body).result) << body;
}

}  // namespace
}  // namespace toolrack::operations
