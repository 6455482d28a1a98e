#include "app/validate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

using ::testing::HasSubstr;

const std::string kPlugins = TOOLRACK_BINARY_DIR "/tests/plugins/";

class ValidateTest : public ::testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view text) {
    const auto path = directory_.path() / name;
    std::ofstream(path) << text;
    return path.string();
  }
  testing::TempDirectory directory_;
};

TEST_F(ValidateTest, TellsWhatIsInAManifest) {
  const auto told = validate_file(write("manifest.json", R"({"manifest": "1.0", "owner": "acme", "name": "greeter",
    "version": "1.2.3", "title": "Greeter", "description": "Greets.",
    "skills": [{"name": "say_hello", "description": "Says hello.", "input": {"type": "object"}, "price": {"usd": "0.002"}}]})"));
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_EQ(*told, "acme/greeter 1.2.3: Greeter\n  say_hello (greeter_say_hello), $0.002\n");
}

TEST_F(ValidateTest, TellsWhatIsInAPluginWithoutRunningIt) {
  const auto told = validate_file(kPlugins + "plain.so");
  ASSERT_TRUE(told) << told.error().message();
  EXPECT_THAT(*told, HasSubstr("test/plain 1.0.0"));
  EXPECT_THAT(*told, HasSubstr("  echo_pooled (plain_echo_pooled), $0\n"));
  EXPECT_THAT(*told, ::testing::ContainsRegex("build id [0-9a-f]+, [0-9]+ bytes"));
}

TEST_F(ValidateTest, TellsWhatIsWrongWithAManifest) {
  const auto wrong = validate_file(write("manifest.json", R"({"manifest": "1.0", "name": "Big Name"})"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), base::ErrorCode::kInvalidManifest);
  EXPECT_THAT(std::string(wrong.error().details_json()), HasSubstr("/name"));
}

TEST_F(ValidateTest, TellsWhatIsWrongWithAPlugin) {
  const auto no_elf = validate_file(write("text.so", "This is no library."));
  ASSERT_FALSE(no_elf);
  EXPECT_EQ(no_elf.error().code(), base::ErrorCode::kInvalidManifest);
  EXPECT_THAT(std::string(no_elf.error().message()), HasSubstr("text.so: E_"));
  EXPECT_NE(no_elf.error().hint(), "");
  const auto bad = validate_file(kPlugins + "bad_manifest.so");
  ASSERT_FALSE(bad);
  EXPECT_THAT(std::string(bad.error().message()), HasSubstr("bad_manifest.so: E_"));
}

TEST_F(ValidateTest, TellsThatAFileIsMissing) {
  EXPECT_THAT(std::string(validate_file("/no/such/manifest.json").error().message()), HasSubstr("cannot be read"));
  EXPECT_FALSE(validate_file("/no/such/plugin.so"));
}

}  // namespace
}  // namespace toolrack::app
