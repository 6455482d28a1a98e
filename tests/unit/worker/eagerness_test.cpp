#include "worker/eagerness.hpp"

#include <gtest/gtest.h>

namespace toolrack::worker {
namespace {

/// Of `waits`, in each of which nothing comes.
int looks_in_vain(Eagerness& eagerness, int waits) {
  int looks = 0;
  for (int i = 0; i < waits; ++i) {
    if (!eagerness.looks()) continue;
    ++looks;
    eagerness.looked_in_vain();
  }
  return looks;
}

TEST(Eagerness, LooksBeforeEveryWaitWhileThatPays) {
  Eagerness eagerness;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(eagerness.looks());
    eagerness.found();
  }
}

TEST(Eagerness, SleepsTwiceAsLongAfterEachLookInVain) {
  Eagerness eagerness;
  for (const int slept : {1, 2, 4, 8, 16}) {
    ASSERT_TRUE(eagerness.looks());
    eagerness.looked_in_vain();
    for (int i = 0; i < slept; ++i) ASSERT_FALSE(eagerness.looks()) << slept;
  }
}

TEST(Eagerness, IsHardlySeenWhereNothingComesSoon) {
  Eagerness eagerness;
  looks_in_vain(eagerness, 10'000);
  EXPECT_LE(looks_in_vain(eagerness, 100'000), 100);
}

TEST(Eagerness, ComesBackWhenALookFindsSomething) {
  Eagerness eagerness;
  looks_in_vain(eagerness, 10'000);
  unsigned slept = 0;
  while (!eagerness.looks()) ++slept;
  EXPECT_LE(slept, Eagerness::kMostSlept);
  eagerness.found();
  ASSERT_TRUE(eagerness.looks());
  eagerness.looked_in_vain();
  EXPECT_FALSE(eagerness.looks()) << "and one look in vain costs one wait, as at first";
  EXPECT_TRUE(eagerness.looks());
}

}  // namespace
}  // namespace toolrack::worker
