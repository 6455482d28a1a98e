#include "services/credentials/nonces.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"
#include "support/patience.hpp"

namespace toolrack::services::credentials {
namespace {

using namespace std::chrono_literals;

class NoncesTest : public ::testing::Test {
 protected:
  /// Turns the loop until `ready`.
  bool run_until(const std::function<bool()>& ready) {
    const auto end = std::chrono::steady_clock::now() + test::kPatience;
    while (!ready()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      loop.context().restart();
      loop.context().run_one_for(5ms);
    }
    return true;
  }
  /// The whole of one turn; 0 when none came.
  std::uint64_t take(Nonces& nonces, const std::string& identity, bool durable = true) {
    std::optional<base::Result<std::uint64_t>> got;
    const auto turn = nonces.enter(identity, durable, loop, [&](auto number) { got = std::move(number); });
    EXPECT_FALSE(got) << "ready came from inside enter";
    EXPECT_TRUE(run_until([&] { return got.has_value(); }));
    nonces.leave(turn);
    return got && *got ? **got : 0;
  }

  base::Loop loop{0};
  toolrack::testing::MemoryStore store;
  toolrack::testing::FakeClock clock;
};

TEST_F(NoncesTest, AreMillisecondsThatRiseWhileTheClockStands) {
  Nonces nonces(store, clock);
  const auto first = take(nonces, "kraken.1");
  EXPECT_EQ(first, static_cast<std::uint64_t>(toolrack::testing::FakeClock::kStartUnixNs / 1'000'000));
  EXPECT_EQ(take(nonces, "kraken.1"), first + 1);
  clock.advance(1s);
  EXPECT_EQ(take(nonces, "kraken.1"), first + 1000);
}

TEST_F(NoncesTest, RiseOverRestartsAndWhenTheClockIsSetBack) {
  std::uint64_t last = 0;
  for (int run = 0; run < 5; ++run) {
    Nonces nonces(store, clock);
    for (int i = 0; i < 50; ++i) {
      const auto next = take(nonces, "kraken.1");
      ASSERT_GT(next, last) << "run " << run;
      last = next;
      clock.advance(i % 7 == 0 ? 3s : 1ms);
      if (i % 10 == 9) clock.set_unix_ns(clock.unix_ns() - 3'600'000'000'000);
    }
  }
}

/// The control of the test above: without the store, a restart after the clock was set back begins too low.
TEST_F(NoncesTest, OfCallersAreNotStored) {
  std::uint64_t first = 0;
  {
    Nonces nonces(store, clock);
    first = take(nonces, "kraken.caller", false);
    clock.set_unix_ns(clock.unix_ns() - 1'000'000'000);
    EXPECT_EQ(take(nonces, "kraken.caller", false), first + 1);
  }
  Nonces nonces(store, clock);
  EXPECT_LT(take(nonces, "kraken.caller", false), first);
  EXPECT_FALSE(*store.get("nonces", "kraken.caller"));
}

TEST_F(NoncesTest, LetOneRequestOfACredentialGoAtATime) {
  Nonces nonces(store, clock);
  std::vector<std::uint64_t> got;
  const auto note = [&](base::Result<std::uint64_t> number) { got.push_back(number.value_or(0)); };
  const auto first = nonces.enter("kraken.1", true, loop, note);
  const auto second = nonces.enter("kraken.1", true, loop, note);
  const auto given_up = nonces.enter("kraken.1", true, loop, note);
  const auto third = nonces.enter("kraken.1", true, loop, note);
  const auto other = nonces.enter("kraken.2", true, loop, note);
  ASSERT_TRUE(run_until([&] { return got.size() == 2; })) << "another credential does not wait";
  loop.context().restart();
  loop.context().run_for(20ms);
  EXPECT_EQ(got.size(), 2u);
  nonces.leave(given_up);
  nonces.leave(first);
  ASSERT_TRUE(run_until([&] { return got.size() == 3; }));
  nonces.leave(second);
  ASSERT_TRUE(run_until([&] { return got.size() == 4; }));
  EXPECT_LT(got[2], got[3]);
  nonces.leave(third);
  nonces.leave(other);
}

TEST_F(NoncesTest, SayWhenTheStoreFails) {
  Nonces nonces(store, clock);
  store.set_failing(true);
  EXPECT_EQ(take(nonces, "kraken.1"), 0u);
  store.set_failing(false);
  EXPECT_GT(take(nonces, "kraken.1"), 0u) << "and goes on once it works again";
}

}  // namespace
}  // namespace toolrack::services::credentials
