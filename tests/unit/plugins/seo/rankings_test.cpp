#include <gmock/gmock.h>

#include "unit/plugins/seo/search_host.hpp"

namespace toolrack::seo::testing {
namespace {

using Rankings = SearchHost;

const char* const kSerperAnswer = R"({"searchParameters":{"q":"shoes"},"credits":1,
  "answerBox":{"snippet":"Wear two.","title":"Shoes","link":"https://answers.example/"},
  "organic":[{"position":1,"title":"One","link":"https://one.example/","snippet":"First."},
             {"position":2,"title":"Two","link":"https://shop.example.com/a?b=1"},
             {"position":3,"title":"Three","link":"https://www.example.com/shoes/","snippet":null}],
  "peopleAlsoAsk":[{"question":"Why?","snippet":"Because.","title":"T","link":"https://t.example/"},{"snippet":"no question"}],
  "relatedSearches":[{"query":"red shoes"},{"query":7}]})";

TEST_F(Rankings, AsksSerperForTheCountryAndTheDepth) {
  answers(kSerperSearch, sdk::FakeReply(200, kSerperAnswer));
  ASSERT_TRUE(
      run("rankings", "serper", R"({"query":"a \"b\" 100%","country":"de","language":"PT-br","depth":30})").ok())
      << outcome.message;
  EXPECT_EQ(last().body, R"({"q":"a \"b\" 100%","gl":"de","hl":"pt-br","num":30})");
  EXPECT_EQ(last().header("content-type"), "application/json");
  EXPECT_TRUE((last().flags & TR_HTTP_NO_RETRY) != 0);
  EXPECT_EQ(at("/country"), "\"DE\"");
}

TEST_F(Rankings, TellsWhatSerperShows) {
  answers(kSerperSearch, sdk::FakeReply(200, kSerperAnswer));
  ASSERT_TRUE(run("rankings", "serper", R"({"query":"shoes","target":"example.com"})").ok()) << outcome.message;
  EXPECT_EQ(at("/position"), "2") << "a sub-domain belongs to the site";
  EXPECT_EQ(at("/url"), R"("https://shop.example.com/a?b=1")");
  EXPECT_EQ(at("/searched"), "3");
  EXPECT_EQ(at("/results/0"),
            R"({"position":1,"absolute_position":null,"url":"https://one.example/","domain":"one.example",)"
            R"("title":"One","snippet":"First.","is_target":false})");
  EXPECT_EQ(at("/results/2/is_target"), "true");
  EXPECT_EQ(at("/results/2/snippet"), "null");
  EXPECT_EQ(at("/features"), R"(["answer_box","people_also_ask","related_searches"])");
  EXPECT_EQ(at("/answer"), R"({"text":"Wear two.","title":"Shoes","url":"https://answers.example/"})");
  EXPECT_EQ(at("/people_also_ask"),
            R"([{"question":"Why?","text":"Because.","title":"T","url":"https://t.example/"}])");
  EXPECT_EQ(at("/related_searches"), R"(["red shoes"])");
  EXPECT_EQ(at("/total_results"), "null");
  EXPECT_EQ(outcome.meters["usd"], 1000);
}

TEST_F(Rankings, ChargesTheCreditsThatSerperNamesElseThoseOfThePages) {
  answers(kSerperSearch, sdk::FakeReply(200, R"({"credits":2,"organic":[]})"));
  run("rankings", "serper", R"({"query":"q"})");
  EXPECT_EQ(outcome.meters["usd"], 2000);
  answers(kSerperSearch, sdk::FakeReply(200, R"({"organic":[]})"));
  run("rankings", "serper", R"({"query":"q","depth":11})");
  EXPECT_EQ(outcome.meters["usd"], 2000);
  answers(kSerperSearch, sdk::FakeReply(200, R"({"organic":[],"credits":-5})"));
  run("rankings", "serper", R"({"query":"q"})");
  EXPECT_EQ(outcome.meters["usd"], 1000);
}

const char* const kTask =
    R"([{"keyword":"shoes","se_results_count":102000000,"spell":{"keyword":"shoes","type":"did_you_mean"},
  "item_types":["featured_snippet","organic","people_also_ask","ai_overview",null],
  "items":[{"type":"featured_snippet","rank_group":1,"rank_absolute":1,"title":"F","url":"https://f.example/","description":"Two."},
    {"type":"paid","rank_group":1,"rank_absolute":2,"url":"https://example.com/ad"},
    {"type":"organic","rank_group":1,"rank_absolute":3,"url":"https://one.example/","title":"One","description":"First."},
    {"type":"people_also_ask","items":[{"type":"people_also_ask_element","title":"Why?",
       "expanded_element":[{"description":"Because.","title":"T","url":"https://t.example/"}]},{"title":"How?"}]},
    {"type":"organic","rank_group":2,"rank_absolute":9,"url":"https://example.com/trail","title":null},
    {"type":"related_searches","items":["red shoes",null]}, null, {"type":"from another year"}]}])";

