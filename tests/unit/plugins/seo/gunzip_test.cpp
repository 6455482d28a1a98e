#include "analysis/gunzip.hpp"

#include "unit/plugins/seo/bodies.hpp"

#include <gtest/gtest.h>

namespace toolrack::seo {
namespace {

using testing::gzip;

TEST(Gunzip, UnpacksAllMembers) {
  const Unpacked unpacked = gunzip(gzip("one ") + gzip("two"), 100);
  EXPECT_EQ(unpacked.bytes, "one two");
  EXPECT_EQ(unpacked.error, "");
  EXPECT_FALSE(unpacked.is_cut);
}

TEST(Gunzip, StopsABombAtItsLimit) {
  const std::string bomb = gzip(std::string(50 << 20, 'x'));
  ASSERT_LT(bomb.size(), 100'000U);
  const Unpacked unpacked = gunzip(bomb, 1 << 20);
  EXPECT_TRUE(unpacked.is_cut);
  EXPECT_EQ(unpacked.bytes.size(), std::size_t{1} << 20);
}

TEST(Gunzip, TellsWhatIsDamagedAndKeepsWhatCameBefore) {
  const std::string packed = gzip(std::string(1000, 'a') + std::string(1000, 'b'));
  EXPECT_EQ(gunzip(packed.substr(0, packed.size() - 9), 10'000).error, "the gzip data ends too early");
  std::string damaged = packed;
  damaged[12] = static_cast<char>(damaged[12] ^ 0x7F);
  EXPECT_NE(gunzip(damaged, 10'000).error, "");
  EXPECT_NE(gunzip("\x1F\x8Bgarbage", 10'000).error, "");
}

}  // namespace
}  // namespace toolrack::seo
