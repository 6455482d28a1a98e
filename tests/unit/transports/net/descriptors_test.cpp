#include "transports/net/descriptors.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace toolrack::net {
namespace {

struct Outcome {
  std::size_t room = 0;
  std::size_t soft = 0;
};

/// In a process of its own: a hard limit that was lowered stays so.
Outcome with_limits(rlim_t soft, rlim_t hard, std::size_t connections) {
  int ends[2];
  if (::pipe(ends) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    rlimit limit{.rlim_cur = soft, .rlim_max = hard};
    Outcome outcome;
    if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) {
      outcome.room = make_room_for_connections(connections);
      ::getrlimit(RLIMIT_NOFILE, &limit);
      outcome.soft = limit.rlim_cur;
    }
    ::_exit(::write(ends[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
  }
  Outcome outcome;
  EXPECT_EQ(::read(ends[0], &outcome, sizeof outcome), static_cast<ssize_t>(sizeof outcome));
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  return outcome;
}

TEST(Descriptors, AreAskedForAsFarAsNeeded) {
  const auto outcome = with_limits(256, 4096, 1000);
  EXPECT_EQ(outcome.room, 1000u);
  EXPECT_EQ(outcome.soft, 1512u);
}

TEST(Descriptors, AreLeftAloneWhereThereAreEnough) {
  const auto outcome = with_limits(4000, 4096, 1000);
  EXPECT_EQ(outcome.room, 1000u);
  EXPECT_EQ(outcome.soft, 4000u);
}

TEST(Descriptors, ThatCannotBeHadLeaveRoomForFewerConnections) {
  const auto outcome = with_limits(256, 4096, 10'000);
  EXPECT_EQ(outcome.room, 4096u - 512);
  EXPECT_EQ(outcome.soft, 4096u);
  EXPECT_EQ(with_limits(64, 64, 10'000).room, 48u);
}

}  // namespace
}  // namespace toolrack::net
