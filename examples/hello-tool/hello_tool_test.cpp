#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

using toolrack::testing::FakeHost;
using toolrack::testing::FakeReply;
using toolrack::testing::Outcome;

extern "C" const tr_entry* toolrack_entry_v1(void);  // From hello_tool.cpp.

namespace {

class HelloToolTest : public ::testing::Test {
 protected:
  /// Serves `body` at https://page.test/ and runs the skill on it.
  Outcome count(std::string body, std::string content_type = "text/html", std::int64_t status = 200) {
    FakeReply reply(status, std::move(body));
    host.on_http("GET", "https://page.test/", reply.header("content-type", std::move(content_type)));
    return host.run("count_words", R"({"url":"https://page.test/","top":2})");
  }
  FakeHost host{toolrack_entry_v1()};
};

TEST_F(HelloToolTest, CountsTheVisibleWordsOfAPage) {
  const Outcome outcome =
      count("<title>The cat</title><script>var no = 1;</script><!-- no --><p>The <b>dog</b>&nbsp;and the cat.</p>");
  ASSERT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_EQ(outcome.output, R"({"words":7,"different":4,"top":[{"word":"the","count":3},{"word":"cat","count":2}]})");
  EXPECT_EQ(outcome.progress.size(), 2u);
}

TEST_F(HelloToolTest, CountsNothingOnAnEmptyPage) {
  EXPECT_EQ(count("").output, R"({"words":0,"different":0,"top":[]})");
}

TEST_F(HelloToolTest, SurvivesBytesThatAreNotUtf8) {
  EXPECT_EQ(
      count("caf\xc3\xa9 caf\xe9 \xff").output,
      "{\"words\":2,\"different\":2,\"top\":[{\"word\":\"caf\",\"count\":1},{\"word\":\"caf\xc3\xa9\",\"count\":1}]}");
}

TEST_F(HelloToolTest, TellsThatAPageIsMissing) {
  const Outcome outcome = count("gone", "text/html", 404);
  EXPECT_EQ(outcome.status, TR_NOT_FOUND);
  EXPECT_EQ(outcome.code, "provider_not_found");
}

TEST_F(HelloToolTest, RefusesWhatIsNoText) {
  const Outcome outcome = count("\x89PNG", "image/png");
  EXPECT_EQ(outcome.status, TR_TOOL_ERROR);
  EXPECT_EQ(outcome.code, "hello.no_text");
}

}  // namespace
