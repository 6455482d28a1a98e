/// The linter finds each planted fault, names it, shows it again by its seed, and has nothing against what is right.
#include "lint/lint.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "lint/file_checks.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::lint {
namespace {

using ::testing::HasSubstr;

std::string planted(const std::string& fault) {
  return std::string(TOOLRACK_BINARY_DIR) + "/tests/plugins/planted_" + fault + ".so";
}

Report lint(Options options) {
  auto report = run(options);
  EXPECT_TRUE(report) << report.error().message();
  return report ? *std::move(report) : Report{};
}

std::vector<Finding> errors_of(const Report& report) {
  std::vector<Finding> out;
  for (const auto& result : report.results)
    for (const auto& finding : result.findings)
      if (finding.severity == Severity::kError) out.push_back(finding);
  return out;
}

struct Row {
  const char* fault;
  const char* check;    ///< The one that has to find it.
  const char* message;  ///< What it has to say.
};

class PlantedFaults : public ::testing::TestWithParam<Row> {};

TEST_P(PlantedFaults, AreFoundAndNamed) {
  const auto& row = GetParam();
  const auto report = lint({.file = planted(row.fault)});
  bool is_found = false;
  for (const auto& finding : errors_of(report))
    is_found = is_found || (finding.check == row.check && finding.message.find(row.message) != std::string::npos);
  EXPECT_TRUE(is_found) << to_text(report);
  EXPECT_TRUE(report.has_errors());
}

TEST_P(PlantedFaults, AreSeenAgainByTheirSeed) {
  const auto& row = GetParam();
  const auto whole = lint({.file = planted(row.fault), .only = {row.check}});
  for (const auto& finding : errors_of(whole)) {
    if (!finding.seed) continue;
    const auto again = lint({.file = planted(row.fault), .only = {row.check}, .reproduce = finding.seed});
    bool is_there = false;
    for (const auto& other : errors_of(again)) is_there = is_there || other == finding;
    EXPECT_TRUE(is_there) << to_text(whole) << "\n" << to_text(again);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, PlantedFaults,
    ::testing::Values(Row{"never_completes", "runs", "never completes: it waits for nothing"},
                      Row{"completes_twice", "runs", "complete() for call 1, which has completed"},
                      Row{"ignores_cancel", "cancel", "goes on for ever"},
                      Row{"step_not_ended", "runs", "the step \"step\" begun and not ended"},
                      Row{"goes_on_unanswered", "questions", "said TR_SUSPENDED, but the call went on"},
                      Row{"crashes_on_input", "runs", "the plugin "},
                      Row{"breaks_its_schema", "runs", "its output breaks its schema at \"/length\""},
                      Row{"asks_in_create", "life", "before start()"},
                      Row{"keeps_for_ever", "runs", "kept buffers were never released"},
                      Row{"needs_everything", "services", "without toolrack.http/1"},
                      Row{"mixes_calls", "crowd", "calls get in each other's way"},
                      Row{"leaves_descriptors", "leaks", "descriptors more after"},
                      Row{"ends_the_process", "runs", "the plugin ends the process, with status 0"},
                      Row{"reads_behind_host", "sizes", "on a host of ABI 1.0, whose structs end where theirs do"},
                      Row{"explains_unasked", "sizes", "on a host whose tr_host ends before explain()"},
                      Row{"wants_its_size", "sizes", "on a later host, whose tr_invocation is longer"}),
    [](const auto& info) { return info.param.fault; });

/// A warning: it may run where it was built.
TEST(Lint, NamesAVersionOfALibraryThatDebian12DoesNotHave) {
  const auto report = lint({.file = planted("needs_newer_library"), .only = {"library"}});
  const auto& findings = report.results.back().findings;
  ASSERT_EQ(findings.size(), 1U) << to_text(report);
  EXPECT_EQ(findings[0].severity, Severity::kWarning);
  EXPECT_EQ(findings[0].message, "it needs GLIBC_2.99, which Debian 12 does not have: there it is not loaded");
}

TEST(Lint, LeavesOutWhatFoundNothing) {
  const auto report = lint({.file = planted("breaks_its_schema"), .runs = 20, .only_failed = true});
  EXPECT_TRUE(report.has_errors());
  for (const auto& result : report.results) EXPECT_FALSE(result.findings.empty()) << result.check;
  const auto right = lint({.file = planted("none"), .only = {"runs"}, .only_failed = true});
  EXPECT_FALSE(right.has_errors());
  EXPECT_TRUE(right.results.empty()) << to_text(right);
}

TEST(Lint, NamesWhatALibraryExportsBesideItsEntry) {
  sources::native::ElfInfo elf;
  elf.build_id = "ab";
  elf.exported = {"toolrack_entry_v1", "helper"};
  const auto result = check_library(elf);
  ASSERT_EQ(result.findings.size(), 1U);
  EXPECT_EQ(result.findings[0].severity, Severity::kWarning);
  EXPECT_EQ(result.findings[0].message, "it exports helper, which only the plugin itself needs");
}

TEST(Lint, HasNothingAgainstTheVersionsOfThisMachinesLibraries) {
  const auto report = lint({.file = std::string(TOOLRACK_BINARY_DIR) + "/plugins/seo.so", .only = {"library"}});
  for (const auto& finding : report.results.back().findings)
    EXPECT_EQ(finding.message.find("Debian 12"), std::string::npos) << finding.message;
}

TEST(Lint, HasNothingAgainstAPluginThatIsRight) {
  const auto report = lint({.file = planted("none"), .runs = 200});
  EXPECT_FALSE(report.has_errors()) << to_text(report);
  std::size_t done = 0;
  for (const auto& result : report.results) done += result.skipped.empty() ? 1 : 0;
  EXPECT_GE(done, 10U) << to_text(report);
}

TEST(Lint, HasNothingAgainstTheBundledTools) {
  for (const auto& entry : std::filesystem::directory_iterator(std::string(TOOLRACK_BINARY_DIR) + "/plugins")) {
    const auto path = entry.path().string();
    if (!path.ends_with(".so") && !path.ends_with(".tool.json")) continue;
    const auto report = lint({.file = path, .runs = 20});
    EXPECT_FALSE(report.has_errors()) << to_text(report);
  }
}

TEST(Lint, NamesEachPlaceOfAManifestThatIsWrong) {
  const testing::TempDirectory directory;
  const auto path = directory.path() / "acme.tool.json";
  std::ofstream(path) << R"({"manifest":"1.0","owner":"acme","name":"acme","version":"1.0.0","description":"Finds.",
      "providers":{"p":{"base_url":"https://p.example"}},
      "skills":[{"name":"find","description":"Finds things.","request":{"provider":"p","path":"/"},
                 "input":{"type":"object","properties":{"a":{"type":"string","x-mcp-header":"No Token"},
                          "n":{"type":"integer","x-mcp-header":"dup"},"o":{"type":"object","x-mcp-header":"DUP"}}}}]})";
  const auto findings = errors_of(lint({.file = path.string()}));
  const std::string place = "/skills/0/input/properties/";
  ASSERT_EQ(findings.size(), 3U);
  for (const auto& finding : findings) EXPECT_EQ(finding.check, "file");
  EXPECT_EQ(findings[0].where, place + "a/x-mcp-header");
  EXPECT_THAT(findings[0].message, HasSubstr("\"No Token\" is no name for a header"));
  EXPECT_EQ(findings[1].where, place + "o/x-mcp-header");
  EXPECT_THAT(findings[1].message, HasSubstr("whose type is \"object\""));
  EXPECT_EQ(findings[2].where, place + "o/x-mcp-header");
  EXPECT_THAT(findings[2].message, HasSubstr("is the header of " + place + "n/x-mcp-header as well"));
}

