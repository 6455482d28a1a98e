/// What the search services say instead of results, and what becomes of each: tests/data/seo_search_errors.json.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "base/json.hpp"
#include "unit/plugins/seo/search_host.hpp"

namespace toolrack::seo::testing {
namespace {

namespace json = base::json;

using SearchErrors = SearchHost;

const char* type_of(const sdk::Outcome& outcome) {
  if (outcome.has_flag(TR_OUT_PROVIDER)) return "provider";
  switch (outcome.status) {
    case TR_UNAUTHENTICATED:
    case TR_PERMISSION_DENIED:
      return "auth";
    case TR_PAYMENT_REQUIRED:
      return "billing";
    case TR_RESOURCE_EXHAUSTED:
      return "rate_limit";
    case TR_INVALID_ARGUMENT:
      return "validation";
    default:
      return "another";
  }
}

TEST_F(SearchErrors, EachHasItsType) {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/tests/data/seo_search_errors.json");
  const auto rows = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_TRUE(rows);
  ASSERT_GE(rows->Size(), 40u);
  for (const auto& row : rows->GetArray()) {
    const std::string provider(*json::find_string(row, "provider"));
    const std::string body(*json::find_string(row, "body"));
    sdk::FakeReply reply(json::find(row, "http")->GetInt(), body);
    if (const auto* header = json::find(row, "header_s")) reply.retry_after(std::chrono::seconds(header->GetInt()));
    answers(provider == "serper" ? kSerperSearch : kDataForSeoSearch, reply);
    run("rankings", provider, R"({"query":"q"})");
    EXPECT_EQ(outcome.code, *json::find_string(row, "code")) << body;
    EXPECT_EQ(type_of(outcome), std::string(*json::find_string(row, "type"))) << body;
    EXPECT_EQ(outcome.has_flag(TR_OUT_NEXT), json::find(row, "next")->GetBool()) << body;
    EXPECT_EQ(outcome.retry_after, std::chrono::seconds(json::find(row, "retry_after")->GetInt())) << body;
    EXPECT_FALSE(outcome.hint.empty()) << body;
    EXPECT_TRUE(outcome.meters.empty()) << body;
    if (const auto says = json::find_string(row, "says"))
      EXPECT_THAT(outcome.message, ::testing::HasSubstr(std::string(*says))) << body;
  }
}

}  // namespace
}  // namespace toolrack::seo::testing
