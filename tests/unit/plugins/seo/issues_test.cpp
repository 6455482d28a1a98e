#include "analysis/issues.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace toolrack::seo {
namespace {

TEST(Issues, TakesEachWeightOnceAndStopsAtZero) {
  Issues issues;
  EXPECT_EQ(issues.score(), 100);
  issues.add("title.missing");
  issues.add("title.missing", "again", 3);
  EXPECT_EQ(issues.score(), 85);
  EXPECT_EQ(issues.sorted()[0].count, 4U);
  issues.add("http.status_error");
  issues.add("indexing.noindex_meta");
  EXPECT_EQ(issues.score(), 0);
}

TEST(Issues, SortsBySeverityThenWeight) {
  Issues issues;
  issues.add("links.script");
  issues.add("description.missing");
  issues.add("title.missing");
  issues.add("title.multiple");
  std::string ids;
  for (const Issue& issue : issues.sorted()) ids += std::string(issue.kind->id) + " ";
  EXPECT_EQ(ids, "title.missing description.missing title.multiple links.script ");
}

TEST(Issues, ShortensEvidenceByCharacters) {
  Issues issues;
  std::string bread;
  for (int i = 0; i < 1000; ++i) bread += "\xF0\x9F\x8D\x9E";
  issues.add("title.too_long", bread);
  EXPECT_EQ(issues.sorted()[0].evidence.size(), 299U * 4 + 3);
}

TEST(IssueKinds, HaveUniqueNamesWeightsAndFixes) {
  std::set<std::string_view> ids;
  for (const IssueKind& kind : kIssueKinds) {
    EXPECT_TRUE(ids.insert(kind.id).second) << kind.id;
    EXPECT_GT(kind.weight, 0) << kind.id;
    EXPECT_TRUE(kind.fix.ends_with('.')) << kind.id;
    EXPECT_FALSE(kind.title.ends_with('.')) << kind.id;
    EXPECT_FALSE(kind.severity == Severity::kNotice && kind.weight > 2) << kind.id;
  }
}

/// The README's table is what people read about the score.
TEST(IssueKinds, AreWhatTheReadmeSays) {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/plugins/seo/README.md");
  ASSERT_TRUE(file) << "plugins/seo/README.md is missing";
  std::set<std::string> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("| `") && line.find('.') < line.find("` |")) rows.insert(line);
  }
  std::set<std::string> expected;
  for (const IssueKind& kind : kIssueKinds) {
    std::ostringstream row;
    row << "| `" << kind.id << "` | " << name_of(kind.severity) << " | " << kind.weight << " | " << kind.title << " |";
    expected.insert(row.str());
  }
  EXPECT_EQ(rows, expected);
}

}  // namespace
}  // namespace toolrack::seo
