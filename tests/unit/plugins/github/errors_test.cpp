/// What GitHub documents as failures, and what becomes of each.
#include <gmock/gmock.h>

#include "unit/plugins/github/skill_host.hpp"

namespace toolrack::github::testing {
namespace {

using ::testing::HasSubstr;

class Errors : public SkillHost {
 protected:
  void answer(sdk::FakeReply reply) {
    on("GET", "/repos/octocat/Hello-World", std::move(reply));
    run("get_repo");
  }
};

TEST_F(Errors, EachHasItsKind) {
  struct Row {
    int status;
    const char* body;
    tr_status expected;
    const char* code;
    const char* words;
  };
  for (const Row& row : std::vector<Row>{
           {401, R"({"message":"Bad credentials"})", TR_UNAUTHENTICATED, "github.bad_credentials", "Bad credentials"},
           {403, R"({"message":"Resource not accessible by personal access token"})", TR_PERMISSION_DENIED,
            "github.forbidden", "not accessible"},
           {404, R"({"message":"Not Found"})", TR_NOT_FOUND, "github.not_found", "Not Found"},
           {409, R"({"message":"Git Repository is empty."})", TR_ABORTED, "github.conflict", "empty"},
           {422,
            R"({"message":"Validation Failed","errors":[{"resource":"PullRequest","field":"head","code":"invalid"}]})",
            TR_INVALID_ARGUMENT, "github.rejected", "PullRequest.head invalid"},
           {422, R"({"message":"Validation Failed","errors":["No commits between main and x"]})", TR_INVALID_ARGUMENT,
            "github.rejected", "No commits between"},
           {301, R"({"message":"Moved Permanently"})", TR_NOT_FOUND, "github.moved", "Moved"},
           {500, "", TR_UNAVAILABLE, "github.unavailable", "500 without an explanation"},
           {502, "<html>Bad gateway</html>", TR_UNAVAILABLE, "github.unavailable", "502"},
           {503, R"({"message":"Service unavailable"})", TR_UNAVAILABLE, "github.unavailable", "Service"}}) {
    answer(sdk::FakeReply(row.status, row.body));
    EXPECT_EQ(outcome.status, row.expected) << row.status;
    EXPECT_EQ(outcome.code, row.code) << row.status;
    EXPECT_THAT(outcome.message, HasSubstr(row.words));
    EXPECT_EQ(outcome.has_flag(TR_OUT_PROVIDER), row.status >= 500) << "whose failure it is";
    EXPECT_EQ(outcome.retry_after.count(), 0) << row.status;
  }
}

TEST_F(Errors, OfALimitSayWhenToComeAgain) {
  answer(sdk::FakeReply(429, R"({"message":"slow down"})")
             .header("retry-after", "7")
             .retry_after(std::chrono::seconds(7)));
  EXPECT_EQ(outcome.code, "github.rate_limited");
  EXPECT_EQ(outcome.status, TR_RESOURCE_EXHAUSTED);
  EXPECT_EQ(outcome.retry_after, std::chrono::seconds(7));

  // The hour's limit: a 403 with the time at which it begins anew.
  constexpr std::int64_t now = 1'700'000'000;  // Where the fake host's clock begins.
  answer(sdk::FakeReply(403, R"({"message":"API rate limit exceeded"})")
             .header("x-ratelimit-remaining", "0")
             .header("x-ratelimit-reset", std::to_string(now + 90)));
  EXPECT_EQ(outcome.code, "github.rate_limited");
  EXPECT_GT(outcome.retry_after, std::chrono::seconds(80));
  EXPECT_LE(outcome.retry_after, std::chrono::seconds(90));

  // A secondary limit may say nothing but its name.
  answer(sdk::FakeReply(403, R"({"message":"You have exceeded a secondary rate limit"})"));
  EXPECT_EQ(outcome.code, "github.rate_limited");
  EXPECT_EQ(outcome.retry_after, std::chrono::seconds(60));

  // The control: some of the limit is left, so it is a matter of permission.
  answer(sdk::FakeReply(403, R"({"message":"no"})")
             .header("x-ratelimit-remaining", "12")
             .header("x-ratelimit-reset", std::to_string(now + 90)));
  EXPECT_EQ(outcome.code, "github.forbidden");
}

TEST_F(Errors, ABodyThatIsNoJsonIsNoAnswer) {
  answer(sdk::FakeReply(200, "<html>"));
  EXPECT_EQ(outcome.code, "github.garbage");
  answer(sdk::FakeReply(200, std::string("{\"full_name\":\"\xff\"}")));
  EXPECT_EQ(outcome.code, "github.garbage");
}

TEST_F(Errors, UnknownAndMissingMembersDoNoHarm) {
  answer(sdk::FakeReply(200, R"({"full_name":null,"surprise":[{}],"stargazers_count":3})"));
  ASSERT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_EQ(at("/full_name"), "null");
  EXPECT_EQ(at("/stars"), "3");
  EXPECT_EQ(at("/license"), "null");
}

}  // namespace
}  // namespace toolrack::github::testing
