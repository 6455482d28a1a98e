/// A plugin directory that is the mount point of a volume. Each test is run in a mount namespace of its own.
#include <gmock/gmock.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "native_fixture.hpp"
#include "support/network_namespace.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Volume : public NativeFixture {
 protected:
  Volume() { settings.copies_at_once = true; }  // As where directories are watched.
  ~Volume() override {
    while (::umount2(plugins().c_str(), MNT_DETACH) == 0) {
    }
  }
  void mount() { ASSERT_EQ(::mount("none", plugins().c_str(), "tmpfs", 0, "mode=0755"), 0) << std::strerror(errno); }
  /// Of the file system that the mount point lies on, too.
  void bind(const std::filesystem::path& from) {
    std::filesystem::create_directories(from);
    ASSERT_EQ(::mount(from.c_str(), plugins().c_str(), nullptr, MS_BIND, nullptr), 0) << std::strerror(errno);
  }
  void unmount() { ASSERT_EQ(::umount2(plugins().c_str(), 0), 0) << std::strerror(errno); }

  void expect_served_while_away() {
    scan();
    EXPECT_THAT(result.removed, IsEmpty());
    EXPECT_EQ(call("plain", "echo").code(), "ok");
    ASSERT_EQ(result.faults.size(), 1u);
    EXPECT_EQ(result.faults[0].path, plugins());
    EXPECT_THAT(result.faults[0].message, HasSubstr("not on the volume"));
    scan();
    EXPECT_THAT(result.removed, IsEmpty());
    EXPECT_THAT(result.faults, IsEmpty()) << "told once";
  }
};

TEST_F(Volume, KeepsItsToolsWhileItIsAwayAndWhenItIsBack) {
  TOOLRACK_TEST_IN_NAMESPACE();
  mount();
  install("plain");
  open();
  unmount();
  expect_served_while_away();
  mount();
  install("plain");
  scan();
  EXPECT_THAT(result.added, IsEmpty());
  EXPECT_THAT(result.removed, IsEmpty());
  EXPECT_EQ(row("plain").code, "");
}

TEST_F(Volume, KeepsItsToolsWhereOnlyTheMountTellsThatItIsAway) {
  TOOLRACK_TEST_IN_NAMESPACE();
  bind(directory.path() / "volume");
  install("plain");
  open();
  unmount();
  expect_served_while_away();
}

TEST_F(Volume, LosesWhatIsRemovedFromIt) {
  TOOLRACK_TEST_IN_NAMESPACE();
  mount();
  const auto file = install("plain");
  open();
  std::filesystem::remove(file);
  scan();
  EXPECT_THAT(result.removed, ElementsAre("test/plain@1.0.0"));
  EXPECT_THAT(result.faults, IsEmpty());
  drain(std::move(result.retired));
}

TEST_F(Volume, IsFollowedWhenAnotherOneTakesItsPlace) {
  TOOLRACK_TEST_IN_NAMESPACE();
  mount();
  install("plain");
  open();
  unmount();
  mount();
  install("plain_next");
  scan();
  EXPECT_THAT(result.removed, ElementsAre("test/plain@1.0.0"));
  drain(std::move(result.retired));
  // From here on its tools are those that must not go.
  unmount();
  scan();
  EXPECT_THAT(result.removed, IsEmpty());
}

}  // namespace
}  // namespace toolrack::sources::native
