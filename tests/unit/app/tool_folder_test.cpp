#include "app/tool_folder.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ToolFolderTest : public ::testing::Test {
 protected:
  void put(const fs::path& name) {
    fs::create_directories((folder / name).parent_path());
    std::ofstream(folder / name) << "x";
  }
  testing::TempDirectory directory;
  const fs::path folder = fs::canonical(directory.path());
};

TEST_F(ToolFolderTest, IsBuiltWhereThereIsACMakeProject) {
  put("CMakeLists.txt");
  put("my.tool.json");
  const auto opened = ToolFolder::open(folder, "default");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_TRUE(opened->is_built());
}

TEST_F(ToolFolderTest, IsServedAsItStandsWhereThereAreManifestsOnly) {
  put("my.tool.json");
  const auto opened = ToolFolder::open(folder, "default");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_FALSE(opened->is_built());
}

TEST_F(ToolFolderTest, SaysWhatWouldMakeAFolderOne) {
  const auto none = ToolFolder::open(folder, "default");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message(), HasSubstr(folder.string()));
  EXPECT_THAT(std::string(none.error().hint()), HasSubstr("toolrack new"));
  EXPECT_FALSE(ToolFolder::open(folder / "absent", "default"));
}

TEST_F(ToolFolderTest, WatchesSourcesAndNotWhatIsBuiltOrHidden) {
  for (const auto* name : {"CMakeLists.txt", "src/deep/a.cpp", "build/CMakeCache.txt", "build/CMakeFiles/x",
                           ".git/objects/x", "data/documents"})
    put(name);
  const auto opened = ToolFolder::open(folder, "default");
  ASSERT_TRUE(opened);
  std::vector<std::string> watched;
  for (const auto& one : opened->watched(folder / "data")) watched.push_back(one.path);
  EXPECT_THAT(watched,
              UnorderedElementsAre(folder.string(), (folder / "src").string(), (folder / "src/deep").string()));
}

TEST(ToolFolderSources, AreNotWhatEditorsLeaveLyingAbout) {
  for (const auto* name : {"a.cpp", "CMakeLists.txt", "manifest.json", "4913"})
    EXPECT_TRUE(ToolFolder::is_source(name));
  for (const auto* name : {".a.cpp.swp", "a.cpp~", "#a.cpp#", "a.tmp", ".git"})
    EXPECT_FALSE(ToolFolder::is_source(name));
}

}  // namespace
}  // namespace toolrack::app
