#include "base/lent_bytes.hpp"

#include <gtest/gtest.h>

namespace toolrack::base {
namespace {

void count(void* owner) noexcept { ++*static_cast<int*>(owner); }

TEST(LentBytes, ReleasesOnceAtTheEnd) {
  int released = 0;
  {
    LentBytes first("abc", count, &released);
    LentBytes second(std::move(first));
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): being empty is the promise.
    EXPECT_EQ(second.view(), "abc");
    EXPECT_EQ(released, 0);
  }
  EXPECT_EQ(released, 1);
}

TEST(LentBytes, AssignmentReleasesWhatWasHeld) {
  int a = 0;
  int b = 0;
  LentBytes held("a", count, &a);
  held = LentBytes("b", count, &b);
  EXPECT_EQ(a, 1);
  EXPECT_EQ(b, 0);
  held.reset();
  held.reset();
  EXPECT_EQ(b, 1);
  EXPECT_TRUE(held.empty());
}

TEST(LentBytes, OwnKeepsItsTextAlive) {
  auto bytes = LentBytes::own(std::string(1000, 'x'));
  const auto moved = std::move(bytes);
  EXPECT_EQ(moved.view(), std::string(1000, 'x'));
}

TEST(LentBytes, NeedsNoReleaseFunction) {
  const LentBytes bytes("static", nullptr, nullptr);
  EXPECT_EQ(bytes.view(), "static");
}

}  // namespace
}  // namespace toolrack::base
