#include "app/derived_settings.hpp"

#include <gtest/gtest.h>

namespace toolrack::app {
namespace {

TEST(PluginDirectories, HaveNoSlashAtTheirEndAndTheBundledOneOnce) {
  Config config;
  config.plugins = {"/opt/tools/", "/usr/lib/toolrack/plugins/", "/opt/more"};
  const auto directories = plugin_directories(config, "/usr/lib/toolrack/plugins");
  ASSERT_EQ(directories.size(), 3U);
  EXPECT_EQ(directories[0].path, "/usr/lib/toolrack/plugins");
  EXPECT_TRUE(directories[0].bundled);
  EXPECT_EQ(directories[1].path, "/opt/tools");
  EXPECT_EQ(directories[2].path, "/opt/more");
  EXPECT_FALSE(directories[1].bundled);
}

}  // namespace
}  // namespace toolrack::app
