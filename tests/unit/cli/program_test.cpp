#include "cli/program.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.hpp"
#include "cli/exit_code.hpp"
#include "unit/cli/fake_backstage.hpp"

namespace toolrack::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kNotFoundReply =
    R"({"error":{"code":"tool_not_found","type":"not_found","message":"there is no tool \"x\"","resolution_hint":"Look."}})";

class Program : public ::testing::Test {
 protected:
  int run(std::vector<const char*> words) {
    static const operations::Table table;
    words.insert(words.begin(), "toolrack");
    out_.clear();
    err_.clear();
    return cli::run(static_cast<int>(words.size()), words.data(), table, backstage_, {.out = &out_, .err = &err_});
  }

  testing::FakeBackstage backstage_;
  std::string out_, err_;
};

TEST_F(Program, RefusesWhatIsNoCommandLine) {
  for (const auto& words : std::vector<std::vector<const char*>>{{},
                                                                 {"dance"},
                                                                 {"serve", "--threads", "many"},
                                                                 {"serve", "--threads", "0"},
                                                                 {"serve", "--mode", "public"},
                                                                 {"stdio", "--expose", "all"},
                                                                 {"completion", "tcsh"},
                                                                 {"keys"},
                                                                 {"info"},
                                                                 {"call"},
                                                                 {"--format", "xml", "tools"},
                                                                 {"tools", "--nothing"}}) {
    EXPECT_EQ(run(words), kUsage) << (words.empty() ? "" : words.back());
    EXPECT_THAT(out_, IsEmpty());
    EXPECT_THAT(err_, HasSubstr("See toolrack --help."));
  }
  EXPECT_FALSE(backstage_.connected);
}

