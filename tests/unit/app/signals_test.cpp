/// Signals are sent before they are waited for, so nothing here depends on time.
#include "app/signals.hpp"

#include <gtest/gtest.h>
#include <pthread.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <utility>

namespace toolrack::app {
namespace {

/// To this thread alone, where it stays until it is waited for.
void send(int signal) { ASSERT_EQ(::pthread_kill(::pthread_self(), signal), 0); }

class SignalsTest : public ::testing::Test {
 protected:
  SignalsTest() { ::pthread_sigmask(SIG_SETMASK, nullptr, &before_); }
  ~SignalsTest() override {
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    std::signal(SIGPIPE, SIG_DFL);
  }
  sigset_t before_;
};

TEST_F(SignalsTest, TellsStoppingFromReloading) {
  const Signals signals;
  for (const auto& [signal, meaning] : {std::pair{SIGTERM, Signal::kStop},
                                        {SIGHUP, Signal::kReload},
                                        {SIGINT, Signal::kStop},
                                        {SIGHUP, Signal::kReload}}) {
    send(signal);
    EXPECT_EQ(signals.wait(), meaning) << signal;
  }
}

TEST_F(SignalsTest, CountsManyReloadsAsOne) {
  const Signals signals;
  for (int i = 0; i < 5; ++i) send(SIGHUP);
  EXPECT_EQ(signals.wait(), Signal::kReload);
  send(SIGTERM);
  EXPECT_EQ(signals.wait(), Signal::kStop);
}

TEST_F(SignalsTest, SurvivesAPeerThatIsGone) {
  const Signals signals;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ::close(ends[0]);
  EXPECT_EQ(::write(ends[1], "x", 1), -1) << "and no SIGPIPE has ended us";
  ::close(ends[1]);
}

/// A process on a terminal of its own. It waits for one signal and ends with what that meant, 0 for kStop.
class TerminalProcess {
 public:
  explicit TerminalProcess(bool ignores_hangup = false) {
    int ready[2];
    if (::pipe(ready) != 0) return;
    pid = ::forkpty(&terminal, nullptr, nullptr, nullptr);
    if (pid == 0) {
      if (ignores_hangup) std::signal(SIGHUP, SIG_IGN);
      const Signals signals;
      ::close(ready[0]);
      ::close(ready[1]);
      ::_exit(static_cast<int>(signals.wait()));
    }
    ::close(ready[1]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 0) << "the end of the pipe says that signals are blocked";
    ::close(ready[0]);
  }
  Signal wait() {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    EXPECT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
    return static_cast<Signal>(WEXITSTATUS(status));
  }
  pid_t pid = -1;
  int terminal = -1;
};

TEST(SignalsOnATerminal, ReloadsWhenItIsAsked) {
  TerminalProcess process;
  ASSERT_GT(process.pid, 0);
  ASSERT_EQ(::kill(process.pid, SIGHUP), 0);
  EXPECT_EQ(process.wait(), Signal::kReload);
  ::close(process.terminal);
}

TEST(SignalsOnATerminal, StopsWhenTheTerminalIsClosed) {
  TerminalProcess process;
  ASSERT_GT(process.pid, 0);
  ::close(process.terminal);
  EXPECT_EQ(process.wait(), Signal::kStop);
}

TEST(SignalsOnATerminal, OutlivesTheTerminalUnderNohup) {
  TerminalProcess process(true);
  ASSERT_GT(process.pid, 0);
  ::close(process.terminal);
  EXPECT_EQ(process.wait(), Signal::kReload);
}

}  // namespace
}  // namespace toolrack::app
