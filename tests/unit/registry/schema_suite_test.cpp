// The official test suite as the referee of the validator. tests/data/json-schema-suite/README.md says what lies where.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "registry/input_validator.hpp"

namespace toolrack::registry {
namespace {

namespace fs = std::filesystem;
namespace json = base::json;
using json::Value;

const fs::path kSuite = fs::path(TOOLRACK_SOURCE_DIR) / "tests" / "data" / "json-schema-suite";

json::Document read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  auto document = json::parse(text.str());
  EXPECT_TRUE(document) << path << ": " << (document ? "" : document.error().message());
  return document ? std::move(*document) : json::Document();
}

std::string text_of(const Value& object, std::string_view key) {
  return std::string(json::find_string(object, key).value_or(""));
}

/// What differs from the suite, and whether each row was still needed.
class Differences {
 public:
  Differences() : document_(read(kSuite / "differences.json")) {
    for (const auto& row : json::find(document_, "refused")->GetArray())
      refused_[{text_of(row, "file"), text_of(row, "group")}] = text_of(row, "kind");
    for (const auto& row : json::find(document_, "optional")->GetArray()) {
      EXPECT_NE(text_of(row, "why"), "") << json::dump(row);
      optional_.insert({text_of(row, "file"), text_of(row, "group"), text_of(row, "test")});
    }
  }

  /// The words of the error with which a group must be refused; empty when it must compile.
  std::string refusal(const std::string& file, const std::string& group) {
    const auto row = refused_.find({file, group});
    if (row == refused_.end()) return {};
    used_.insert(row->first);
    const auto* kind = json::find(*json::find(document_, "kinds"), row->second);
    EXPECT_NE(kind, nullptr) << row->second;
    if (kind == nullptr) return {};
    EXPECT_NE(text_of(*kind, "why"), "") << row->second;
    return text_of(*kind, "says");
  }

  bool is_other_answer(const std::string& file, const std::string& group, const std::string& test) const {
    return optional_.contains({file, group, test});
  }

  void expect_all_used(std::string_view what) const {
    for (const auto& [row, kind] : refused_) {
      const bool is_optional = row.first.find("/optional/") != std::string::npos;
      if (is_optional == (what == "optional")) {
        EXPECT_TRUE(used_.contains(row)) << "no such group: " << row.first << ": " << row.second;
      }
    }
  }
  std::size_t optional_rows() const noexcept { return optional_.size(); }

 private:
  json::Document document_;
  std::map<std::pair<std::string, std::string>, std::string> refused_;
  std::set<std::tuple<std::string, std::string, std::string>> optional_;
  std::set<std::pair<std::string, std::string>> used_;
};

struct Counts {
  int files = 0, passed = 0, refused_groups = 0, refused_cases = 0, other_answers = 0;
};

/// Without `$schema` a schema is one of 2020-12; draft 7's cases rely on who runs them, so this says it for them.
std::string with_dialect(const Value& schema, bool is_draft7) {
  auto text = json::dump(schema);
  if (!is_draft7 || !schema.IsObject() || json::find(schema, "$schema") != nullptr) return text;
  const auto* const comma = schema.ObjectEmpty() ? "" : ",";
  return R"({"$schema":"http://json-schema.org/draft-07/schema#")" + std::string(comma) + text.substr(1);
}

void run_file(const fs::path& path, Differences& differences, Counts& counts) {
  const auto file = fs::relative(path, kSuite / "tests").string();
  const bool is_draft7 = file.starts_with("draft7/");
  // By the specification `format` only describes; the cases that want more are these.
  const bool asserts = file.find("/optional/format/") != std::string::npos;
  const auto document = read(path);
  ASSERT_TRUE(document.IsArray()) << file;
  ++counts.files;
  for (const auto& group : document.GetArray()) {
    const auto name = text_of(group, "description");
    const auto& tests = *json::find(group, "tests");
    auto validator = compile_schema(with_dialect(*json::find(group, "schema"), is_draft7),
                                    asserts ? Formats::kAssert : Formats::kAnnotate);
    if (const auto words = differences.refusal(file, name); !words.empty()) {
      EXPECT_FALSE(validator) << "compiles, so take it off the list: " << file << ": " << name;
      if (validator) continue;
      EXPECT_EQ(validator.error().code(), base::ErrorCode::kInvalidManifest);
      EXPECT_NE(validator.error().message().find(words), std::string::npos)
          << file << ": " << name << ": " << validator.error().message();
      ++counts.refused_groups;
      counts.refused_cases += static_cast<int>(tests.Size());
      continue;
    }
    if (!validator) {
      ADD_FAILURE() << "refused: " << file << ": " << name << ": " << validator.error().message();
      continue;
    }
    for (const auto& test : tests.GetArray()) {
      const auto what = text_of(test, "description");
      const bool is_valid = (*validator)->check(*json::find(test, "data")).empty();
      const bool is_right = is_valid == json::find_bool(test, "valid").value();
      const bool is_other = differences.is_other_answer(file, name, what);
      EXPECT_EQ(is_right, !is_other) << (is_other ? "answered as the suite wants, so take it off the list: " : "")
                                     << file << ": " << name << ": " << what << "\n"
                                     << json::dump(*json::find(group, "schema")) << "\n"
                                     << json::dump(*json::find(test, "data"));
      ++(is_right ? counts.passed : counts.other_answers);
    }
  }
}

Counts run_folder(const fs::path& folder, bool deep, Differences& differences) {
  std::vector<fs::path> files;
  const auto add = [&](const fs::directory_entry& entry) {
    if (entry.is_regular_file() && entry.path().extension() == ".json") files.push_back(entry.path());
  };
  if (deep) {
    for (const auto& entry : fs::recursive_directory_iterator(folder)) add(entry);
  } else {
    for (const auto& entry : fs::directory_iterator(folder)) add(entry);
  }
  std::sort(files.begin(), files.end());
  Counts counts;
  for (const auto& file : files) run_file(file, differences, counts);
  std::printf("%s: %d files, %d cases as the suite says, %d groups (%d cases) refused, %d answered otherwise\n",
              fs::relative(folder, kSuite / "tests").c_str(), counts.files, counts.passed, counts.refused_groups,
              counts.refused_cases, counts.other_answers);
  return counts;
}

TEST(SchemaSuite, AnswersEveryRequiredCaseOrRefusesItsSchemaForAReason) {
  Differences differences;
  const auto new_draft = run_folder(kSuite / "tests" / "draft2020-12", false, differences);
  const auto draft7 = run_folder(kSuite / "tests" / "draft7", false, differences);
  EXPECT_EQ(new_draft.other_answers + draft7.other_answers, 0) << "the required cases know no other answers";
  EXPECT_GT(new_draft.passed, 1'200);
  EXPECT_GT(draft7.passed, 850);
  differences.expect_all_used("required");
}

TEST(SchemaSuite, AnswersTheOptionalCasesExceptTheListedOnes) {
  Differences differences;
  int others = 0;
  for (const auto* draft : {"draft2020-12", "draft7"})
    others += run_folder(kSuite / "tests" / draft / "optional", true, differences).other_answers;
  EXPECT_EQ(static_cast<std::size_t>(others), differences.optional_rows()) << "a row names no case";
  differences.expect_all_used("optional");
}

}  // namespace
}  // namespace toolrack::registry
