/// Findings as text and JSON, and notes that outlive the process that took them.
#include "lint/report.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <thread>

#include "base/json.hpp"
#include "lint/child.hpp"

namespace toolrack::lint {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

CheckResult run(const std::function<void(Notes&)>& work, std::chrono::seconds patience = std::chrono::seconds(60)) {
  return run_check("runs", "search", work, {.patience = patience});
}

TEST(Findings, ComeThroughJsonUnchanged) {
  const Finding finding{.severity = Severity::kWarning,
                        .check = "texts",
                        .where = "/skills/0",
                        .message = "\"quoted\"\n",
                        .remedy = "Do so.",
                        .seed = 18'446'744'073'709'551'615U};
  EXPECT_EQ(finding_from_json(to_json(finding)), finding);
  EXPECT_EQ(finding_from_json("{}"), std::nullopt);
  EXPECT_EQ(finding_from_json("no"), std::nullopt);
}

TEST(Reports, SayHowToSeeAFindingAgain) {
  Report report{.file = "a.so", .title = "acme/a 1.0.0, 1 skill", .results = {}};
  report.results.push_back({.check = "file", .runs = 1});
  report.results.push_back(
      {.check = "runs",
       .skill = "search",
       .runs = 17,
       .findings = {{.check = "runs", .where = "skill search", .message = "it fell", .seed = 17}}});
  const auto text = to_text(report);
  EXPECT_THAT(text, HasSubstr("ok    file\n"));
  EXPECT_THAT(text, HasSubstr("FAIL  runs of search: 17 times\n"));
  EXPECT_THAT(text, HasSubstr("toolrack lint a.so --only runs --reproduce 17\n"));
  EXPECT_THAT(text, HasSubstr("1 error, 0 warnings\n"));
  EXPECT_TRUE(report.has_errors());
  const auto json = base::json::parse(to_json(report));
  ASSERT_TRUE(json);
  EXPECT_EQ(base::json::find_bool(*json, "ok"), false);
  EXPECT_EQ(base::json::view(*base::json::at(*json, "/checks/1/findings/0/message")), "it fell");
}

TEST(Checks, KeepWhatTheirProcessWroteBeforeItDied) {
  const auto result = run([](Notes& notes) {
    notes.begin("first", 1);
    notes.add("early");
    notes.begin("second", 2);
    std::signal(SIGSEGV, SIG_DFL);  // Sanitizers have one of their own.
    std::raise(SIGSEGV);
  });
  EXPECT_EQ(result.runs, 2U);
  ASSERT_EQ(result.findings.size(), 2U);
  EXPECT_EQ(result.findings[0].message, "early");
  EXPECT_THAT(result.findings[1].message, HasSubstr("crashes (SIGSEGV): second"));
  EXPECT_EQ(result.findings[1].seed, 2U);
}

TEST(Checks, NameAPluginThatEndsTheProcess) {
  const auto result = run([](Notes& notes) {
    notes.begin("the call", 3);
    ::_exit(7);
  });
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_THAT(result.findings[0].message, HasSubstr("with status 7: the call"));
}

/// As the check's own process ends, but before the check has.
TEST(Checks, NameAPluginThatEndsTheProcessAsIfAllWereWell) {
  const auto result = run([](Notes& notes) {
    notes.begin("the call", 3);
    ::_exit(0);
  });
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_THAT(result.findings[0].message, HasSubstr("with status 0: the call"));
}

TEST(Checks, EndAPluginThatHangs) {
  const auto result = run(
      [](Notes& notes) {
        notes.begin("the loop", 4);
        for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
      },
      std::chrono::seconds(3));  // In which it gets to its loop on a busy machine, too.
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_THAT(result.findings[0].message, HasSubstr("does not return within 3 s: the loop"));
}

TEST(Checks, SayTheSameOnce) {
  const auto result = run([](Notes& notes) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      notes.begin("it", seed);
      notes.add("the same");
    }
  });
  EXPECT_THAT(result.findings, ElementsAre(Field(&Finding::seed, 1U)));
}

TEST(Checks, TakeWordsThatAreNoUtf8) {
  const auto result = run([](Notes& notes) { notes.add("bad \xff byte"); });
  EXPECT_EQ(result.findings.size(), 1U);
}

TEST(Checks, TellAnExceptionOfThePlugin) {
  const auto result = run([](Notes&) { throw std::runtime_error("thrown"); });
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_THAT(result.findings[0].message, HasSubstr("thrown"));
}

}  // namespace
}  // namespace toolrack::lint
