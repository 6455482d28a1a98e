/// What changes a repository.
#include <gmock/gmock.h>

#include "base64.hpp"
#include "unit/plugins/github/skill_host.hpp"

namespace toolrack::github::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kRepo = "/repos/octocat/Hello-World";

class CommitFile : public SkillHost {
 protected:
  static std::string path(std::string_view rest) { return std::string(kRepo).append(rest); }
  static constexpr std::string_view kFile = R"("path":"docs/a b.md","message":"say hello","content":"hé\n")";
  static std::string with(std::string_view more) { return std::string(kFile).append(more); }
  void default_branch(std::string name) { on("GET", kRepo, 200, "{\"default_branch\":\"" + std::move(name) + "\"}"); }
};

TEST_F(CommitFile, RefusesBranchesThatPeopleDeployFromBeforeAnythingIsSent) {
  for (const auto* branch : {"main", "master", "production", "prod", "Main", "PROD", "refs/heads/main"}) {
    run("commit_file", with(",\"branch\":\"" + std::string(branch) + "\""));
    EXPECT_EQ(outcome.status, TR_FAILED_PRECONDITION) << branch;
    EXPECT_EQ(outcome.code, "github.protected_branch");
    EXPECT_THAT(outcome.hint, HasSubstr("create_branch"));
  }
  EXPECT_TRUE(sent().empty());
}

TEST_F(CommitFile, RefusesTheDefaultBranchWhateverItsName) {
  default_branch("trunk");
  EXPECT_EQ(run("commit_file", with(R"(,"branch":"trunk")")).code, "github.protected_branch");
  default_branch("trunk");
  EXPECT_EQ(run("commit_file", kFile).code, "github.protected_branch") << "no branch means that one";
  for (const auto& request : host.requests()) EXPECT_EQ(request.method, "GET");
}

