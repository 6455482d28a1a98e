#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

#include "support/temp_directory.hpp"
#include "unit/cli/fake_backstage.hpp"

namespace toolrack::cli {
namespace {

using ::testing::HasSubstr;

std::string script(const char* shell) {
  static const operations::Table table;
  testing::FakeBackstage backstage;
  std::string out, err;
  const char* const words[] = {"toolrack", "completion", shell};
  EXPECT_EQ(run(3, words, table, backstage, {.out = &out, .err = &err}), 0) << err;
  return out;
}

/// What bash says to `text`, standard error included; the exit status comes last.
std::string bash(const std::string& text, const char* option) {
  const testing::TempDirectory directory;
  const auto path = directory.path() / "script";
  std::ofstream(path) << text;
  auto* pipe = ::popen(("bash " + std::string(option) + " " + path.string() + " 2>&1; echo \"exit $?\"").c_str(), "r");
  std::string out;
  char buffer[256];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) out += buffer;
  ::pclose(pipe);
  return out;
}

/// The completions of a command line whose last word is being typed.
std::string complete(const std::string& words, int current) {
  return bash(script("bash") + "COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(current) +
                  "; _toolrack; printf '%s\\n' \"${COMPREPLY[@]}\"\n",
              "--norc");
}

TEST(Completion, ScriptsOfBashAndZshAreWellFormed) {
  EXPECT_EQ(bash(script("bash"), "-n"), "exit 0\n");
  EXPECT_EQ(bash(script("zsh"), "-n"), "exit 0\n");
}

TEST(Completion, OffersCommandsThatBeginAsTyped) {
  const auto offered = complete("toolrack s", 1);
  EXPECT_THAT(offered, HasSubstr("serve\n"));
  EXPECT_THAT(offered, HasSubstr("stdio\n"));
  EXPECT_EQ(offered.find("tools\n"), std::string::npos);
}

TEST(Completion, OffersTheMembersOfAGroupAndTheirOptions) {
  EXPECT_THAT(complete("toolrack keys cr", 2), HasSubstr("create\n"));
  EXPECT_THAT(complete("toolrack keys create --sc", 3), HasSubstr("--scopes\n"));
}

TEST(Completion, OffersTheOptionsOfACommand) {
  EXPECT_THAT(complete("toolrack serve --li", 2), HasSubstr("--listen\n"));
}

TEST(Completion, OfFishNamesEveryCommand) {
  for (const auto* command : {"-a serve", "-a keys", "-a create", "-l listen"})
    EXPECT_THAT(script("fish"), HasSubstr(command));
}

}  // namespace
}  // namespace toolrack::cli
