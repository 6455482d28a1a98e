#include "base/folder_events.hpp"

#include <gmock/gmock.h>
#include <poll.h>

#include <filesystem>
#include <fstream>

#include "support/patience.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::base {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

class FolderEventsTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(events.problem(), ""); }
  void write(const std::filesystem::path& path) { std::ofstream(path) << "x"; }
  /// Names of what has come; waits until something has.
  std::vector<std::string> seen() {
    pollfd ready{events.fd(), POLLIN, 0};
    const auto patience = std::chrono::duration_cast<std::chrono::milliseconds>(test::kPatience).count();
    EXPECT_EQ(::poll(&ready, 1, static_cast<int>(patience)), 1);
    return seen_at_once();
  }
  std::vector<std::string> seen_at_once() {
    std::vector<std::string> names;
    EXPECT_TRUE(events.read([&](std::string_view name) { names.emplace_back(name); }));
    return names;
  }
  testing::TempDirectory directory;
  const std::filesystem::path folder = directory.path();
  FolderEvents events;
};

TEST_F(FolderEventsTest, TellsOfFilesThatAreWrittenMovedLinkedAndRemoved) {
  events.watch({{folder.string()}});
  write(folder / "written");
  EXPECT_THAT(seen(), Contains("written"));
  std::filesystem::rename(folder / "written", folder / "moved");
  EXPECT_THAT(seen(), Contains("moved"));
  std::filesystem::create_symlink("moved", folder / "link");
  EXPECT_THAT(seen(), Contains("link"));
  std::filesystem::remove(folder / "moved");
  EXPECT_THAT(seen(), Contains("moved"));
}

TEST_F(FolderEventsTest, TellsOnlyOfTheNameThatCounts) {
  events.watch({{folder.string(), "this"}});
  write(folder / "other");
  EXPECT_THAT(seen_at_once(), IsEmpty());
  write(folder / "this");
  EXPECT_THAT(seen(), Contains("this"));
}

TEST_F(FolderEventsTest, TellsOfEveryNameWhereOneWatchWantsThemAll) {
  events.watch({{folder.string(), "this"}, {folder.string()}});
  write(folder / "other");
  EXPECT_THAT(seen(), Contains("other"));
}

TEST_F(FolderEventsTest, ForgetsFoldersThatAreNoLongerNamed) {
  std::filesystem::create_directory(folder / "a");
  std::filesystem::create_directory(folder / "b");
  events.watch({{(folder / "a").string()}});
  events.watch({{(folder / "b").string()}, {(folder / "none").string()}});
  write(folder / "a" / "unheard");
  write(folder / "b" / "heard");
  for (const auto& name : seen()) EXPECT_NE(name, "unheard");
}

}  // namespace
}  // namespace toolrack::base
