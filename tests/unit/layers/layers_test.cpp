/// Which way dependencies point: docs/layout.md. Reads the includes of host/, knows nothing else.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <string>

namespace {

namespace fs = std::filesystem;

/// Folders of one rank never include each other; a folder includes only folders of a lower rank, and itself.
const std::map<std::string, int> kRanks{{"base", 0},       {"store", 1},    {"text", 1},       {"worker", 1},
                                        {"registry", 2},   {"accounts", 3}, {"services", 4},   {"billing", 5},
                                        {"sources", 6},    {"call", 6},     {"operations", 7}, {"lint", 7},
                                        {"transports", 8}, {"cli", 8},      {"app", 9}};

std::string arrow_error(const std::string& from, const std::string& to) {
  const auto source = kRanks.find(from), target = kRanks.find(to);
  if (source == kRanks.end() || target == kRanks.end() || from == to) return "";
  return target->second < source->second ? "" : from + " must not include " + to;
}

TEST(Layers, EveryIncludePointsToALowerLayer) {
  const fs::path host = fs::path(TOOLRACK_SOURCE_DIR) / "host";
  const std::regex include(R"re(^#include "([a-z]+)/)re");
  std::size_t seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(host)) {
    const auto extension = entry.path().extension();
    if (extension != ".cpp" && extension != ".hpp") continue;
    const auto from = fs::relative(entry.path(), host).begin()->string();
    ASSERT_TRUE(kRanks.contains(from)) << entry.path() << ": the folder has no rank; add it to docs/layout.md and here";
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      ++seen;
      EXPECT_EQ(arrow_error(from, match[1]), "") << entry.path() << ": " << line;
    }
  }
  EXPECT_GT(seen, 300U) << "the includes were not found";
}

TEST(Layers, AnArrowThatPointsBackIsNamed) {
  EXPECT_EQ(arrow_error("base", "store"), "base must not include store");
  EXPECT_EQ(arrow_error("call", "sources"), "call must not include sources");
  EXPECT_EQ(arrow_error("app", "cli"), "");
}

/// But for the linter, which runs plugins on the very host that their authors' unit tests have.
TEST(Layers, OnlyTheAbiIsSharedWithPlugins) {
  const fs::path host = fs::path(TOOLRACK_SOURCE_DIR) / "host";
  const std::regex include(R"re(^#include <toolrack/(.*)>)re");
  for (const auto& entry : fs::recursive_directory_iterator(host)) {
    std::ifstream file(entry.path());
    for (std::string line; entry.is_regular_file() && std::getline(file, line);) {
      std::smatch match;
      if (!std::regex_search(line, match, include)) continue;
      const bool is_linter = fs::relative(entry.path(), host).begin()->string() == "lint";
      if (is_linter && match[1] == "testing/fake_host.hpp") continue;
      EXPECT_TRUE(std::regex_match(match[1].str(), std::regex(R"(abi\.h|draft/[a-z]+\.h)")))
          << match[1] << " in " << entry.path();
    }
  }
}

}  // namespace