TEST_F(Program, GivesHelpOnStdout) {
  EXPECT_EQ(run({"--help"}), kOk);
  for (const auto* command : {"serve", "stdio", "tools", "call", "keys", "doctor"})
    EXPECT_THAT(out_, HasSubstr(command));
  EXPECT_EQ(run({"keys", "create", "--help"}), kOk);
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(Program, ServesAsTold) {
  EXPECT_EQ(
      run({"serve", "--listen", ":0", "--threads", "2", "--mode", "hosted", "--data", "/d", "--plugins", "a", "b"}),
      kOk);
  ASSERT_TRUE(backstage_.served);
  EXPECT_EQ(backstage_.served->listen, ":0");
  EXPECT_EQ(backstage_.served->threads, 2u);
  EXPECT_EQ(backstage_.served->mode, "hosted");
  EXPECT_EQ(backstage_.served->metrics_listen, std::nullopt);
  EXPECT_EQ(backstage_.served->target.data, "/d");
  EXPECT_THAT(backstage_.served->target.plugins, ElementsAre("a", "b"));
}

TEST_F(Program, DevTakesTheFolderOfATool) {
  EXPECT_EQ(run({"dev", "/my-tool", "--preset", "release", "--listen", ":0", "--data", "/d"}), kOk) << err_;
  ASSERT_TRUE(backstage_.developed);
  EXPECT_EQ(backstage_.developed->folder, "/my-tool");
  EXPECT_EQ(backstage_.developed->preset, "release");
  EXPECT_EQ(backstage_.developed->listen, ":0");
  EXPECT_EQ(backstage_.developed->target.data, "/d");
  EXPECT_EQ(run({"dev"}), kOk) << err_;
  EXPECT_EQ(backstage_.developed->folder, ".");
}

TEST_F(Program, SpeaksMcpWithTheExposureItWasGiven) {
  EXPECT_EQ(run({"--url", "http://far", "--key", "k", "stdio", "--expose", "flat", "--tools", "a,b"}), kOk);
  ASSERT_TRUE(backstage_.spoken);
  EXPECT_EQ(backstage_.spoken->expose, "flat");
  EXPECT_THAT(backstage_.spoken->tools, ElementsAre("a", "b"));
  EXPECT_EQ(backstage_.spoken->target.url, "http://far");
  EXPECT_EQ(backstage_.spoken->target.key, "k");
}

TEST_F(Program, MakesAnOperationsRequestAndShowsItsAnswer) {
  backstage_.replies["GET /v1/tools"] = {200, R"({"tools":[],"total":0})"};
  EXPECT_EQ(run({"tools"}), kOk);
  EXPECT_EQ(out_, "No tool matches.\n");
  EXPECT_EQ(run({"--format", "json", "tools"}), kOk);
  EXPECT_EQ(out_, "{\n  \"tools\": [],\n  \"total\": 0\n}\n");
}

TEST_F(Program, ReadsTheWordsOfAList) {
  using Words = std::vector<const char*>;
  for (const auto& [words, list] :
       std::vector<std::pair<Words, std::string>>{{{"--tools", "a", "b"}, R"(["a","b"])"},
                                                  {{"--tools", "a", "--tools", "b"}, R"(["a","b"])"},
                                                  {{"--tools=a"}, R"(["a"])"},
                                                  {{"--tools", R"(["a","b"])"}, R"(["a","b"])"},
                                                  {{"--tools", "!a.b", "c/*"}, R"(["!a.b","c/*"])"},
                                                  {{"--tools", ""}, "[]"},
                                                  {{"--tools="}, "[]"},
                                                  {{"--tools", "[]"}, "[]"}}) {
    Words all{"keys", "update", "k1"};
    all.insert(all.end(), words.begin(), words.end());
    all.insert(all.end(), {"--name", "x"});
    backstage_.asked.clear();
    EXPECT_EQ(run(all), kNotFound) << err_;
    ASSERT_EQ(backstage_.asked.size(), 1u) << list;
    EXPECT_EQ(backstage_.asked[0].path, "/v1/keys/k1");
    EXPECT_EQ(backstage_.asked[0].body, R"({"name":"x","tools":)" + list + "}");
  }
  EXPECT_EQ(run({"keys", "update", "k1", "--tools"}), kUsage);
  EXPECT_EQ(run({"keys", "update", "--help"}), kOk);
  EXPECT_THAT(out_, HasSubstr("'' for none"));
}

TEST_F(Program, TakesNothingForTheValueOfAnOptionWithAnEmptyOne) {
  EXPECT_EQ(run({"serve", "--metrics-listen=", "--listen", ":0"}), kOk) << err_;
  EXPECT_EQ(backstage_.served->metrics_listen, "");
  EXPECT_EQ(backstage_.served->listen, ":0");
}

TEST_F(Program, TakesGlobalOptionsOnBothSidesOfACommand) {
  backstage_.replies["GET /v1/tools"] = {200, R"({"tools":[]})"};
  EXPECT_EQ(run({"tools", "--format", "json", "--data", "/elsewhere"}), kOk);
  EXPECT_EQ(backstage_.connected->data, "/elsewhere");
  EXPECT_THAT(out_, HasSubstr("\"tools\""));
}

TEST_F(Program, ComplainsOnStderrAndExitsWithTheFailuresCode) {
  backstage_.replies["GET /v1/tools/x"] = {404, kNotFoundReply};
  EXPECT_EQ(run({"info", "x"}), kNotFound);
  EXPECT_THAT(out_, IsEmpty());
  EXPECT_EQ(err_, "toolrack: there is no tool \"x\" (tool_not_found)\n  Look.\n");
}

TEST_F(Program, PrintsFailuresAsJsonOnStdoutForPrograms) {
  backstage_.replies["GET /v1/tools/x"] = {404, kNotFoundReply};
  EXPECT_EQ(run({"--format", "json", "info", "x"}), kNotFound);
  EXPECT_THAT(err_, IsEmpty());
  EXPECT_EQ(base::json::find_string(*base::json::find(*base::json::parse(out_), "error"), "code"), "tool_not_found");
}

TEST_F(Program, TellsAnUnreachableGatewayFromAWrongConfiguration) {
  backstage_.connect_error = base::Error(base::ErrorCode::kUnavailable, "no gateway answers");
  EXPECT_EQ(run({"tools"}), kUnreachable);
  backstage_.connect_error = base::Error(base::ErrorCode::kInvalidConfig, "toolrack.json, line 4: /threads");
  EXPECT_EQ(run({"tools"}), kInvalid);
  EXPECT_EQ(run({"--format", "json", "call", "a", "b"}), kInvalid);
  EXPECT_EQ(base::json::find_string(*base::json::find(*base::json::parse(out_), "error"), "code"), "invalid_config");
}

TEST_F(Program, TakesAnAnswerThatIsNoJsonForAFailureInside) {
  backstage_.replies["GET /v1/tools"] = {502, "<html>"};
  EXPECT_EQ(run({"tools"}), kFailure);
  EXPECT_THAT(err_, HasSubstr("502"));
}

TEST_F(Program, LeavesToASkillTheOptionsThatAreItsOwn) {
  backstage_.replies["POST /v1/tools/call"] = {200, R"({"status":"success","output":{}})"};
  EXPECT_EQ(run({"call", "seo", "analyze_page", "--url", "https://example.com", "--dry-run"}), kOk);
  EXPECT_EQ(
      backstage_.asked.back().body,
      R"({"tool":"seo","skill":"analyze_page","input":{"url":"https://example.com"},"dry_run":true,"async":false,"can_answer":["form","url"]})");
  EXPECT_EQ(backstage_.connected->url, "");
}

TEST_F(Program, TakesTheChoiceOfBackendsAndOfAKeptAnswer) {
  backstage_.replies["POST /v1/tools/call"] = {200, R"({"status":"success","output":{}})"};
  EXPECT_EQ(run({"call", "voice", "speak", "--backend", "beta,alpha", "--cache", "off"}), kOk);
  EXPECT_EQ(
      backstage_.asked.back().body,
      R"({"tool":"voice","skill":"speak","input":{},"async":false,"backend":{"only":["beta","alpha"],"order":["beta","alpha"]},"cache":"off","can_answer":["form","url"]})");
  EXPECT_EQ(run({"call", "voice", "speak", "--cache", "sometimes"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("sometimes"));
}

TEST_F(Program, CallsAFlatNameWithoutTakingAValueForItsSkill) {
  backstage_.replies["POST /v1/tools/call"] = {200, R"({"status":"success","output":{}})"};
  EXPECT_EQ(run({"call", "seo_analyze_page", "--url", "https://example.com"}), kOk);
  EXPECT_EQ(
      backstage_.asked.back().body,
      R"({"tool":"seo_analyze_page","input":{"url":"https://example.com"},"async":false,"can_answer":["form","url"]})");
}

TEST_F(Program, TakesAJobThatFailedForAnAnswer) {
  backstage_.replies["GET /v1/jobs/job_1"] = {200, R"({"job_id":"job_1","status":"failed","error":"no luck"})"};
  EXPECT_EQ(run({"jobs", "show", "job_1"}), kOk);
  EXPECT_THAT(out_, HasSubstr("no luck"));
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(Program, ExitsWithAFailureWhenTheDoctorFindsAnError) {
  backstage_.report = R"({"checks":[{"name":"dns","status":"warning","detail":"slow"}]})";
  EXPECT_EQ(run({"doctor"}), kOk);
  backstage_.report = R"({"checks":[{"name":"store","status":"error","detail":"full","remedy":"Free some space."}]})";
  EXPECT_EQ(run({"doctor"}), kFailure);
  EXPECT_THAT(out_, HasSubstr("full → Free some space."));
}

TEST_F(Program, PrintsVersionAndReports) {
  for (const auto* words : {"version", "--version"}) {
    EXPECT_EQ(run({words}), kOk);
    EXPECT_EQ(out_, "1.2.3\n");
  }
  EXPECT_EQ(run({"validate", "x.json"}), kOk);
  EXPECT_EQ(out_, "x.json is fine\n");
  EXPECT_EQ(run({"reference", "errors"}), kOk);
  EXPECT_THAT(out_, HasSubstr("# Errors"));
}

}  // namespace
}  // namespace toolrack::cli
