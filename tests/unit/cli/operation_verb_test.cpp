#include "cli/operation_verb.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "operations/table.hpp"

namespace toolrack::cli {
namespace {

using ::testing::HasSubstr;

/// "METHOD path body" of an operation for this input, or the error's message.
std::string http(std::string_view operation, std::map<std::string, std::vector<std::string>> values) {
  static const operations::Table table;
  const auto call = to_http(table.find(operation)->operation, {.values = std::move(values)});
  return call ? call->method + " " + call->path + (call->body.empty() ? "" : " " + call->body) : call.error().message();
}

TEST(OperationVerb, PutsWhatTheRouteNamesIntoThePath) {
  EXPECT_EQ(http("get_tool", {{"tool", {"seo"}}}), "GET /v1/tools/seo");
  EXPECT_EQ(http("revoke_api_key", {{"id", {"k1"}}}), "DELETE /v1/keys/k1");
}

TEST(OperationVerb, KeepsTheSlashBetweenOwnerAndTool) {
  EXPECT_EQ(http("get_tool", {{"tool", {"acme/seo"}}}), "GET /v1/tools/acme/seo");
}

TEST(OperationVerb, LetsNoWordBreakOutOfItsSegment) {
  EXPECT_EQ(http("revoke_api_key", {{"id", {"../health?x"}}}), "DELETE /v1/keys/..%2Fhealth%3Fx");
}

TEST(OperationVerb, PutsTheRestOfAGetIntoTheQuery) {
  EXPECT_EQ(http("discover", {{"query", {"page", "title"}}, {"limit", {"5"}}}),
            "GET /v1/tools/search?limit=5&query=page%20title");
  EXPECT_EQ(http("discover", {}), "GET /v1/tools/search");
}

TEST(OperationVerb, PutsTypedValuesIntoTheBodyOfAPost) {
  EXPECT_EQ(
      http("create_api_key", {{"name", {"5"}}, {"expires_in_days", {"30"}}, {"scopes", {"tools:read", "tools:call"}}}),
      R"(POST /v1/keys {"expires_in_days":30,"name":"5","scopes":["tools:read","tools:call"]})");
}

TEST(OperationVerb, NamesAnOptionThatCannotBeRead) {
  EXPECT_THAT(http("create_api_key", {{"name", {"x"}}, {"expires_in_days", {"soon"}}}), HasSubstr("\"soon\""));
}

}  // namespace
}  // namespace toolrack::cli
