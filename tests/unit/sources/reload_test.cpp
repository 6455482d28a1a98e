/// Loading and unloading many times, and under load, leaves nothing behind.
#include <fstream>

#include "native_fixture.hpp"

namespace toolrack::sources::native {
namespace {

std::size_t count_maps() {
  std::ifstream in("/proc/self/maps");
  std::size_t lines = 0;
  for (std::string line; std::getline(in, line);) lines += line.find(".so") != std::string::npos;
  return lines;
}

std::size_t count_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

class Reload : public NativeFixture {
 protected:
  /// Install, load by a call, remove, drain.
  void cycle(const std::string& name, const std::string& slug, const std::string& skill) {
    const auto path = install(name);
    scan();
    ASSERT_EQ(call(slug, skill).code(), "ok");
    uninstall(path);
  }
};

TEST_F(Reload, LeavesNoMapsAndDescriptorsBehind) {
  if (settings.unload == UnloadPolicy::kRetain) GTEST_SKIP() << "sanitizers keep every library";
  open();
  for (int i = 0; i < 10; ++i) cycle("sdk_skills", "sdk-skills", "works");
  const auto maps = count_maps();
  const auto descriptors = count_descriptors();
  for (int i = 0; i < 100; ++i) {
    cycle("sdk_skills", "sdk-skills", "works");
    cycle("own_thread", "own-thread", "count");
  }
  EXPECT_EQ(count_maps(), maps);
  EXPECT_EQ(count_descriptors(), descriptors);
  EXPECT_EQ(metrics.gauge("toolrack_plugin_resident", "").value(), 0);
  EXPECT_EQ(metrics.counter("toolrack_plugin_closed_total", "").value(), 210U);
  EXPECT_TRUE(std::filesystem::is_empty(settings.runtime_dir)) << "private copies go with their library";
}

}  // namespace
}  // namespace toolrack::sources::native
