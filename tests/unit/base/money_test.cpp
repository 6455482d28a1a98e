#include "base/money.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace toolrack::base {
namespace {

constexpr auto kMost = std::numeric_limits<std::int64_t>::max();

Money micros(std::int64_t value) { return Money::from_micros(value); }

TEST(Money, ReadsDecimalDollars) {
  EXPECT_EQ(Money::parse("0").value(), micros(0));
  EXPECT_EQ(Money::parse("0.000001").value(), micros(1));
  EXPECT_EQ(Money::parse("12.5").value(), micros(12'500'000));
  EXPECT_EQ(Money::parse("1.230000").value(), micros(1'230'000));
  EXPECT_EQ(Money::parse("9223372036854.775807").value(), micros(kMost));
}

TEST(Money, RefusesWhatIsNoAmount) {
  for (const auto* text : {"",
                           ".",
                           ".5",
                           "5.",
                           "-1",
                           "+1",
                           "1e3",
                           "1E3",
                           " 1",
                           "1 ",
                           "1,5",
                           "0x10",
                           "1.2.3",
                           "007",
                           "0.0000001",
                           "1.0000000",
                           "9223372036854.775808",
                           "99999999999999999999",
                           "inf",
                           "nan"}) {
    const auto money = Money::parse(text);
    ASSERT_FALSE(money) << text;
    EXPECT_EQ(money.error().code(), ErrorCode::kInvalidRequest);
    EXPECT_NE(money.error().message().find(text), std::string::npos) << money.error().message();
  }
}

TEST(Money, WritesDollarsWithoutNeedlessZeros) {
  EXPECT_EQ(micros(0).to_string(), "0");
  EXPECT_EQ(micros(1).to_string(), "0.000001");
  EXPECT_EQ(micros(12'500'000).to_string(), "12.5");
  EXPECT_EQ(micros(1'000'000).to_string(), "1");
  EXPECT_EQ(micros(-1'050'000).to_string(), "-1.05");
  EXPECT_EQ(micros(kMost).to_string(), "9223372036854.775807");
  EXPECT_EQ(micros(std::numeric_limits<std::int64_t>::min()).to_string(), "-9223372036854.775808");
}

TEST(Money, ReadsBackWhatItWrote) {
  for (const std::int64_t value : {std::int64_t{0}, std::int64_t{1}, std::int64_t{999'999}, std::int64_t{1'000'001},
                                   std::int64_t{100'000'000}, kMost})
    EXPECT_EQ(Money::parse(micros(value).to_string()).value(), micros(value));
}

TEST(Money, PercentRoundsHalfUp) {
  EXPECT_EQ(micros(1'000'000).percent(105), micros(1'050'000));
  EXPECT_EQ(micros(10).percent(105), micros(11));    // 10.5
  EXPECT_EQ(micros(9).percent(105), micros(9));      // 9.45
  EXPECT_EQ(micros(30).percent(5), micros(2));       // 1.5
  EXPECT_EQ(micros(-10).percent(105), micros(-10));  // -10.5
  EXPECT_EQ(micros(-11).percent(105), micros(-12));  // -11.55
}

TEST(Money, PercentOfSomethingIsNeverNothing) {
  EXPECT_EQ(micros(1).percent(5), micros(1));
  EXPECT_EQ(micros(0).percent(5), micros(0));
  EXPECT_EQ(micros(1).percent(0), micros(0));
}

TEST(Money, PercentUses128BitsAndStopsAtTheLargestAmount) {
  EXPECT_EQ(micros(kMost / 2).percent(200), micros(kMost - 1));
  EXPECT_EQ(micros(kMost).percent(105), micros(kMost));
  EXPECT_EQ(micros(kMost).percent(kMost), micros(kMost));
}

TEST(Money, AddsAndCompares) {
  EXPECT_EQ(micros(3) + micros(4), micros(7));
  EXPECT_EQ(micros(3) - micros(4), micros(-1));
  EXPECT_LT(micros(3), micros(4));
}

}  // namespace
}  // namespace toolrack::base
