/// Kraken's words, which come with HTTP 200, and what becomes of each: tests/data/kraken_errors.json.
#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "base/json.hpp"
#include "unit/plugins/kraken/skill_host.hpp"

namespace toolrack::kraken::testing {
namespace {

using ::testing::HasSubstr;
namespace json = base::json;

/// As the host decides it.
std::string type_of(const sdk::Outcome& outcome) {
  if (outcome.has_flag(TR_OUT_PROVIDER)) return "provider";
  switch (outcome.status) {
    case TR_UNAUTHENTICATED:
    case TR_PERMISSION_DENIED:
      return "auth";
    case TR_NOT_FOUND:
      return "not_found";
    case TR_RESOURCE_EXHAUSTED:
      return "rate_limit";
    case TR_INVALID_ARGUMENT:
    case TR_FAILED_PRECONDITION:
      return "validation";
    case TR_TOOL_ERROR:
      return "provider";
    default:
      return "status " + std::to_string(outcome.status);
  }
}

class KrakenErrors : public SkillHost {
 protected:
  static constexpr const char* kOrder =
      R"({"pair":"XBTUSD","type":"buy","ordertype":"market","volume":"1","cl_ord_id":"mine-1"})";
  static std::string said(const std::string& words) { return R"({"error":[)" + json::quote(words) + "]}"; }
  void answer_balance(const sdk::FakeReply& reply) {
    on("POST", "/0/private/Balance", reply);
    run("balance");
  }
};

TEST_F(KrakenErrors, EachHasItsKind) {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/tests/data/kraken_errors.json");
  const auto rows = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_TRUE(rows);
  ASSERT_GE(rows->Size(), 50u);
  for (const auto& row : rows->GetArray()) {
    const std::string words(*json::find_string(row, "said"));
    const auto wait = std::chrono::seconds(json::find(row, "retry_after")->GetInt());
    const bool is_unsure = json::find(row, "unsure")->GetBool();
    for (const int status : {200, 400}) {
      answer_balance(sdk::FakeReply(status, said(words)));
      EXPECT_EQ(outcome.code, *json::find_string(row, "code")) << words;
      EXPECT_EQ(type_of(outcome), *json::find_string(row, "type")) << words;
      EXPECT_EQ(outcome.retry_after, wait) << words;
      EXPECT_THAT(outcome.message, HasSubstr(words));
      EXPECT_THAT(outcome.details_json, HasSubstr(json::quote(words)));
      EXPECT_FALSE(outcome.hint.empty()) << words;
      EXPECT_FALSE(outcome.has_flag(TR_OUT_FINAL)) << words;
    }
    on("POST", "/0/private/AddOrder", sdk::FakeReply(200, said(words)));
    run("add_order", kOrder);
    EXPECT_EQ(outcome.code, *json::find_string(row, "code")) << words;
    EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL)) << words;
    EXPECT_EQ(outcome.message.find("may have been placed") != std::string::npos, is_unsure) << words;
    EXPECT_EQ(outcome.hint.find("mine-1") != std::string::npos, is_unsure) << words;
    EXPECT_EQ(outcome.retry_after, is_unsure ? std::chrono::seconds(0) : wait) << words;
  }
}

TEST_F(KrakenErrors, TheFirstThatIsNoWarningDecides) {
  answer_balance(sdk::FakeReply(200, R"({"error":["WGeneral:x","EAPI:Invalid key","EOrder:y"],"result":{}})"));
  EXPECT_EQ(outcome.code, "kraken.bad_key");
  EXPECT_EQ(outcome.details_json, R"({"errors":["WGeneral:x","EAPI:Invalid key","EOrder:y"]})");
}

TEST_F(KrakenErrors, AServersOwnWaitComesFirst) {
  answer_balance(sdk::FakeReply(429, said("EAPI:Rate limit exceeded")).retry_after(std::chrono::seconds(33)));
  EXPECT_EQ(outcome.code, "kraken.rate_limited");
  EXPECT_EQ(outcome.retry_after, std::chrono::seconds(33));
  answer_balance(sdk::FakeReply(429, "<html>").retry_after(std::chrono::seconds(34)));
  EXPECT_EQ(outcome.code, "kraken.rate_limited");
  EXPECT_EQ(outcome.retry_after, std::chrono::seconds(34));
  answer_balance(sdk::FakeReply(429, ""));
  EXPECT_EQ(outcome.retry_after, std::chrono::seconds(60));
}

TEST_F(KrakenErrors, AnAnswerWithoutKrakensWordsIsJudgedByItsStatus) {
  struct Case {
    int status;
    const char* body;
    const char* code;
    const char* type;
  };
  for (const Case& each : std::vector<Case>{{502, "<html>", "kraken.unavailable", "provider"},
                                            {520, "", "kraken.unavailable", "provider"},
                                            {200, "<html>", "kraken.garbage", "provider"},
                                            {200, "[]", "kraken.garbage", "provider"},
                                            {200, R"({"error":[]})", "kraken.garbage", "provider"},
                                            {200, R"({"error":[],"result":null})", "kraken.garbage", "provider"},
                                            {200, R"({"error":"EAPI:Invalid key"})", "kraken.garbage", "provider"},
                                            {200, "{\"result\":{\"a\":\"\xff\"}}", "kraken.garbage", "provider"},
                                            {403, "<html>", "kraken.forbidden", "auth"},
                                            {404, "", "kraken.rejected", "validation"}}) {
    answer_balance(sdk::FakeReply(each.status, each.body));
    EXPECT_EQ(outcome.code, each.code) << each.status << each.body;
    EXPECT_EQ(type_of(outcome), each.type) << each.status << each.body;
  }
}

TEST_F(KrakenErrors, AThrottleEndsAtTheSecondThatItNames) {
  constexpr std::int64_t now = 1'700'000'000;  // Where the fake host's clock begins.
  answer_balance(sdk::FakeReply(200, said("EService:Throttled: " + std::to_string(now + 90))));
  EXPECT_EQ(outcome.code, "kraken.rate_limited");
  EXPECT_GT(outcome.retry_after, std::chrono::seconds(80));
  EXPECT_LE(outcome.retry_after, std::chrono::seconds(90));
  // One that is none: in the past, far away, or no number of a second.
  for (const auto* until : {"12", "1900000000", "99999999999999999999"}) {
    answer_balance(sdk::FakeReply(200, said("EService:Throttled: " + std::string(until))));
    EXPECT_EQ(outcome.retry_after, std::chrono::seconds(15)) << until;
  }
}

TEST_F(KrakenErrors, AreTheSameForMarketData) {
  on("GET", "/0/public/Ticker?pair=NONE", sdk::FakeReply(200, said("EQuery:Unknown asset pair")));
  EXPECT_EQ(run("ticker", R"({"pair":"NONE"})").code, "kraken.unknown_pair");
  EXPECT_EQ(outcome.status, TR_NOT_FOUND);
  EXPECT_THAT(outcome.hint, HasSubstr("asset_pairs"));
}

}  // namespace
}  // namespace toolrack::kraken::testing
