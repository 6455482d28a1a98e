#include <gmock/gmock.h>

#include "unit/plugins/seo/search_host.hpp"

namespace toolrack::seo::testing {
namespace {

using KeywordIdeas = SearchHost;

const char* const kIdeas = R"([{"total_count":2100,"items":[
  {"keyword":"trail shoes","keyword_info":{"search_volume":110000,"cpc":5.490000000000001,"competition":0.07,"competition_level":"LOW",
     "monthly_searches":[{"year":2026,"month":3,"search_volume":90500},{"year":2026,"month":12,"search_volume":null},{"year":null,"month":1}],
     "search_volume_trend":{"monthly":-4,"quarterly":null,"yearly":22}},
   "keyword_properties":{"keyword_difficulty":63},"search_intent_info":{"main_intent":"commercial"}},
  {"keyword":"rare shoes","keyword_info":{"search_volume":null,"cpc":null,"competition":null,"competition_level":null,
     "monthly_searches":null,"search_volume_trend":null},"keyword_properties":null,"search_intent_info":null},
  {"keyword":null},{"keyword":"bare"}]}])";

TEST_F(KeywordIdeas, TellsTheFiguresOfDataForSeo) {
  answers(kDataForSeoIdeas, sdk::FakeReply(200, task_answer(kIdeas)));
  ASSERT_TRUE(run("keyword_ideas", "dataforseo", R"({"keywords":["shoes"],"history":true})").ok()) << outcome.message;
  EXPECT_EQ(
      at("/ideas/0"),
      R"({"keyword":"trail shoes","volume":110000,"cpc_usd":5.490000000000001,"competition":0.07,"competition_level":"low",)"
      R"("difficulty":63,"intent":"commercial","trend":{"monthly_percent":-4,"quarterly_percent":null,"yearly_percent":22},)"
      R"("history":[{"month":"2026-03","volume":90500},{"month":"2026-12","volume":null}]})");
  EXPECT_EQ(at("/total"), "2100");
  EXPECT_EQ(outcome.meters["usd"], 3500);
}

TEST_F(KeywordIdeas, InventsNothing) {
  answers(kDataForSeoIdeas, sdk::FakeReply(200, task_answer(kIdeas)));
  ASSERT_TRUE(run("keyword_ideas", "dataforseo", R"({"keywords":["shoes"]})").ok()) << outcome.message;
  const std::string nothing = R"("volume":null,"cpc_usd":null,"competition":null,"competition_level":null,)"
                              R"("difficulty":null,"intent":null,"trend":null})";
  EXPECT_EQ(at("/ideas/1"), R"({"keyword":"rare shoes",)" + nothing);
  EXPECT_EQ(at("/ideas/2"), R"({"keyword":"bare",)" + nothing);
  EXPECT_EQ(output["ideas"].Size(), 3u);
}

TEST_F(KeywordIdeas, AsksDataForSeoOnceForAllSeeds) {
  answers(kDataForSeoIdeas, sdk::FakeReply(200, task_answer("[]")).always());
  ASSERT_TRUE(run("keyword_ideas", "dataforseo",
                  R"({"keywords":["a+b","c"],"country":"DE","language":"de","limit":7,"sort":"volume"})")
                  .ok());
  EXPECT_EQ(last().body, R"([{"keywords":["a%2Bb","c"],"location_code":2276,"language_code":"de","limit":7,)"
                         R"("order_by":["keyword_info.search_volume,desc"]}])");
  run("keyword_ideas", "dataforseo", R"({"keywords":["a"]})");
  EXPECT_EQ(last().body, R"([{"keywords":["a"],"location_code":2840,"language_code":"en","limit":50}])");
}

TEST_F(KeywordIdeas, CountsThePriceWhereTheAnswerNamesNone) {
  answers(kDataForSeoIdeas,
          sdk::FakeReply(
              200, R"({"status_code":20000,"tasks":[{"status_code":20000,"result":[{"items":[{"keyword":"a"}]}]}]})"));
  ASSERT_TRUE(run("keyword_ideas", "dataforseo", R"({"keywords":["a"]})").ok());
  EXPECT_EQ(outcome.meters["usd"], 10'100);
}

TEST_F(KeywordIdeas, CollectsTheCompletionsOfEverySeedOnce) {
  answers(kSerperCompletions, sdk::FakeReply(200, R"({"suggestions":[{"value":"shoes red"},{"value":"shoes"},{}]})"));
  answers(kSerperCompletions, sdk::FakeReply(200, R"({"suggestions":[{"value":"shoes"},{"value":"boots"}]})"));
  ASSERT_TRUE(run("keyword_ideas", "serper", R"({"keywords":["sho","boo"],"metrics":false,"country":"AT"})").ok())
      << outcome.message;
  ASSERT_EQ(host.requests().size(), 2u);
  EXPECT_EQ(host.requests()[0].body, R"({"q":"sho","gl":"at","hl":"en"})");
  EXPECT_EQ(host.requests()[1].body, R"({"q":"boo","gl":"at","hl":"en"})");
  ASSERT_EQ(output["ideas"].Size(), 3u);
  EXPECT_EQ(at("/ideas/0/keyword"), "\"shoes red\"");
  EXPECT_EQ(at("/ideas/2/keyword"), "\"boots\"");
  EXPECT_EQ(at("/ideas/2/volume"), "null");
  EXPECT_EQ(at("/total"), "null");
  EXPECT_EQ(outcome.meters["usd"], 2000);
}

TEST_F(KeywordIdeas, TellsNoMoreThanAskedFor) {
  answers(kSerperCompletions, sdk::FakeReply(200, R"({"suggestions":[{"value":"a"},{"value":"b"}]})"));
  ASSERT_TRUE(run("keyword_ideas", "serper", R"({"keywords":["x"],"metrics":false,"limit":1})").ok());
  EXPECT_EQ(output["ideas"].Size(), 1u);
}

TEST_F(KeywordIdeas, LeavesToTheOtherWhatSerperDoesNotKnow) {
  std::string many;
  for (int i = 0; i < 21; ++i) many += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\"";
  for (const auto& [input, code] : std::vector<std::pair<std::string, std::string>>{
           {R"({"keywords":["a"]})", "seo.metrics_not_offered"},
           {R"({"keywords":["a"],"metrics":false,"sort":"volume"})", "seo.metrics_not_offered"},
           {R"({"keywords":["a"],"metrics":false,"history":true})", "seo.metrics_not_offered"},
           {R"({"keywords":["a"],"metrics":false,"location_code":2276})", "seo.location_not_offered"},
           {R"({"metrics":false,"keywords":[)" + many + "]}", "seo.too_many_keywords"}}) {
    run("keyword_ideas", "serper", input);
    EXPECT_EQ(outcome.code, code) << input;
    EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT)) << input;
  }
  EXPECT_THAT(outcome.message, ::testing::HasSubstr("21 keywords"));
  EXPECT_TRUE(host.requests().empty());
}

TEST_F(KeywordIdeas, StopsAtTheFirstRefusal) {
  answers(kSerperCompletions, sdk::FakeReply(400, R"({"message":"Not enough credits","statusCode":400})"));
  run("keyword_ideas", "serper", R"({"keywords":["a","b"],"metrics":false})");
  EXPECT_EQ(outcome.code, "seo.quota_exceeded");
  EXPECT_EQ(host.requests().size(), 1u);
}

}  // namespace
}  // namespace toolrack::seo::testing
