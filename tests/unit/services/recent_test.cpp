/// log::Recent: the last lines, filtered, bounded, and none twice for who asks for what came since.
#include "services/log/recent.hpp"

#include <gmock/gmock.h>

#include <string>

#include "base/json.hpp"

namespace toolrack::services::log {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RecentLines : public testing::Test {
 protected:
  void add(const std::string& text, Level level = Level::kInfo, const std::string& request_id = "") {
    lines.add({.level = level, .tool = "acme/a", .request_id = request_id, .json = text});
  }
  Recent lines{4, 1'000};
};

TEST_F(RecentLines, GivesTheLastOnesInOrder) {
  for (const auto* text : {"1", "2", "3"}) add(text);
  EXPECT_THAT(lines.read({}).lines, ElementsAre("1", "2", "3"));
  EXPECT_THAT(lines.read({.limit = 2}).lines, ElementsAre("2", "3"));
}

TEST_F(RecentLines, GivesWhatCameSinceAndNothingTwice) {
  add("1");
  const auto first = lines.read({});
  EXPECT_THAT(lines.read({.after = first.next}).lines, IsEmpty());
  add("2");
  add("3");
  const auto second = lines.read({.after = first.next, .limit = 1});
  EXPECT_THAT(second.lines, ElementsAre("2"));
  EXPECT_THAT(lines.read({.after = second.next}).lines, ElementsAre("3"));
}

TEST_F(RecentLines, AFilterDoesNotHoldUpWhoFollows) {
  add("1");
  const auto first = lines.read({.level = Level::kError});
  add("2");
  const auto second = lines.read({.after = first.next, .level = Level::kError});
  EXPECT_THAT(second.lines, IsEmpty());
  EXPECT_GT(second.next, first.next);
}

TEST_F(RecentLines, FiltersByLevelToolAndCall) {
  add("quiet", Level::kDebug, "req_1");
  add("loud", Level::kError, "req_1");
  add("other", Level::kError, "req_2");
  EXPECT_THAT(lines.read({.level = Level::kWarning}).lines, ElementsAre("loud", "other"));
  EXPECT_THAT(lines.read({.request_id = "req_1"}).lines, ElementsAre("quiet", "loud"));
  EXPECT_THAT(lines.read({.tool = "acme/b"}).lines, IsEmpty());
  EXPECT_THAT(lines.read({.tool = "acme/a", .request_id = "req_2"}).lines, ElementsAre("other"));
}

TEST_F(RecentLines, LetsTheOldestGoAndSaysSo) {
  add("1");
  const auto first = lines.read({});
  for (const auto* text : {"2", "3", "4", "5", "6"}) add(text);
  const auto page = lines.read({.after = first.next});
  EXPECT_THAT(page.lines, ElementsAre("3", "4", "5", "6"));
  EXPECT_TRUE(page.has_lost);
  EXPECT_FALSE(lines.read({.after = page.next}).has_lost);
}

TEST_F(RecentLines, GivesAllOfALaterProcessToWhoFollowedTheOneBefore) {
  for (const auto* text : {"1", "2", "3"}) add(text);
  const auto followed = lines.read({}).next;
  Recent later(4, 1'000, followed + 1'000);
  later.add({.json = "its first"});
  later.add({.json = "its second"});
  const auto page = later.read({.after = followed});
  EXPECT_THAT(page.lines, ElementsAre("its first", "its second"));
  EXPECT_TRUE(page.has_lost);
  const auto next = later.read({.after = page.next});
  EXPECT_THAT(next.lines, IsEmpty());
  EXPECT_FALSE(next.has_lost);
}

TEST_F(RecentLines, GivesAllToWhoAsksWithANumberThatIsStillToCome) {
  add("1");
  const auto page = lines.read({.after = 100});
  EXPECT_THAT(page.lines, ElementsAre("1")) << "the clock was set back between two processes";
  EXPECT_TRUE(page.has_lost);
  EXPECT_THAT(lines.read({.after = page.next}).lines, IsEmpty());
}

TEST_F(RecentLines, KeepsNoMoreThanItsBytes) {
  for (int i = 0; i < 3; ++i) add(std::string(400, static_cast<char>('a' + i)));
  EXPECT_EQ(lines.read({}).lines.size(), 2U);
  add(std::string(5'000, 'x'));
  EXPECT_EQ(lines.read({}).lines.size(), 1U) << "the newest stays, however long it is";
}

TEST(RecentLog, HoldsWhatIsWrittenAsJson) {
  const auto before = recent().read({}).next;
  write(Level::kWarning, "held as \"JSON\"", {{"request_id", "req_held"}, {"count", std::int64_t{2}}});
  write_plugin(Level::kError, "acme/a", "req_held", "its own words", R"({"x":1})");
  const auto page = recent().read({.after = before, .request_id = "req_held"});
  ASSERT_EQ(page.lines.size(), 2U);
  const auto first = base::json::parse(page.lines[0]);
  ASSERT_TRUE(first) << page.lines[0];
  EXPECT_EQ(base::json::find_string(*first, "message"), "held as \"JSON\"");
  EXPECT_EQ(base::json::find_int(*first, "count"), 2);
  const auto second = base::json::parse(page.lines[1]);
  ASSERT_TRUE(second) << page.lines[1];
  EXPECT_EQ(base::json::find_string(*second, "tool"), "acme/a");
  EXPECT_THAT(page.lines[1], HasSubstr(R"("fields":{"x":1})"));
}

TEST(RecentLog, HasNumbersThatNoEarlierProcessHad) {
  write(Level::kWarning, "numbered", {});
  EXPECT_GT(recent().read({}).next, 1'700'000'000'000'000U) << "microseconds since 1970";
}

TEST(RecentLog, HoldsNothingBelowTheLevel) {
  write(Level::kDebug, "too quiet", {{"request_id", "req_quiet"}});
  EXPECT_THAT(recent().read({.request_id = "req_quiet"}).lines, IsEmpty());
}

}  // namespace
}  // namespace toolrack::services::log