TEST_F(CommitFile, ReplacesWhatIsThereOnAnotherBranch) {
  default_branch("main");
  on("GET", path("/contents/docs/a%20b.md?ref=feat%2Fx"), 200, R"({"type":"file","sha":"abc"})");
  on("PUT", path("/contents/docs/a%20b.md"), 200,
     R"({"content":{"path":"docs/a b.md","sha":"def"},"commit":{"sha":"123","html_url":"https://x/123"}})");
  ASSERT_TRUE(run("commit_file", with(R"(,"branch":"feat/x")")).ok()) << outcome.message;
  EXPECT_EQ(at("/commit_sha"), "\"123\"");
  EXPECT_EQ(at("/created"), "false");
  EXPECT_EQ(last().body,
            R"({"message":"say hello","content":")" + to_base64("hé\n") + R"(","branch":"feat/x","sha":"abc"})");
  EXPECT_NE(last().flags & TR_HTTP_NO_RETRY, 0u);
  EXPECT_EQ(last().header("user-agent"), "toolrack-github/1.0");
}

TEST_F(CommitFile, CreatesAFileWhereThereIsNone) {
  default_branch("main");
  on("GET", path("/contents/docs/a%20b.md?ref=x"), 404, R"({"message":"Not Found"})");
  on("PUT", path("/contents/docs/a%20b.md"), 201,
     R"({"content":{"path":"docs/a b.md","sha":"def"},"commit":{"sha":"1"}})");
  ASSERT_TRUE(run("commit_file", with(R"(,"branch":"x")")).ok());
  EXPECT_EQ(at("/created"), "true");
  EXPECT_THAT(last().body, ::testing::Not(HasSubstr("sha")));
}

TEST_F(CommitFile, GoesToMainWhenTheCallerInsists) {
  on("PUT", path("/contents/docs/a%20b.md"), 200, "{}");
  ASSERT_TRUE(
      run("commit_file", with(R"(,"branch":"main","allow_main":true,"sha":"0123456789012345678901234567890123456789")"))
          .ok());
  EXPECT_THAT(sent(), ElementsAre("PUT " + path("/contents/docs/a%20b.md")));
}

TEST_F(CommitFile, TakesOneKindOfContent) {
  EXPECT_EQ(run("commit_file", R"("path":"a","message":"m","branch":"x")").status, TR_INVALID_ARGUMENT);
  EXPECT_EQ(run("commit_file", with(R"(,"content_base64":"YQ==","branch":"x")")).status, TR_INVALID_ARGUMENT);
  EXPECT_TRUE(sent().empty());
}

TEST_F(CommitFile, IsFinalWhenItMayHaveActed) {
  for (const bool answers : {false, true}) {
    default_branch("main");
    on("PUT", path("/contents/a"),
       answers ? sdk::FakeReply(409, R"({"message":"a does not match abc"})")
               : sdk::FakeReply::failure(TR_UNAVAILABLE, "provider_unavailable", "reset", TR_RESULT_MAYBE_SENT));
    run("commit_file",
        R"("path":"a","message":"m","content":"x","branch":"x","sha":"0123456789012345678901234567890123456789")");
    EXPECT_EQ(outcome.code, answers ? "github.conflict" : "provider_unavailable");
    EXPECT_TRUE(outcome.has_flag(TR_OUT_FINAL));
  }
}

TEST_F(CommitFile, LeavesItsRepositoryForNoPath) {
  for (const auto* bad : {"../x", "a/../../x", "/a", "a/", "a//b", ".", "..", ""}) {
    EXPECT_EQ(run("commit_file", R"("message":"m","content":"x","branch":"x","path":")" + std::string(bad) + "\"").code,
              "github.bad_name")
        << bad;
  }
  for (const auto* repo : {".", ".."}) {
    run_raw("get_repo", R"({"owner":"octocat","repo":")" + std::string(repo) + "\"}");
    EXPECT_EQ(outcome.code, "github.bad_name") << repo;
  }
  EXPECT_TRUE(sent().empty());
  // The control: a name that only begins with a dot is one, and what looks like an escape is sent as it is.
  on("GET", "/repos/octocat/.github", 200);
  EXPECT_TRUE(run_raw("get_repo", R"({"owner":"octocat","repo":".github"})").ok());
  on("GET", path("/contents/%252e%252e/x"), 404);
  EXPECT_EQ(run("get_file", R"("path":"%2e%2e/x")").status, TR_NOT_FOUND);
}

TEST_F(CommitFile, MakesABranchAtTheTipOfAnother) {
  default_branch("main");
  on("GET", path("/git/ref/heads/main"), 200, R"({"ref":"refs/heads/main","object":{"sha":"abc"}})");
  on("POST", path("/git/refs"), 201, R"({"ref":"refs/heads/feat/x"})");
  ASSERT_TRUE(run("create_branch", R"("branch":"feat/x")").ok());
  EXPECT_EQ(at("/sha"), "\"abc\"");
  EXPECT_EQ(last().body, R"({"ref":"refs/heads/feat/x","sha":"abc"})");

  on("GET", path("/git/ref/heads/dev"), 200, R"({"object":{"sha":"abc"}})");
  on("POST", path("/git/refs"), 422, R"({"message":"Reference already exists"})");
  EXPECT_EQ(run("create_branch", R"("branch":"feat/x","from":"dev")").status, TR_ALREADY_EXISTS);
}

TEST_F(CommitFile, OpensAPullRequestOnce) {
  default_branch("main");
  on("POST", path("/pulls"), 201, R"({"number":7,"title":"T","head":{"ref":"feat/x"},"base":{"ref":"main"}})");
  ASSERT_TRUE(run("create_pr", R"("title":"T \"q\"","head":"feat/x","body":"why","draft":true)").ok());
  EXPECT_EQ(at("/number"), "7");
  EXPECT_EQ(last().body, R"({"title":"T \"q\"","head":"feat/x","base":"main","body":"why","draft":true})");
  EXPECT_NE(last().flags & TR_HTTP_NO_RETRY, 0u);
}

}  // namespace
}  // namespace toolrack::github::testing
