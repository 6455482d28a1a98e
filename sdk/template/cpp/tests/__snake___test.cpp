#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

using toolrack::testing::FakeHost;
using toolrack::testing::FakeReply;
using toolrack::testing::Outcome;

extern "C" const tr_entry* toolrack_entry_v1(void);  // From src/@SNAKE@.cpp.

namespace {

class @CLASS@Test : public ::testing::Test {
 protected:
  /// Serves `body` at https://page.test/ and counts "cat" in it.
  Outcome count(std::string body, std::string content_type = "text/html", std::int64_t status = 200) {
    FakeReply reply(status, std::move(body));
    host.on_http("GET", "https://page.test/", reply.header("content-type", std::move(content_type)));
    return host.run("count_text", R"({"url":"https://page.test/","text":"cat"})");
  }
  FakeHost host{toolrack_entry_v1()};
};

TEST_F(@CLASS@Test, CountsWhatStandsOnThePage) {
  const Outcome outcome = count("<p>The cat and the other cat.</p>");
  ASSERT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_EQ(outcome.output, R"({"count":2,"bytes":33})");
}

TEST_F(@CLASS@Test, CountsNothingOnAnEmptyPage) { EXPECT_EQ(count("").output, R"({"count":0,"bytes":0})"); }

TEST_F(@CLASS@Test, TellsThatAPageIsMissing) {
  const Outcome outcome = count("gone", "text/html", 404);
  EXPECT_EQ(outcome.status, TR_NOT_FOUND);
  EXPECT_EQ(outcome.code, "provider_not_found");
}

TEST_F(@CLASS@Test, RefusesWhatIsNoText) {
  const Outcome outcome = count("\x89PNG", "image/png");
  EXPECT_EQ(outcome.status, TR_TOOL_ERROR);
  EXPECT_EQ(outcome.code, "@SNAKE@.no_text");
}

}  // namespace
