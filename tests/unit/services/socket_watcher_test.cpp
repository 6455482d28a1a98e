#include "services/http/socket_watcher.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <vector>

namespace toolrack::services::http {
namespace {

/// A connected pair; the watcher owns `mine`, `theirs` makes it readable.
struct Pair {
  explicit Pair(SocketWatcher& watcher) {
    // The number that `open` gives is what libcurl gets; a connected socket is put in its place.
    mine = watcher.open(AF_UNIX, SOCK_STREAM, 0);
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    EXPECT_EQ(::dup3(ends[0], mine, O_CLOEXEC), mine);
    ::close(ends[0]);
    theirs = ends[1];
  }
  ~Pair() { ::close(theirs); }
  void make_readable() { EXPECT_EQ(::write(theirs, "x", 1), 1); }
  int mine = -1;
  int theirs = -1;
};

class SocketWatcherTest : public testing::Test {
 protected:
  std::vector<int> ready() {
    std::vector<int> out;
    watcher.dispatch([&](int socket, std::uint32_t) { out.push_back(socket); });
    return out;
  }
  boost::asio::io_context context;
  SocketWatcher watcher{context};
};

TEST_F(SocketWatcherTest, TellsWhatIsReady) {
  Pair a(watcher), b(watcher);
  watcher.watch(a.mine, true, false);
  watcher.watch(b.mine, true, false);
  b.make_readable();
  EXPECT_EQ(ready(), std::vector{b.mine});
  watcher.forget(b.mine);
  EXPECT_TRUE(ready().empty());
  watcher.close(a.mine);
  watcher.close(b.mine);
  EXPECT_EQ(watcher.size(), 0u);
}

TEST_F(SocketWatcherTest, WakesAnIoContext) {
  Pair pair(watcher);
  watcher.watch(pair.mine, true, false);
  bool is_woken = false;
  watcher.async_wait([&](boost::system::error_code error) { is_woken = !error; });
  context.poll();
  EXPECT_FALSE(is_woken);
  pair.make_readable();
  context.restart();
  context.run_one_for(std::chrono::seconds(10));
  EXPECT_TRUE(is_woken);
  // Still ready: waiting again must wake again.
  is_woken = false;
  watcher.async_wait([&](boost::system::error_code error) { is_woken = !error; });
  context.restart();
  context.run_one_for(std::chrono::seconds(10));
  EXPECT_TRUE(is_woken);
  watcher.close(pair.mine);
}

TEST_F(SocketWatcherTest, SurvivesANumberThatIsClosedAndReopenedBeforeItIsForgotten) {
  Pair first(watcher);
  const int number = first.mine;
  watcher.watch(number, true, false);
  watcher.close(number);
  Pair second(watcher);
  ASSERT_EQ(second.mine, number) << "the kernel gives the lowest free number";
  watcher.watch(number, true, false);
  second.make_readable();
  EXPECT_EQ(ready(), std::vector{number});
  watcher.close(number);
}

TEST_F(SocketWatcherTest, SurvivesANumberThatSomebodyElseClosedAndReopened) {
  Pair first(watcher);
  const int number = first.mine;
  watcher.watch(number, true, false);
  ::close(number);  // As libcurl does with the sockets of its resolver.
  Pair second(watcher);
  ASSERT_EQ(second.mine, number);
  watcher.watch(number, true, false);
  second.make_readable();
  EXPECT_EQ(ready(), std::vector{number});
  watcher.close(number);
}

TEST_F(SocketWatcherTest, DropsAnEventThatWasMeantForTheEarlierOwnerOfANumber) {
  Pair a(watcher), b(watcher);
  for (auto* pair : {&a, &b}) {
    watcher.watch(pair->mine, true, false);
    pair->make_readable();
  }
  // Both are ready; handling one closes the other, and its number goes to a new socket that has nothing to read.
  std::vector<int> seen;
  std::optional<Pair> late;
  watcher.dispatch([&](int socket, std::uint32_t) {
    seen.push_back(socket);
    const int other = socket == a.mine ? b.mine : a.mine;
    watcher.close(other);
    late.emplace(watcher);
    ASSERT_EQ(late->mine, other);
    watcher.watch(late->mine, true, false);
  });
  EXPECT_EQ(seen.size(), 1u) << "the second event was for a socket that is no more";
  watcher.close(seen.at(0));
  watcher.close(late->mine);
}

}  // namespace
}  // namespace toolrack::services::http
