#include "cli/present.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace toolrack::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string presented(std::string_view operation, std::string_view answer) {
  return present(operation, *base::json::parse(answer));
}

TEST(Columns, AreAsWideAsTheirWidestCell) {
  Columns columns({"A", "LONG HEAD", "C"});
  columns.add({"wide cell", "x", "y"});
  EXPECT_EQ(columns.text(),
            "A          LONG HEAD  C\n"
            "wide cell  x          y\n");
}

TEST(Columns, CountCharactersAndNotBytes) {
  Columns columns({"Ä", "B"});
  columns.add({"xy", "z"});
  EXPECT_EQ(columns.text(), "Ä   B\nxy  z\n");
}

TEST(Columns, LeaveNoBlanksAtTheEndOfALine) {
  Columns columns({"A", "B", "C"});
  columns.add({"1", "", ""});
  EXPECT_EQ(columns.text(), "A  B  C\n1\n");
}

TEST(Present, ShowsToolsWithTheirSkills) {
  const auto text = presented("list_tools",
                              R"({"tools":[{"name":"seo","version":"1.0.0","description":"Checks pages.",
                              "skills":[{"name":"a"},{"name":"b"}]}],"total":1})");
  EXPECT_THAT(text, StartsWith("TOOL  VERSION  SKILLS"));
  EXPECT_THAT(text, HasSubstr("seo   1.0.0    a, b"));
}

TEST(Present, SaysThatNoToolMatches) {
  EXPECT_EQ(presented("discover", R"({"tools":[],"total":0})"), "No tool matches.\n");
}

TEST(Present, MarksTheInputsThatASkillNeeds) {
  const auto text = presented("get_tool", R"({"name":"t","version":"1.0.0","owner":"o","description":"d","skills":[
    {"name":"s","description":"e","inputSchema":{"properties":{"must":{"type":"string"},"may":{}},"required":["must"]}}]})");
  EXPECT_THAT(text, HasSubstr("--must *"));
  EXPECT_THAT(text, HasSubstr("--may\n"));
}

TEST(Present, ShowsTheOutputOfACallAlone) {
  EXPECT_EQ(presented("use_tool", R"({"status":"success","output":{"a":1},"cost":0})"), "{\n  \"a\": 1\n}\n");
}

TEST(Present, ShowsTheIdOfAJobAlone) {
  EXPECT_EQ(presented("use_tool", R"({"job_id":"job_1","status":"queued","request_id":"r"})"), "job_1\n");
}

TEST(Present, ListsJobs) {
  EXPECT_EQ(presented("list_jobs", R"({"jobs":[{"job_id":"job_1","status":"running","tool":"t","skill":"s",
                                     "created_at":"2026","progress":"1 of 2"}]})"),
            "JOB    STATUS   TOOL  SKILL  CREATED  ENDED  PROGRESS\n"
            "job_1  running  t     s      2026            1 of 2\n");
}

TEST(Present, ShowsWhatACallWithoutStructureSays) {
  EXPECT_EQ(presented("use_tool", R"({"content":[{"type":"text","text":"one"},{"type":"text","text":"two"}]})"),
            "one\ntwo\n");
}

TEST(Present, PrintsANewKeyAndNothingElse) {
  EXPECT_EQ(presented("create_api_key", R"({"api_key":"tr_live_1","id":"k"})"), "tr_live_1\n");
}

TEST(Present, PrintsWhatItDoesNotKnowAsJson) {
  EXPECT_EQ(presented("other", R"({"a":[1]})"), "{\n  \"a\": [\n    1\n  ]\n}\n");
}

TEST(PresentError, TellsEveryViolationAndTheRemedy) {
  const auto error = base::json::parse(
      R"({"code":"invalid_input","message":"the input is wrong","resolution_hint":"Correct it.",
          "details":[{"pointer":"/a","message":"expected a string"},{"pointer":"/b","message":"is missing"}]})");
  EXPECT_EQ(present_error(*error),
            "toolrack: the input is wrong (invalid_input)\n"
            "  /a: expected a string\n"
            "  /b: is missing\n"
            "  Correct it.\n");
}

TEST(Present, SaysWhatWasDecidedAboutVersions) {
  constexpr std::string_view kTool =
      R"({"tool":"test/seo","usual":"1.4.0","versions":["2.0.0","1.4.0"],"promoted":"1.4.0","disabled":["3.0.0"],
"canary":{"version":"2.0.0","percent":5.0,"keys":["k1"]},
"trial":{"version":"2.0.0","calls":40,"errors":3,"against":"1.4.0","against_calls":900,"against_errors":1,"of_calls":500},
"set_back":[{"version":"1.9.0","reason":"12 of 40 calls have failed, of 1.4.0 3 of 900"}],"forced":["1.5.0"]})";
  EXPECT_EQ(
      presented("promote_version", kTool),
      "test/seo: 1.4.0 is the usual version (2.0.0), by promotion; 3.0.0 is disabled; 2.0.0 is shown to 5 % of the "
      "keys, k1; 2.0.0 is on trial: 3 of 40 calls have failed, of 1.4.0 1 of 900; 1.9.0 is set back: 12 of 40 calls "
      "have failed, of 1.4.0 3 of 900; 1.5.0 is forced\n");
  EXPECT_EQ(presented("disable_version",
                      R"({"tool":"test/seo","usual":null,"versions":[],"promoted":"1.4.0","is_disabled":true})"),
            "test/seo: no version serves; 1.4.0 is promoted and does not serve; the tool is disabled\n");
  EXPECT_THAT(presented("list_plugins", std::string(R"({"plugins":[],"versions":[)").append(kTool).append("]}")),
              HasSubstr("test/seo: 1.4.0 is the usual version"));
}

}  // namespace
}  // namespace toolrack::cli
