#include "app/last_resort.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "app/signals.hpp"
#include "cli/exit_code.hpp"

namespace toolrack::app {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// As a plugin that never returns does to the thread that stops the gateway.
[[noreturn]] void hang() {
  for (;;) ::pause();
}

TEST(LastResortDeathTest, EndsAProcessThatDoesNotStopInTime) {
  EXPECT_EXIT(
      {
        const Signals signals;
        const LastResort last_resort(milliseconds(1));
        hang();
      },
      ::testing::ExitedWithCode(cli::kFailure), "it did not stop in time");
}

TEST(LastResortDeathTest, EndsAProcessThatIsToldTwice) {
  for (const int signal : {SIGTERM, SIGINT}) {
    EXPECT_EXIT(
        {
          const Signals signals;
          const LastResort last_resort(hours(1));
          ::kill(::getpid(), signal);
          hang();
        },
        ::testing::ExitedWithCode(cli::kFailure), "a second time");
  }
}

TEST(LastResortDeathTest, LetsAProcessEndThatStops) {
  EXPECT_EXIT(
      {
        const Signals signals;
        { const LastResort last_resort(hours(1)); }
        ::_exit(42);
      },
      ::testing::ExitedWithCode(42), "");
}

TEST(LastResortDeathTest, LeavesReloadingSignalsAlone) {
  EXPECT_EXIT(
      {
        const Signals signals;
        {
          const LastResort last_resort(hours(1));
          ::kill(::getpid(), SIGHUP);
        }
        ::_exit(signals.wait() == Signal::kReload ? 42 : 43);
      },
      ::testing::ExitedWithCode(42), "");
}

}  // namespace
}  // namespace toolrack::app
