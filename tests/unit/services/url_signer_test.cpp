#include "services/assets/url_signer.hpp"

#include <gtest/gtest.h>

#include <random>

#include "services/assets/asset.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"

namespace toolrack::test {
namespace {

using namespace std::chrono_literals;
using services::assets::UrlSigner;

constexpr std::int64_t kNever = std::int64_t{1} << 62;

class SignedUrl : public ::testing::Test {
 protected:
  testing::FakeClock clock;
  testing::MemoryStore store;
  std::unique_ptr<UrlSigner> signer = *UrlSigner::open(store, clock);
  const std::string id = services::assets::make_asset_id();
};

TEST_F(SignedUrl, OpensItsAssetForAnHour) {
  const auto url = signer->sign(id, kNever);
  EXPECT_EQ(signer->verify(url), id);
  clock.advance(3599s);
  EXPECT_EQ(signer->verify(url), id);
  clock.advance(1s);
  EXPECT_EQ(signer->verify(url), std::nullopt);
}

TEST_F(SignedUrl, DoesNotOutliveItsAsset) {
  const auto url = signer->sign(id, clock.unix_ns() + 10'000'000'000);
  clock.advance(10s);
  EXPECT_EQ(signer->verify(url), std::nullopt);
}

TEST_F(SignedUrl, StaysValidOverOneRotationAndARestart) {
  const auto url = signer->sign(id, kNever);
  ASSERT_TRUE(signer->rotate());
  EXPECT_EQ(signer->verify(url), id);
  EXPECT_NE(signer->sign(id, kNever), url);
  const auto again = *UrlSigner::open(store, clock);
  EXPECT_EQ(again->verify(url), id);
  ASSERT_TRUE(again->rotate());
  EXPECT_EQ(again->verify(url), std::nullopt) << "two keys are valid, not three";
}

TEST_F(SignedUrl, RotatesItsKeyOnceADay) {
  const auto before = signer->sign(id, kNever);
  ASSERT_TRUE(signer->rotate_when_due());
  EXPECT_EQ(signer->sign(id, kNever), before);
  clock.advance(24h);
  ASSERT_TRUE(signer->rotate_when_due());
  const auto key_of = [](const std::string& url) { return url.substr(url.find("&key="), 13); };
  EXPECT_NE(key_of(signer->sign(id, kNever)), key_of(before));
}

/// Every kind of edit at every place, and what a client or a proxy might make of a URL.
TEST_F(SignedUrl, IsRefusedInTenThousandMutations) {
  const auto url = signer->sign(id, kNever);
  const auto other = signer->sign(services::assets::make_asset_id(), kNever);
  clock.advance(60s);
  const auto later = signer->sign(id, kNever);
  std::mt19937 random(20'261'125);  // NOLINT: the same rows in every run.
  static constexpr std::string_view kLetters =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_%&=?/.#+ \n";
  int refused = 0;
  for (int i = 0; i < 10'000; ++i) {
    auto mutated = url;
    const auto at = random() % url.size();
    const auto letter = kLetters[random() % kLetters.size()];
    switch (i % 8) {
      case 0:
        mutated[at] = letter;
        break;
      case 1:
        mutated[at] = static_cast<char>(mutated[at] ^ (1 << random() % 8));
        break;
      case 2:
        mutated.insert(at, 1, letter);
        break;
      case 3:
        mutated.erase(at, 1 + random() % 4);
        break;
      case 4:
        mutated.resize(at);
        break;
      case 5:  // The same letter, escaped.
        mutated.replace(
            at, 1, "%" + std::string(1, "0123456789ABCDEF"[mutated[at] / 16]) + "0123456789ABCDEF"[mutated[at] % 16]);
        break;
      case 6:  // Another valid URL's end.
        mutated = url.substr(0, at) + (i % 16 < 8 ? other : later).substr(at);
        break;
      default:
        mutated += std::string("&#/?=0")[random() % 6];
        break;
    }
    if (mutated == url || mutated == other || mutated == later) {
      ++refused;  // No mutation; another valid URL is one.
      continue;
    }
    EXPECT_EQ(signer->verify(mutated), std::nullopt) << mutated;
    if (!signer->verify(mutated)) ++refused;
  }
  EXPECT_EQ(refused, 10'000);
  EXPECT_EQ(signer->verify(url), id) << "the control: unchanged, it opens";
}

}  // namespace
}  // namespace toolrack::test