TEST_F(Rankings, AsksDataForSeoWithItsOwnNumbersAndSpelling) {
  answers(kDataForSeoSearch, sdk::FakeReply(200, task_answer(kTask)).always());
  ASSERT_TRUE(run("rankings", "dataforseo",
                  R"({"query":"c++ 100%","country":"uk","language":"zh-cn","device":"mobile","depth":20})")
                  .ok())
      << outcome.message;
  EXPECT_EQ(last().body, R"([{"keyword":"c%2B%2B 100%25","location_code":2826,"language_code":"zh-CN",)"
                         R"("device":"mobile","depth":20}])");
  run("rankings", "dataforseo", R"({"query":"q","location_code":1003854})");
  EXPECT_THAT(last().body, ::testing::HasSubstr(R"("location_code":1003854,"language_code":"en")"));
}

TEST_F(Rankings, TellsWhatDataForSeoShows) {
  answers(kDataForSeoSearch, sdk::FakeReply(200, task_answer(kTask)));
  ASSERT_TRUE(run("rankings", "dataforseo", R"({"query":"shoes","target":"http://www.example.com/trail/"})").ok());
  EXPECT_EQ(at("/position"), "2") << "advertisements do not count";
  EXPECT_EQ(at("/results/1"),
            R"({"position":2,"absolute_position":9,"url":"https://example.com/trail","domain":"example.com",)"
            R"("title":null,"snippet":null,"is_target":true})");
  EXPECT_EQ(at("/features"), R"(["featured_snippet","people_also_ask","ai_overview"])");
  EXPECT_EQ(at("/answer"), R"({"text":"Two.","title":"F","url":"https://f.example/"})");
  EXPECT_EQ(at("/people_also_ask/0/text"), "\"Because.\"");
  EXPECT_EQ(at("/people_also_ask/1"), R"({"question":"How?","text":null,"title":null,"url":null})");
  EXPECT_EQ(at("/related_searches"), R"(["red shoes"])");
  EXPECT_EQ(at("/total_results"), "102000000");
  EXPECT_EQ(at("/corrected_query"), "\"shoes\"");
  EXPECT_EQ(outcome.meters["usd"], 3500) << "what the answer says it cost";
}

TEST_F(Rankings, FindsNothingWithoutFailing) {
  answers(kDataForSeoSearch, sdk::FakeReply(200, task_answer("null", 40102, "No Search Results.")));
  ASSERT_TRUE(run("rankings", "dataforseo", R"({"query":"q","target":"example.com"})").ok()) << outcome.message;
  EXPECT_EQ(at("/position"), "null");
  EXPECT_EQ(at("/results"), "[]");
  EXPECT_EQ(outcome.meters["usd"], 3500) << "it looked, and that is what it is paid for";
}

TEST_F(Rankings, ListsAsManyAsAskedForAndTheTargetAnyway) {
  answers(kSerperSearch, sdk::FakeReply(200, kSerperAnswer).always());
  ASSERT_TRUE(run("rankings", "serper", R"({"query":"q","target":"www.example.com/shoes","max_results":1})").ok());
  EXPECT_EQ(output["results"].Size(), 2u);
  EXPECT_EQ(at("/results/1/position"), "3");
  run("rankings", "serper", R"({"query":"q","max_results":0})");
  EXPECT_EQ(at("/results"), "[]");
  EXPECT_EQ(at("/position"), "null");
  EXPECT_EQ(at("/target"), "null");
}

TEST_F(Rankings, LeavesToTheOtherWhatSerperCannot) {
  run("rankings", "serper", R"({"query":"q","device":"mobile"})");
  EXPECT_EQ(outcome.code, "seo.device_not_offered");
  EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT));
  run("rankings", "serper", R"({"query":"q","location_code":2276})");
  EXPECT_EQ(outcome.code, "seo.location_not_offered");
  EXPECT_TRUE(outcome.has_flag(TR_OUT_NEXT));
  EXPECT_TRUE(host.requests().empty());
}

TEST_F(Rankings, RefusesWhatNobodyCanLookUp) {
  run("rankings", "dataforseo", R"({"query":"q","country":"zz"})");
  EXPECT_EQ(outcome.code, "seo.unknown_country");
  EXPECT_THAT(outcome.message, ::testing::HasSubstr("\"ZZ\""));
  EXPECT_FALSE(outcome.has_flag(TR_OUT_NEXT));
  for (const char* target : {"shoes", "ftp://example.com/", "https://"}) {
    run("rankings", "serper", std::string(R"({"query":"q","target":")") + target + "\"}");
    EXPECT_EQ(outcome.code, "seo.bad_target") << target;
    EXPECT_THAT(outcome.message, ::testing::HasSubstr(target));
  }
  EXPECT_TRUE(host.requests().empty());
}

}  // namespace
}  // namespace toolrack::seo::testing
