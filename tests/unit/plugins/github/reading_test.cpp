/// Files and lists.
#include <gmock/gmock.h>

#include "base64.hpp"
#include "unit/plugins/github/skill_host.hpp"

namespace toolrack::github::testing {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view kRepo = "/repos/octocat/Hello-World";

class Reading : public SkillHost {
 protected:
  static std::string path(std::string_view rest) { return std::string(kRepo).append(rest); }
  static std::string file(const std::string& bytes, const std::string& encoding = "base64") {
    return R"({"type":"file","path":"a","sha":"abc","size":)" + std::to_string(bytes.size()) + R"(,"encoding":")" +
           encoding + R"(","content":")" + (encoding == "base64" ? to_base64(bytes) : "") + R"("})";
  }
  static std::string numbered(int from, int to) {
    std::string out;
    for (int i = from; i <= to; ++i) out += (i == from ? "{\"number\":" : ",{\"number\":") + std::to_string(i) + "}";
    return "[" + out + "]";
  }
};

TEST_F(Reading, DecodesTextAndCutsItBetweenCharacters) {
  on("GET", path("/contents/a?ref=dev"), 200, file("äöü"));
  ASSERT_TRUE(run("get_file", R"("path":"a","ref":"dev","max_bytes":3)").ok()) << outcome.message;
  EXPECT_EQ(at("/content"), "\"ä\"");
  EXPECT_EQ(at("/encoding"), "\"utf-8\"");
  EXPECT_EQ(at("/truncated"), "true");
  EXPECT_EQ(at("/size"), "6");
}

TEST_F(Reading, KeepsOtherBytesAsBase64) {
  on("GET", path("/contents/a"), 200, file(std::string("\0\xff", 2)));
  ASSERT_TRUE(run("get_file", R"("path":"a")").ok());
  EXPECT_EQ(at("/encoding"), "\"base64\"");
  EXPECT_EQ(at("/content"), "\"AP8=\"");
  EXPECT_EQ(at("/truncated"), "false");
}

TEST_F(Reading, FetchesABigFileAsABlob) {
  on("GET", path("/contents/a"), 200, file("", "none"));
  on("GET", path("/git/blobs/abc"), 200, R"({"content":"aGVs\nbG8=\n","encoding":"base64"})");
  ASSERT_TRUE(run("get_file", R"("path":"a")").ok());
  EXPECT_EQ(at("/content"), "\"hello\"");
}

TEST_F(Reading, SaysThatADirectoryIsNoFile) {
  on("GET", path("/contents/a"), 200, "[]");
  EXPECT_EQ(run("get_file", R"("path":"a")").code, "github.no_file");
  on("GET", path("/contents/a"), 200, R"({"type":"submodule","path":"a"})");
  EXPECT_EQ(run("get_file", R"("path":"a")").code, "github.no_file");
}

TEST_F(Reading, ListsADirectoryOrATree) {
  on("GET", path("/contents"), 200,
     R"([{"name":"a","path":"a","type":"file","size":1,"sha":"x"},{"name":"b","path":"b","type":"dir","size":0,"sha":"y"}])");
  ASSERT_TRUE(run("list_files").ok());
  EXPECT_EQ(at("/count"), "2");
  EXPECT_EQ(at("/files/1/type"), "\"dir\"");
  on("GET", path("/git/trees/dev?recursive=1"), 200,
     R"({"tree":[{"path":"src/a","type":"blob","size":1},{"path":"srcs","type":"blob"},{"path":"src/b","type":"blob"}],"truncated":true})");
  ASSERT_TRUE(run("list_files", R"("path":"src","ref":"dev","recursive":true,"limit":10)").ok());
  EXPECT_EQ(at("/count"), "2") << "srcs is not below src";
  EXPECT_EQ(at("/truncated"), "true");
  on("GET", path("/contents/a"), 200, R"({"type":"file"})");
  EXPECT_EQ(run("list_files", R"("path":"a")").code, "github.no_file");
}

TEST_F(Reading, FollowsPagesUpToTheLimit) {
  const std::string next =
      "<https://api.github.com/x?page=2>; rel=\"next\", <https://api.github.com/x?page=9>; rel=\"last\"";
  on("GET", path("/pulls?state=all&per_page=100&page=1"), sdk::FakeReply(200, numbered(1, 100)).header("link", next));
  on("GET", path("/pulls?state=all&per_page=100&page=2"), sdk::FakeReply(200, numbered(101, 200)).header("link", next));
  ASSERT_TRUE(run("list_prs", R"("state":"all","limit":150)").ok()) << outcome.message;
  EXPECT_EQ(at("/count"), "150");
  EXPECT_EQ(at("/pull_requests/149/number"), "150");
  EXPECT_EQ(at("/truncated"), "true");
}

TEST_F(Reading, StopsAtTheLastPageAndAtAnEmptyOne) {
  on("GET", path("/pulls?state=open&per_page=30&page=1"), 200, numbered(1, 3));
  ASSERT_TRUE(run("list_prs").ok());
  EXPECT_EQ(at("/count"), "3");
  EXPECT_EQ(at("/truncated"), "false");
  on("GET", path("/pulls?state=open&per_page=100&page=1"),
     sdk::FakeReply(200, numbered(1, 100)).header("link", "<https://a>; rel=\"next\""));
  on("GET", path("/pulls?state=open&per_page=100&page=2"), 200, "[]");
  ASSERT_TRUE(run("list_prs", R"("limit":300)").ok());
  EXPECT_EQ(at("/count"), "100");
  EXPECT_EQ(at("/truncated"), "false");
}

TEST_F(Reading, PassesFiltersOn) {
  on("GET", path("/commits?sha=dev&path=a%20b&since=2026-01-01T00%3A00%3A00Z&per_page=5&page=1"), 200,
     R"([{"sha":"s","commit":{"message":"m","author":{"name":"n","date":"d"}},"author":null}])");
  ASSERT_TRUE(run("list_commits", R"("branch":"dev","path":"a b","since":"2026-01-01T00:00:00Z","limit":5)").ok())
      << outcome.message;
  EXPECT_EQ(at("/commits/0/author"), "\"n\"");
  EXPECT_EQ(at("/commits/0/login"), "null");
  on("GET", path("/actions/runs?branch=dev&status=failure&per_page=30&page=1"), 200,
     R"({"total_count":1,"workflow_runs":[{"id":9007199254740993,"conclusion":"failure"}]})");
  ASSERT_TRUE(run("list_workflow_runs", R"("branch":"dev","status":"failure")").ok());
  EXPECT_EQ(at("/workflow_runs/0/id"), "9007199254740993") << "to the last digit";
  on("GET", path("/pulls/7"), 200, R"({"number":7,"mergeable":null,"additions":3})");
  ASSERT_TRUE(run("get_pr", R"("number":7)").ok());
  EXPECT_EQ(at("/additions"), "3");
}

}  // namespace
}  // namespace toolrack::github::testing
