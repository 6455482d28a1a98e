#include "sources/native/frame_board.hpp"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "support/temp_directory.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> names(const FrameBoard& board) {
  std::vector<std::string> out;
  for (const auto& one : board.running()) out.emplace_back(one.name);
  return out;
}

class Board : public ::testing::Test {
 protected:
  testing::TempDirectory directory;
  const std::filesystem::path file = directory.path() / "frames";
};

TEST_F(Board, ShowsWhatAThreadIsInsideOfAndWhatItComesBackTo) {
  const auto board = *FrameBoard::create({});
  const auto outer = board->number_of("acme/weather.forecast"), inner = board->number_of("acme/maps.find");
  EXPECT_EQ(board->number_of("acme/weather.forecast"), outer);
  EXPECT_THAT(names(*board), IsEmpty());
  {
    const FrameBoard::Mark mark(*board, outer, FrameBoard::Where::kLoop);
    const auto before = board->running();
    ASSERT_EQ(before.size(), 1U);
    EXPECT_EQ(before[0].where, FrameBoard::Where::kLoop);
    {
      const FrameBoard::Mark nested(*board, inner, FrameBoard::Where::kBlocking);
      EXPECT_THAT(names(*board), ElementsAre("acme/maps.find"));
    }
    EXPECT_THAT(names(*board), ElementsAre("acme/weather.forecast"));
    EXPECT_EQ(board->running()[0].word, before[0].word) << "it is the same frame";
  }
  EXPECT_THAT(names(*board), IsEmpty());
}

TEST_F(Board, TellsOneFrameFromTheNextOfTheSameSkill) {
  const auto board = *FrameBoard::create({});
  const auto number = board->number_of("acme/weather.forecast");
  std::set<std::uint64_t> words;
  for (int i = 0; i < 100; ++i) {
    const FrameBoard::Mark mark(*board, number, FrameBoard::Where::kPool);
    words.insert(board->running().at(0).word);
  }
  EXPECT_EQ(words.size(), 100U);
}

TEST_F(Board, TellsAfterACrashWhoWasRunning) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto board = FrameBoard::create(file);
    if (!board) ::_exit(1);
    { const FrameBoard::Mark over(**board, (*board)->number_of("acme/over.over"), FrameBoard::Where::kPool); }
    const FrameBoard::Mark mark(**board, (*board)->number_of("acme/weather.forecast"), FrameBoard::Where::kPool);
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_THAT(FrameBoard::read(file), ElementsAre("acme/weather.forecast"));
  const auto next = FrameBoard::create(file);
  ASSERT_TRUE(next);
  EXPECT_THAT(FrameBoard::read(file), IsEmpty()) << "the next process begins anew";
}

TEST_F(Board, BelievesNothingOfWhatItReads) {
  EXPECT_THAT(FrameBoard::read(directory.path() / "none"), IsEmpty());
  std::ofstream(file) << "short";
  EXPECT_THAT(FrameBoard::read(file), IsEmpty());
  std::ofstream(file) << std::string(1 << 20, 'x');
  EXPECT_THAT(FrameBoard::read(file), IsEmpty());
  { const auto board = *FrameBoard::create(file); }
  // Every word names something that is not there, and every name goes on without an end.
  const auto size = std::filesystem::file_size(file);
  std::fstream broken(file, std::ios::in | std::ios::out | std::ios::binary);
  broken.seekp(16);
  broken << std::string(size - 16, '\xff');
  broken.close();
  EXPECT_THAT(FrameBoard::read(file), IsEmpty());
}

TEST_F(Board, HasNoPlaceForMoreThanSoManyNamesAndThreadsAndGoesOn) {
  const auto board = *FrameBoard::create({});
  for (int i = 0; i < 5000; ++i) board->number_of("acme/tool.skill-" + std::to_string(i));
  EXPECT_EQ(board->number_of("acme/tool.one-more"), 0U);
  EXPECT_EQ(board->number_of(std::string(100, 'x')), 0U);
  const auto number = board->number_of("acme/tool.skill-1");
  for (int i = 0; i < 1100; ++i)
    std::thread([&] { const FrameBoard::Mark mark(*board, number, FrameBoard::Where::kPool); }).join();
  const FrameBoard::Mark mark(*board, number, FrameBoard::Where::kPool);
  EXPECT_LE(names(*board).size(), 1U);
}

}  // namespace
}  // namespace toolrack::sources::native
