#include "base/ids.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <vector>

#include "base/clock.hpp"

namespace toolrack::base {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

std::int64_t milliseconds_of(std::string_view id) {
  std::int64_t value = 0;
  for (const char c : id.substr(0, 10)) value = value * 32 + static_cast<std::int64_t>(kAlphabet.find(c));
  return value;
}

TEST(Id, Is26CharactersOfCrockfordBase32) {
  const auto id = Id::make();
  EXPECT_EQ(id.view().size(), Id::kSize);
  EXPECT_EQ(id.view().find_first_not_of(kAlphabet), std::string_view::npos) << id.view();
  EXPECT_EQ(id.str(), id.view());
}

TEST(Id, BeginsWithTheMillisecondOfItsMaking) {
  const auto before = system_clock().unix_ns() / 1'000'000;
  const auto id = Id::make();
  const auto after = system_clock().unix_ns() / 1'000'000;
  EXPECT_LE(before, milliseconds_of(id.view()));
  EXPECT_LE(milliseconds_of(id.view()), after);
}

TEST(Id, AscendsWithinAThreadEvenInOneMillisecond) {
  auto last = Id::make();
  for (int i = 0; i < 50'000; ++i) {
    const auto next = Id::make();
    ASSERT_LT(last.view(), next.view());
    last = next;
  }
}

TEST(Id, DiffersAcrossThreads) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5'000;
  std::vector<std::vector<std::string>> made(kThreads);
  std::vector<std::thread> threads;
  for (auto& mine : made)
    threads.emplace_back([&mine] {
      for (int i = 0; i < kEach; ++i) mine.push_back(Id::make().str());
    });
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : made) all.insert(mine.begin(), mine.end());
  EXPECT_EQ(all.size(), std::size_t{kThreads} * kEach);
}

TEST(RandomHex, GivesTwoDigitsAByte) {
  EXPECT_EQ(random_hex(0), "");
  const auto text = random_hex(32);
  EXPECT_EQ(text.size(), 64u);
  EXPECT_EQ(text.find_first_not_of("0123456789abcdef"), std::string::npos) << text;
}

TEST(RandomHex, NeverRepeats) {
  std::set<std::string> seen;
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(seen.insert(random_hex(16)).second);
}

TEST(RandomHex, FillsMoreThanTheKernelGivesAtOnce) {
  const auto text = random_hex(100'000);
  // A tail that was never filled would be zeros.
  EXPECT_NE(text.substr(text.size() - 64), std::string(64, '0'));
}

}  // namespace
}  // namespace toolrack::base
