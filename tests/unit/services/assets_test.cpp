#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "base/encoding.hpp"
#include "unit/services/assets_fixture.hpp"

namespace toolrack::test {
namespace {

using namespace std::chrono_literals;
using services::assets::AssetSettings;
using testing::AssetsFixture;

TEST(Assets, KeepsWhatWasWrittenInPieces) {
  AssetsFixture fixture;
  auto writer = fixture.assets.create({.account = "a", .name = "dir/x.bin", .media_type = "audio/mpeg"});
  ASSERT_TRUE(writer) << writer.error().message();
  ASSERT_TRUE((*writer)->append("hello "));
  ASSERT_TRUE((*writer)->append("world"));
  const auto made = (*writer)->close();
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->bytes, 11U);
  EXPECT_EQ(made->name, "x.bin");
  EXPECT_EQ(made->sha256, base::to_hex(base::as_bytes(base::sha256("hello world"))));

  const auto found = fixture.assets.find("a", made->id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->media_type, "audio/mpeg");
  EXPECT_EQ(found->expires_ns, fixture.clock.unix_ns() + 24 * 3600 * 1'000'000'000LL);
  auto reader = fixture.assets.open(*found);
  ASSERT_TRUE(reader);
  EXPECT_EQ(*(*reader)->read(0, 100), "hello world");
  EXPECT_EQ(*(*reader)->read(6, 3), "wor");
  EXPECT_EQ(*(*reader)->read(11, 3), "");
}

TEST(Assets, AreUnknownToOtherAccounts) {
  AssetsFixture fixture;
  const auto made = fixture.put("a", "secret");
  ASSERT_TRUE(made);
  const auto stranger = fixture.assets.find("b", made->id);
  const auto absent = fixture.assets.find("b", "as_00000000000000000000000000000000");
  ASSERT_FALSE(stranger);
  ASSERT_FALSE(absent);
  EXPECT_EQ(stranger.error().name(), "asset_not_found");
  EXPECT_EQ(absent.error().name(), stranger.error().name());
  EXPECT_FALSE(fixture.assets.remove("b", made->id));
  EXPECT_TRUE(fixture.assets.find("a", made->id));
  EXPECT_TRUE(fixture.assets.list("b", "", 10)->empty());
}

TEST(Assets, HaveIdsThatDoNotRepeatAndRefuseOtherTexts) {
  AssetsFixture fixture;
  std::set<std::string> ids;
  for (int i = 0; i < 1'000; ++i) ids.insert(services::assets::make_asset_id());
  EXPECT_EQ(ids.size(), 1'000U);
  for (const auto* text : {"", "as_", "../../etc/passwd", "as_0000000000000000000000000000000G",
                           "as_000000000000000000000000000000000", "AS_00000000000000000000000000000000"})
    EXPECT_FALSE(fixture.assets.find_any(text)) << text;
}

TEST(Assets, LeaveNothingOfAWriterThatIsNotClosed) {
  AssetsFixture fixture;
  {
    auto writer = fixture.assets.create({.account = "a", .name = "", .media_type = ""});
    ASSERT_TRUE((*writer)->append("half"));
    EXPECT_EQ(fixture.files(), 1U);
  }
  EXPECT_EQ(fixture.files(), 0U);
  EXPECT_EQ(*fixture.assets.used("a"), 0U);
}

TEST(Assets, RefuseOneThatIsLargerThanAllowed) {
  AssetsFixture fixture({.asset_bytes = 10});
  auto writer = fixture.assets.create({.account = "a", .name = "", .media_type = ""});
  ASSERT_TRUE((*writer)->append("0123456789"));
  const auto refused = (*writer)->append("x");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), base::ErrorCode::kBodyTooLarge);
  EXPECT_FALSE((*writer)->close());
  EXPECT_EQ(fixture.files(), 0U);
}

TEST(Assets, HoldAnAccountToItsQuotaAndGiveBackWhatIsRemoved) {
  AssetsFixture fixture({.account_bytes = 10});
  const auto first = fixture.put("a", "123456");
  ASSERT_TRUE(first);
  const auto second = fixture.put("a", "123456");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().name(), "asset_quota_exceeded");
  EXPECT_TRUE(fixture.put("b", "123456")) << "another account has a quota of its own";
  ASSERT_TRUE(fixture.assets.remove("a", first->id));
  EXPECT_EQ(*fixture.assets.used("a"), 0U);
  EXPECT_TRUE(fixture.put("a", "123456"));
}

TEST(Assets, HoldTheQuotaAlsoAgainstWritersThatBeganTogether) {
  AssetsFixture fixture({.account_bytes = 100});
  std::vector<std::thread> threads;
  std::atomic<int> kept{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      auto writer = fixture.assets.create({.account = "a", .name = "", .media_type = ""});
      if (!(*writer)->append(std::string(30, 'x'))) return;
      if ((*writer)->close()) ++kept;
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(kept, 3);
  EXPECT_EQ(*fixture.assets.used("a"), 90U);
  EXPECT_EQ(fixture.files(), 3U);
}

TEST(Assets, AreGoneWhenTheyExpireAndSweptAfterwards) {
  AssetsFixture fixture({.lifetime = 60s});
  const auto early = fixture.put("a", "one");
  fixture.clock.advance(30s);
  const auto late = fixture.put("a", "two");
  fixture.clock.advance(30s);
  EXPECT_FALSE(fixture.assets.find("a", early->id)) << "although nobody has swept yet";
  EXPECT_TRUE(fixture.assets.find("a", late->id));
  EXPECT_EQ(*fixture.assets.sweep(), 1U);
  EXPECT_EQ(fixture.files(), 1U);
  EXPECT_EQ(*fixture.assets.used("a"), 3U);
  EXPECT_EQ(*fixture.assets.sweep(), 0U);
}

TEST(Assets, SweepMoreThanOneBatch) {
  AssetsFixture fixture({.lifetime = 60s});
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(fixture.put("a", "x"));
  fixture.clock.advance(61s);
  EXPECT_EQ(*fixture.assets.sweep(), 300U);
  EXPECT_EQ(fixture.files(), 0U);
}

TEST(Assets, RecoverFromAProcessThatWasKilled) {
  AssetsFixture fixture;
  const auto kept = fixture.put("a", "kept");
  ASSERT_TRUE(kept);
  // What a kill leaves: a file that was being written, and one that was renamed but never recorded.
  std::ofstream(fixture.root() / "incoming" / services::assets::make_asset_id()) << "half";
  const auto orphan = services::assets::make_asset_id();
  std::filesystem::create_directories(fixture.root() / "data" / orphan.substr(3, 2));
  std::ofstream(fixture.root() / "data" / orphan.substr(3, 2) / orphan) << "unrecorded";
  EXPECT_EQ(fixture.files(), 3U);
  EXPECT_EQ(*fixture.assets.recover(), 2U);
  EXPECT_EQ(fixture.files(), 1U);
  EXPECT_TRUE(fixture.assets.open(*kept));
}

TEST(Assets, ListInPages) {
  AssetsFixture fixture;
  std::set<std::string> made, seen;
  for (int i = 0; i < 5; ++i) made.insert(fixture.put("a", "x")->id);
  ASSERT_TRUE(fixture.put("a/b", "other"));
  std::string after;
  for (int page = 0; page < 3; ++page) {
    const auto found = *fixture.assets.list("a", after, 2);
    ASSERT_EQ(found.size(), page < 2 ? 2U : 1U);
    for (const auto& asset : found) seen.insert(asset.id);
    after = found.back().id;
  }
  EXPECT_EQ(seen, made);
}

TEST(Assets, StayReadableForWhoHasThemOpen) {
  AssetsFixture fixture;
  const auto made = fixture.put("a", "text");
  auto reader = fixture.assets.open(*made);
  ASSERT_TRUE(fixture.assets.remove("a", made->id));
  EXPECT_EQ(*(*reader)->read(0, 10), "text");
  EXPECT_FALSE(fixture.assets.open(*made));
}

TEST(Assets, TakeNoMediaTypeOrNameThatCouldBreakAHeader) {
  using services::assets::clean_media_type;
  using services::assets::clean_name;
  EXPECT_EQ(clean_media_type("text/html; charset=utf-8"), "text/html; charset=utf-8");
  for (const auto* bad : {"", "text", "text/", "/html", "text/html\r\nX: y", "te xt/html", "text/h\"tml"})
    EXPECT_EQ(clean_media_type(bad), "application/octet-stream") << bad;
  EXPECT_EQ(clean_name("../../a\r\n\"b"), "ab");
  EXPECT_EQ(clean_name(".."), "");
  EXPECT_EQ(clean_name("C:\\x\\y.png"), "y.png");
  EXPECT_LE(clean_name(std::string(500, 'x')).size(), 200U);
}

}  // namespace
}  // namespace toolrack::test