class Against : public ::testing::Test {
 protected:
  /// A manifest whose one skill takes `properties`.
  std::string manifest(const std::string& version, const std::string& properties) {
    const auto path = directory.path() / ("acme-" + version + ".json");
    std::ofstream(path) << R"({"manifest":"1.0","owner":"acme","name":"measure","version":")" << version
                        << R"(","description":"Measures.","skills":[{"name":"measure","description":"Measures.",)"
                        << R"("input":{"type":"object","properties":)" << properties << "}}]}";
    return path.string();
  }
  Report compare(const std::string& before, const std::string& after) {
    return lint({.file = after, .against = before, .only = {"against"}});
  }
  toolrack::testing::TempDirectory directory;
};

TEST_F(Against, AMinorVersionThatTakesAwayIsAnError) {
  const auto report = compare(manifest("1.0.0", R"({"text":{"type":"string"}})"),
                              manifest("1.1.0", R"({"text":{"type":"string","maxLength":5}})"));
  const auto errors = errors_of(report);
  ASSERT_EQ(errors.size(), 1U) << to_text(report);
  EXPECT_THAT(errors[0].where, HasSubstr("/skills/0/input/properties/text"));
  EXPECT_THAT(errors[0].remedy, HasSubstr("new major version"));
}

TEST_F(Against, AMajorVersionIsOnlyToldOf) {
  const auto report = compare(manifest("1.0.0", R"({"text":{"type":"string"}})"),
                              manifest("2.0.0", R"({"text":{"type":"string","maxLength":5}})"));
  EXPECT_FALSE(report.has_errors());
  EXPECT_EQ(report.results.back().findings.size(), 1U) << to_text(report);
}

TEST_F(Against, AVersionThatGivesMoreIsFine) {
  const auto report = compare(manifest("1.0.0", R"({"text":{"type":"string"}})"),
                              manifest("1.1.0", R"({"text":{"type":"string"},"more":{"type":"string"}})"));
  EXPECT_TRUE(report.results.back().findings.empty()) << to_text(report);
}

TEST_F(Against, AnotherToolIsNotTakenForAnOlderVersion) {
  const auto report = compare(planted("none"), manifest("1.0.0", "{}"));
  const auto errors = errors_of(report);
  ASSERT_EQ(errors.size(), 1U) << to_text(report);
  EXPECT_THAT(errors[0].message, HasSubstr("it is test/planted, another tool than acme/measure"));
}

TEST_F(Against, AnOldVersionThatIsNoneIsSaid) {
  const auto report = compare("/no/such.so", manifest("1.0.0", "{}"));
  EXPECT_TRUE(report.has_errors());
}

TEST(Lint, TellsAFileThatIsNoneInsteadOfFailing) {
  const auto report = lint({.file = "/no/such/file.so"});
  EXPECT_TRUE(report.has_errors());
  ASSERT_EQ(report.results.size(), 1U);
}

TEST(Lint, NamesTheChecksThereAre) {
  const auto report = run({.file = planted("none"), .only = {"no_such_check"}});
  ASSERT_FALSE(report);
  EXPECT_THAT(std::string(report.error().hint()), HasSubstr("crowd"));
}

TEST(Lint, RefusesSettingsThatAreNoObject) { EXPECT_FALSE(run({.file = planted("none"), .settings_json = "[]"})); }

TEST(Lint, WorksInOneProcessForDebuggers) {
  const auto report = lint({.file = planted("none"), .only = {"runs"}, .runs = 5, .in_process = true});
  EXPECT_FALSE(report.has_errors()) << to_text(report);
}

}  // namespace
}  // namespace toolrack::lint
