/// What TOOLRACK_* variables and the command line change.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "app/backstage.hpp"
#include "app/config.hpp"
#include "environment.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ConfigEnvironmentTest : public ::testing::Test {
 protected:
  ConfigEnvironmentTest() { environment_.set("HOME", "/home/somebody"); }
  Environment environment_;
};

TEST_F(ConfigEnvironmentTest, WinsOverTheFile) {
  environment_.set("TOOLRACK_MODE", "hosted");
  environment_.set("TOOLRACK_LISTEN", "127.0.0.1:1");
  environment_.set("TOOLRACK_METRICS_LISTEN", "127.0.0.1:2");
  environment_.set("TOOLRACK_THREADS", "7");
  environment_.set("TOOLRACK_DATA", "~/env");
  environment_.set("TOOLRACK_PLUGINS", "/one::~/two:");
  environment_.set("TOOLRACK_REQUIRE_SIGNATURE", "false");
  environment_.set("TOOLRACK_LOG_LEVEL", "error");
  environment_.set("TOOLRACK_LOG_FORMAT", "json");
  const auto config =
      read_config(R"({"mode": "local", "listen": "127.0.0.1:9", "metrics_listen": "", "threads": 9, "data": "/file",
    "plugins": ["/file"], "log": {"level": "debug", "format": "text"}, "owners": ["acme"], "require_signature": true})",
                  "rack.json");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->mode, call::Mode::kHosted);
  EXPECT_EQ(config->listen.port, 1);
  EXPECT_EQ(config->metrics_listen, (Endpoint{"127.0.0.1", 2}));
  EXPECT_EQ(config->threads, 7u);
  EXPECT_EQ(config->data, "/home/somebody/env");
  EXPECT_THAT(config->plugins, ElementsAre("/one", "/home/somebody/two"));
  EXPECT_EQ(config->require_signature, false);
  EXPECT_EQ(config->log_level, "error");
  EXPECT_EQ(config->log_format, "json");
  EXPECT_THAT(config->owners, ElementsAre("acme")) << "what no variable says comes from the file";
}

TEST_F(ConfigEnvironmentTest, IsNothingWhenItIsEmptyButForTheMetrics) {
  for (const auto* name :
       {"TOOLRACK_MODE", "TOOLRACK_LISTEN", "TOOLRACK_METRICS_LISTEN", "TOOLRACK_THREADS", "TOOLRACK_DATA",
        "TOOLRACK_PLUGINS", "TOOLRACK_REQUIRE_SIGNATURE", "TOOLRACK_LOG_LEVEL", "TOOLRACK_LOG_FORMAT"})
    environment_.set(name, "");
  const auto config = read_config(R"({"threads": 9, "log": {"level": "debug"}})", "rack.json");
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->threads, 9u);
  EXPECT_EQ(config->log_level, "debug");
  EXPECT_EQ(config->listen.port, 3141);
  EXPECT_EQ(config->metrics_listen, std::nullopt);
  EXPECT_EQ(config->require_signature, std::nullopt);
}

TEST_F(ConfigEnvironmentTest, IsRefusedWithTheVariablesNameAndWhatIsExpected) {
  const struct {
    const char *name, *value, *expected;
  } rows[] = {
      {"TOOLRACK_MODE", "both", "local or hosted"},
      {"TOOLRACK_LISTEN", "here", "ADDRESS:PORT"},
      {"TOOLRACK_METRICS_LISTEN", "there", "ADDRESS:PORT, or empty"},
      {"TOOLRACK_THREADS", "0", "1 to 256"},
      {"TOOLRACK_THREADS", "257", "1 to 256"},
      {"TOOLRACK_THREADS", "4x", "1 to 256"},
      {"TOOLRACK_REQUIRE_SIGNATURE", "yes", "true or false"},
      {"TOOLRACK_LOG_LEVEL", "loud", "debug, info, notice, warning or error"},
      {"TOOLRACK_LOG_FORMAT", "xml", "text or json"},
  };
  for (const auto& row : rows) {
    Environment environment;
    environment.set(row.name, row.value);
    const auto config = read_config("", "");
    ASSERT_FALSE(config) << row.name << "=" << row.value;
    EXPECT_EQ(config.error().code(), base::ErrorCode::kInvalidConfig);
    const std::string message(config.error().message());
    EXPECT_THAT(message, HasSubstr(row.name));
    EXPECT_THAT(message, HasSubstr(row.value));
    EXPECT_THAT(message, HasSubstr(row.expected));
  }
}

TEST_F(ConfigEnvironmentTest, NamesTheFile) {
  const testing::TempDirectory directory;
  const auto by_variable = directory.path() / "variable.json", by_hand = directory.path() / "hand.json";
  std::ofstream(by_variable) << R"({"threads": 5})";
  std::ofstream(by_hand) << R"({"threads": 6})";
  environment_.set("TOOLRACK_CONFIG", by_variable.string());
  EXPECT_EQ(load_config("")->threads, 5u);
  EXPECT_EQ(load_config(by_hand)->threads, 6u) << "the command line wins";
}

TEST_F(ConfigEnvironmentTest, LosesAgainstTheCommandLine) {
  environment_.set("TOOLRACK_DATA", "/env");
  environment_.set("TOOLRACK_PLUGINS", "/env/tools");
  EXPECT_EQ(configure({})->data, "/env");
  const auto config = configure({.config = {}, .url = {}, .key = {}, .data = "/line", .plugins = {"/line/tools"}});
  ASSERT_TRUE(config) << config.error().message();
  EXPECT_EQ(config->data, "/line");
  EXPECT_THAT(config->plugins, ElementsAre("/line/tools"));
}

TEST_F(ConfigEnvironmentTest, WithoutAHomeWantsADataDirectory) {
  environment_.unset("HOME");
  const auto config = configure({});
  ASSERT_FALSE(config);
  EXPECT_THAT(std::string(config.error().hint()), HasSubstr("--data"));
  environment_.set("TOOLRACK_DATA", "/env");
  EXPECT_TRUE(configure({}));
}

}  // namespace
}  // namespace toolrack::app
