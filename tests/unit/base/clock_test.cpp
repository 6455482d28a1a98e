#include "base/clock.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace toolrack::base {
namespace {

TEST(Clock, MonotonicTimeNeverRunsBackwards) {
  std::int64_t last = system_clock().monotonic_ns();
  for (int i = 0; i < 10'000; ++i) {
    const auto now = system_clock().monotonic_ns();
    ASSERT_GE(now, last);
    last = now;
  }
}

TEST(Clock, UnixTimeAgreesWithTheStandardLibrary) {
  using namespace std::chrono;
  const auto before = duration_cast<Nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  const auto now = system_clock().unix_ns();
  const auto after = duration_cast<Nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_LE(before, now);
  EXPECT_LE(now, after);
}

TEST(Rfc3339, WritesUtcWithMilliseconds) {
  EXPECT_STREQ(to_rfc3339(0).text, "1970-01-01T00:00:00.000Z");
  EXPECT_STREQ(to_rfc3339(1'795'256'130'123'456'789).text, "2026-11-21T10:15:30.123Z");
  EXPECT_STREQ(to_rfc3339(951'782'400'000'000'000).text, "2000-02-29T00:00:00.000Z");
}

TEST(Rfc3339, RoundsDownBefore1970Too) { EXPECT_STREQ(to_rfc3339(-1).text, "1969-12-31T23:59:59.999Z"); }

TEST(Rfc3339, HoldsTheWholeRangeOf64Bits) {
  EXPECT_STREQ(to_rfc3339(std::numeric_limits<std::int64_t>::max()).text, "2262-04-11T23:47:16.854Z");
  EXPECT_STREQ(to_rfc3339(std::numeric_limits<std::int64_t>::min()).text, "1677-09-21T00:12:43.145Z");
}

}  // namespace
}  // namespace toolrack::base
