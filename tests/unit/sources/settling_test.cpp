#include "sources/native/settling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>

namespace toolrack::sources::native {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

FileStamp file(std::uint64_t size) { return {.device = 1, .inode = 7, .size = size}; }

/// A directory whose time goes on only when the test says so.
class Settles : public ::testing::Test {
 protected:
  void pass(int ms) { now_ += milliseconds(ms); }
  void event() { settling_.note_event(now_); }
  /// Goes on to when the next look is due.
  Settling::Decision look() {
    now_ = std::max(now_, settling_.next());
    return settling_.look(now_, files_);
  }
  int next_in_ms() const { return static_cast<int>((settling_.next() - now_) / milliseconds(1)); }
  void taken(const Settling::Decision& decision, const std::vector<std::string>& left = {}) {
    settling_.scanned(now_, decision, left);
  }

  Settling::TimePoint now_{std::chrono::hours(1)};
  Fingerprints files_{{"a.so", file(10)}};
  Settling settling_{{}, now_, files_};
};

TEST_F(Settles, LooksWhenItHasBeenQuietAndAgainBeforeItScans) {
  files_["b.so"] = file(20);
  event();
  EXPECT_EQ(next_in_ms(), 150);
  EXPECT_FALSE(look().scans) << "one look alone says nothing";
  EXPECT_EQ(next_in_ms(), 50);
  const auto decision = look();
  EXPECT_TRUE(decision.scans);
  EXPECT_EQ(decision.resting, files_);
  EXPECT_THAT(decision.growing, ElementsAre("b.so"));
  taken(decision);
  EXPECT_GT(next_in_ms(), 20'000) << "nothing is left to do";
}

TEST_F(Settles, WaitsForTheLastEventButNotForEver) {
  event();
  for (int i = 0; i < 30; ++i) {
    pass(100);
    if (settling_.next() <= now_) break;
    event();
  }
  EXPECT_LE(now_ - Settling::TimePoint(std::chrono::hours(1)), milliseconds(2'100));
}

TEST_F(Settles, DoesNothingWhenAnEventChangedNothing) {
  event();
  EXPECT_FALSE(look().scans);
  EXPECT_GT(next_in_ms(), 20'000);
}

TEST_F(Settles, LooksLessAndLessOftenAtWhatGoesOnChanging) {
  event();
  std::vector<int> pauses;
  for (std::uint64_t size = 11; size < 20; ++size) {
    files_["a.so"] = file(size);
    EXPECT_FALSE(look().scans);
    pauses.push_back(next_in_ms());
  }
  EXPECT_THAT(pauses, ElementsAre(50, 100, 200, 400, 800, 1600, 2000, 2000, 2000));
  EXPECT_TRUE(look().scans) << "the same twice";
}

TEST_F(Settles, LetsNobodyWaitForWhatGoesOnChanging) {
  event();
  files_["a.so"] = file(11);
  files_["b.so"] = file(20);
  look();
  files_["a.so"] = file(12);
  const auto decision = look();
  EXPECT_TRUE(decision.scans);
  EXPECT_FALSE(decision.resting.contains("a.so"));
  EXPECT_TRUE(decision.resting.contains("b.so"));
  taken(decision);
  const auto later = look();
  EXPECT_TRUE(later.scans);
  EXPECT_EQ(later.resting.at("a.so"), file(12));
}

TEST_F(Settles, TakesAFileForGoneWhenTwoLooksDoNotFindIt) {
  files_.clear();
  event();
  EXPECT_FALSE(look().scans);
  const auto decision = look();
  EXPECT_TRUE(decision.scans);
  EXPECT_THAT(decision.resting, IsEmpty());
  taken(decision);
  EXPECT_GT(next_in_ms(), 20'000);
}

TEST_F(Settles, KeepsAFileThatWentAndCame) {
  const auto before = files_;
  files_.clear();
  event();
  EXPECT_FALSE(look().scans);
  files_ = before;
  EXPECT_FALSE(look().scans) << "it is what it was";
}

TEST_F(Settles, GivesAFileThatEndsEarlyTwoSeconds) {
  files_["a.so"] = file(5);
  event();
  look();
  const auto began = now_;
  for (;;) {
    const auto decision = look();
    ASSERT_TRUE(decision.scans);
    const bool is_growing = decision.growing.contains("a.so");
    taken(decision, is_growing ? std::vector<std::string>{"a.so"} : std::vector<std::string>{});
    if (!is_growing) break;
  }
  EXPECT_GE(now_ - began, milliseconds(2'000));
  EXPECT_LE(now_ - began, milliseconds(5'000));
  EXPECT_GT(next_in_ms(), 20'000) << "it has been told, and is looked at when it changes";
}

TEST_F(Settles, ScansNowAndThenWithoutAReason) {
  EXPECT_EQ(next_in_ms(), 30'000);
  const auto decision = look();
  EXPECT_TRUE(decision.scans);
  EXPECT_EQ(decision.resting, files_);
  taken(decision);
  EXPECT_EQ(next_in_ms(), 30'000);
}

TEST_F(Settles, ScansEverythingWhenEventsWereLost) {
  settling_.note_overflow(now_);
  EXPECT_EQ(next_in_ms(), 150);
  EXPECT_TRUE(look().scans);
}

}  // namespace
}  // namespace toolrack::sources::native
