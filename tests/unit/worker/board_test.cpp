#include "worker/board.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <latch>
#include <thread>

namespace toolrack::worker {
namespace {

using Guests = std::vector<std::uint16_t>;

TEST(Board, ShowsWhoIsInsideOfWhomUntilItLeaves) {
  const int memory = make_board();
  ASSERT_GE(memory, 0);
  Board board(::dup(memory));
  EXPECT_EQ(read_board(memory), Guests{});
  std::thread([&] {  // A thread has its word on the first board that it marks; ours may have had another.
    const Board::Mark outer(board, 7);
    EXPECT_EQ(read_board(memory), Guests{7});
    {
      const Board::Mark inner(board, 0);
      EXPECT_EQ(read_board(memory), Guests{0});
    }
    {
      const auto waits = Board::Mark::outside(board);
      EXPECT_EQ(read_board(memory), Guests{});
    }
    EXPECT_EQ(read_board(memory), Guests{7});
  })
      .join();
  EXPECT_EQ(read_board(memory), Guests{});
  ::close(memory);
}

TEST(Board, ShowsEveryGuestOfAllThreadsOnce) {
  const int memory = make_board();
  ASSERT_GE(memory, 0);
  Board board(::dup(memory));
  std::latch inside(3), seen(1);
  std::vector<std::thread> threads;
  for (const std::uint16_t guest : {2, 65535, 2})
    threads.emplace_back([&, guest] {
      const Board::Mark mark(board, guest);
      inside.count_down();
      seen.wait();
    });
  inside.wait();
  EXPECT_EQ(read_board(memory), (Guests{2, 65535}));
  seen.count_down();
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(read_board(memory), Guests{});
  ::close(memory);
}

TEST(Board, HasAWordForEachOfManyThreadsThatComeAndGo) {
  const int memory = make_board();
  ASSERT_GE(memory, 0);
  Board board(::dup(memory));
  for (int i = 0; i < 3000; ++i) {
    std::thread([&] {
      const Board::Mark mark(board, 5);
      EXPECT_EQ(read_board(memory), Guests{5}) << i;
    }).join();
  }
  ::close(memory);
}

TEST(Board, IsEmptyToAReaderOfSomethingElse) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ(read_board(ends[0]), Guests{});
  EXPECT_EQ(read_board(-1), Guests{});
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace toolrack::worker
