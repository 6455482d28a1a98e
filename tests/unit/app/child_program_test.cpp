#include "app/child_program.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <thread>

#include "support/patience.hpp"
#include "support/temp_directory.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::app {
namespace {

using ::testing::HasSubstr;

class RunProgram : public ::testing::Test {
 protected:
  base::Result<int> run(const std::string& script) {
    return run_program({"sh", "-c", script}, stop.get(), [this](std::string_view piece) {
      said += piece;
      if (said.find("enough") != std::string::npos) end();
    });
  }
  void end() {
    const std::uint64_t one = 1;
    ASSERT_EQ(::write(stop.get(), &one, sizeof one), static_cast<ssize_t>(sizeof one));
  }
  net::UniqueFd stop{::eventfd(0, EFD_CLOEXEC)};
  std::string said;
};

TEST_F(RunProgram, GivesItsExitStatusAndAllThatItSaid) {
  const auto status = run("echo out; echo err >&2; seq 1 20000; exit 3");
  ASSERT_TRUE(status) << status.error().message();
  EXPECT_EQ(*status, 3);
  EXPECT_THAT(said, HasSubstr("out\nerr\n1\n2\n"));
  EXPECT_THAT(said, HasSubstr("\n20000\n"));
}

TEST_F(RunProgram, ReadsNothing) { EXPECT_EQ(run("cat"), 0); }

TEST_F(RunProgram, IsEndedWithEverythingThatItStarted) {
  const auto status = run("sleep 1000 & echo $!; echo enough; wait");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), base::ErrorCode::kCancelled);
  // What has ended has no command line, whether somebody has waited for it yet or not. One that was killed because it
  // took its time may need another moment for that.
  const auto command_line = [&] {
    std::string line;
    std::getline(std::ifstream("/proc/" + std::to_string(std::stol(said)) + "/cmdline"), line);
    return line;
  };
  const auto give_up = std::chrono::steady_clock::now() + test::kPatience;
  while (!command_line().empty() && std::chrono::steady_clock::now() < give_up) std::this_thread::yield();
  EXPECT_EQ(command_line(), "");
}

TEST_F(RunProgram, IsNotWaitedForWhenItHasEndedAndLeftAnotherBehind) {
  testing::TempDirectory directory;
  const auto pid_file = directory.path() / "pid";
  EXPECT_EQ(run("sleep 1000 & echo $! > " + pid_file.string()), 0);
  pid_t left = 0;
  std::ifstream(pid_file) >> left;
  ASSERT_GT(left, 0);
  ::kill(left, SIGKILL);
}

TEST_F(RunProgram, SaysThatThereIsNoSuchProgram) {
  const auto status = run_program({"no-such-program-anywhere"}, stop.get());
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("no-such-program-anywhere"));
  EXPECT_THAT(std::string(status.error().hint()), HasSubstr("PATH"));
}

TEST_F(RunProgram, SaysWhichSignalEndedIt) {
  const auto status = run("kill -KILL $$");
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message(), HasSubstr("signal 9"));
}

}  // namespace
}  // namespace toolrack::app
