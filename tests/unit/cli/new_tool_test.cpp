#include "cli/new_tool.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "support/temp_directory.hpp"

namespace toolrack::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;

class NewTools : public ::testing::Test {
 protected:
  std::string read(const std::string& name) const {
    std::ifstream file(folder_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  NewTool wanted(std::string name, std::string language) const {
    return {.name = std::move(name), .language = std::move(language), .owner = "acme", .folder = folder_};
  }
  testing::TempDirectory place_;
  const std::filesystem::path folder_ = place_.path() / "project";
};

TEST_F(NewTools, ComeInThreeLanguages) { EXPECT_THAT(new_tool_languages(), ElementsAre("c", "cpp", "declarative")); }

TEST_F(NewTools, HaveEveryPlaceFilledIn) {
  for (const auto& language : new_tool_languages()) {
    SCOPED_TRACE(language);
    const auto files = make_new_tool(wanted("my-tool2", language));
    ASSERT_TRUE(files) << files.error().message();
    for (const auto& name : *files) {
      EXPECT_THAT(name, Not(HasSubstr("__")));
      const auto text = read(name);
      EXPECT_FALSE(text.empty()) << name;
      for (const auto* place : {"@TOOL@", "@SNAKE@", "@CLASS@", "@TITLE@", "@OWNER@"})
        EXPECT_THAT(text, Not(HasSubstr(place))) << name;
    }
    EXPECT_THAT(*files, IsSupersetOf({"README.md", "manifest.schema.json", ".github/workflows/build.yml"}));
    std::filesystem::remove_all(folder_);
  }
}

TEST_F(NewTools, AreNamedInTheirFilesAndByThem) {
  const auto files = make_new_tool(wanted("my-tool", "cpp"));
  ASSERT_TRUE(files) << files.error().message();
  EXPECT_THAT(*files, IsSupersetOf({"src/my_tool.cpp", "tests/my_tool_test.cpp"}));
  EXPECT_THAT(read("src/my_tool.cpp"), HasSubstr("TOOLRACK_PLUGIN(MyTool)"));
  EXPECT_THAT(read("manifest.json"), HasSubstr(R"("owner": "acme",)"));
  EXPECT_THAT(read("manifest.json"), HasSubstr(R"("title": "My tool")"));
  EXPECT_THAT(read("CMakeLists.txt"), HasSubstr("toolrack_add_plugin(my-tool "));
}

TEST_F(NewTools, WhoseNamesBeginWithADigitHaveClassesAllTheSame) {
  ASSERT_TRUE(make_new_tool(wanted("3d-models", "cpp")));
  EXPECT_THAT(read("src/3d_models.cpp"), HasSubstr("TOOLRACK_PLUGIN(Tool3dModels)"));
}

TEST_F(NewTools, AreRefusedNamesThatNoManifestMayHave) {
  for (const auto* name : {"", "My-tool", "my_tool", "-tool", "tool-", "my--tool", "a/b", "../x", "tool.so",
                           "a-name-of-more-than-forty-characters-is-too-long"}) {
    const auto files = make_new_tool(wanted(name, "cpp"));
    ASSERT_FALSE(files) << name;
    EXPECT_EQ(files.error().code(), base::ErrorCode::kInvalidRequest);
    EXPECT_THAT(files.error().message(), HasSubstr(name));
  }
  auto no_owner = wanted("my-tool", "cpp");
  no_owner.owner = "Acme Inc.";
  EXPECT_FALSE(make_new_tool(no_owner));
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(NewTools, NeverTakeThePlaceOfWhatIsThere) {
  std::filesystem::create_directories(folder_);
  ASSERT_TRUE(make_new_tool(wanted("my-tool", "cpp"))) << "an empty folder is nobody's";
  const auto again = make_new_tool(wanted("my-tool", "c"));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), base::ErrorCode::kConflict);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "src/my_tool.c"));
}

TEST_F(NewTools, CannotBeMadeWhereNobodyMayWrite) {
  auto nowhere = wanted("my-tool", "cpp");
  nowhere.folder = "/proc/nowhere";
  const auto files = make_new_tool(nowhere);
  ASSERT_FALSE(files);
  EXPECT_THAT(files.error().message(), HasSubstr("/proc/nowhere/"));
}

}  // namespace
}  // namespace toolrack::cli
