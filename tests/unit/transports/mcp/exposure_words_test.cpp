/// What clients are told of the exposure that their URL names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::parsed;

class ExposureWordsTest : public McpTest {
 protected:
  std::string ask(const std::string& query, const std::string& method, const std::string& params = "") {
    return testing::exchange(rack_.port, "POST", "/mcp" + query, modern_headers(method),
                             modern_body("1", method, params))
        .body;
  }
  std::string initialize(const std::string& query) {
    return testing::exchange(
               rack_.port, "POST", "/mcp" + query, base_headers(),
               R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
               R"("capabilities":{},"clientInfo":{"name":"t","version":"1"}}})")
        .body;
  }
};

TEST_F(ExposureWordsTest, InstructionsSpeakOfTheToolsThatAreListed) {
  for (const auto& body : {ask("", "server/discover"), initialize(""), initialize("?expose=meta")})
    EXPECT_THAT(at(parsed(body), "/result/instructions"), HasSubstr("use_tool"));
  for (const auto& body : {ask("?expose=flat", "server/discover"), initialize("?expose=flat&tools=fake")}) {
    EXPECT_THAT(at(parsed(body), "/result/instructions"), HasSubstr("Each tool is one skill"));
    EXPECT_THAT(body, Not(HasSubstr("use_tool"))) << "it is not in the list";
  }
}

TEST_F(ExposureWordsTest, AnUnknownOneIsRefusedWithWhatThereIs) {
  const auto words = HasSubstr(R"(expose=\"all\" is unknown. Use expose=flat for every skill under its own name)");
  for (const auto& body :
       {ask("?expose=all", "server/discover"), ask("?expose=all", "tools/list"), ask("?expose=all", "prompts/list"),
        ask("?expose=all", "subscriptions/listen", R"("notifications":{},)"), initialize("?expose=all")})
    EXPECT_THAT(body, words);
  const auto headers = legacy_headers(open_session());
  EXPECT_THAT(testing::exchange(rack_.port, "GET", "/mcp?expose=all", headers, "").body, words);
}

}  // namespace
}  // namespace toolrack::mcp
