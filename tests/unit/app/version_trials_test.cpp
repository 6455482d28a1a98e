#include "app/version_trials.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/registry/fake_tool.hpp"

namespace toolrack::app {
namespace {

using registry::Canary;
using registry::FakeTool;
using registry::VersionPolicies;
using registry::VersionPolicy;

/// A rack whose tool `seo` comes in versions.
class Trials : public ::testing::Test {
 protected:
  using Tools = std::vector<std::shared_ptr<const registry::Tool>>;

  void publish(Tools tools, const VersionPolicy& policy = {}) {
    const VersionPolicies policies{{"toolrack/seo", policy}};
    auto next = registry::Catalogue::build(tools, {}, 1, policies, trials_.tallies(tools));
    ASSERT_TRUE(next);
    trials_.update(catalogue_ == nullptr ? **next : *catalogue_, **next, policies);
    catalogue_ = *std::move(next);
  }
  /// "2.0.0 against 1.0.0", or nothing.
  std::string open() const {
    const auto* trial = trials_.find_open("toolrack/seo");
    return trial == nullptr ? "" : trial->newer->version + " against " + trial->older->version;
  }
  void count(const registry::Tool& tool, int calls, int errors) {
    for (int i = 0; i < calls; ++i) catalogue_->tally_of(tool)->count(0, i < errors);
  }

  const std::shared_ptr<const registry::Tool> one_ = FakeTool{.version = "1.0.0"}.make();
  const std::shared_ptr<const registry::Tool> two_ = FakeTool{.version = "2.0.0"}.make();
  const std::shared_ptr<const registry::Tool> three_ = FakeTool{.version = "3.0.0"}.make();
  VersionTrials trials_{1};
  std::shared_ptr<const registry::Catalogue> catalogue_;
};

TEST_F(Trials, BeginWithAHigherVersionThatTakesThePlaceOfOneThatStillServes) {
  publish({one_, two_});
  EXPECT_EQ(open(), "") << "nothing has changed";
  publish({one_, two_, three_});
  EXPECT_EQ(open(), "3.0.0 against 2.0.0");
  publish({one_, three_});
  EXPECT_EQ(open(), "") << "there is nothing to go back to";
}

TEST_F(Trials, DoNotBeginWhereTheOlderVersionIsGone) {
  publish({one_});
  publish({two_});
  EXPECT_EQ(open(), "");
}

TEST_F(Trials, GoOnWhenAPluginListsOtherSkills) {
  const auto listing = [](const std::string& version, std::vector<std::string> skills) {
    auto tool = FakeTool{.version = version, .skills = std::move(skills)}.make();
    tool->lists_skills = true;
    tool->build_id = version;
    return tool;
  };
  const auto older = listing("1.0.0", {"run"});
  publish({older});
  publish({older, listing("2.0.0", {"run"})});
  count(*catalogue_->tools()[0], 3, 1);
  publish({listing("1.0.0", {"run", "x"}), listing("2.0.0", {"run", "y"})});
  EXPECT_EQ(open(), "2.0.0 against 1.0.0");
  count(*catalogue_->tools()[0], 1, 1);
  const auto standing = VersionTrials::look(*trials_.find_open("toolrack/seo"), {});
  EXPECT_EQ(standing.newer.calls, 4U);
  EXPECT_EQ(standing.newer.errors, 2U);
  auto rebuilt = listing("2.0.0", {"run", "y"});
  rebuilt->build_id = "another";
  publish({catalogue_->all()[1], rebuilt});
  EXPECT_EQ(open(), "") << "another build is another plugin";
}

TEST_F(Trials, BeginWithAPromotion) {
  publish({one_, two_});
  publish({one_, two_}, {.promoted = "1.0.0"});
  EXPECT_EQ(open(), "1.0.0 against 2.0.0");
}

TEST_F(Trials, DoNotBeginWithARollback) {
  publish({one_, two_});
  publish({one_, two_}, {.promoted = "1.0.0", .set_back = {{.version = "2.0.0", .build_id = "", .reason = ""}}});
  EXPECT_EQ(open(), "");
}

TEST_F(Trials, DoNotBeginWhenTheHigherVersionIsDisabled) {
  publish({one_, two_});
  publish({one_, two_}, {.disabled = {"2.0.0"}});
  EXPECT_EQ(open(), "");
}

TEST_F(Trials, HoldACanaryAgainstTheUsualVersionUntilItEnds) {
  const VersionPolicy policy{.promoted = "1.0.0", .canary = Canary{.version = "2.0.0", .share = 500}};
  publish({one_, two_}, policy);
  EXPECT_EQ(open(), "2.0.0 against 1.0.0") << "also one that was there when the gateway began";
  publish({one_, two_, three_}, policy);
  EXPECT_EQ(open(), "2.0.0 against 1.0.0");
  publish({one_, two_}, {.promoted = "1.0.0"});
  EXPECT_EQ(open(), "");
}

TEST_F(Trials, AreNotBegunAgainWhenTheyAreOver) {
  const VersionPolicy policy{.promoted = "1.0.0", .canary = Canary{.version = "2.0.0", .share = 500}};
  publish({one_, two_}, policy);
  EXPECT_TRUE(trials_.has_open());
  trials_.end({"toolrack/seo", true});
  EXPECT_FALSE(trials_.has_open());
  publish({one_, two_, FakeTool{.slug = "other"}.make()}, policy);
  EXPECT_EQ(open(), "") << "something else has changed";
}

TEST_F(Trials, OfACanaryAndOfTheUsualVersionStandSideBySide) {
  const VersionPolicy policy{.promoted = "1.0.0", .canary = Canary{.version = "3.0.0", .share = 500}};
  publish({one_, two_, three_}, {.promoted = "2.0.0"});
  publish({one_, two_, three_}, policy);
  EXPECT_EQ(trials_.all().size(), 2u);
  EXPECT_EQ(open(), "3.0.0 against 1.0.0");
  trials_.end({"toolrack/seo", true});
  EXPECT_EQ(open(), "1.0.0 against 2.0.0");
}

TEST_F(Trials, CountFromTheirBeginning) {
  publish({one_, two_}, {.promoted = "1.0.0"});
  count(*one_, 100, 10);
  count(*two_, 7, 7);
  publish({one_, two_});
  count(*two_, 20, 12);
  const auto& trial = *trials_.find_open("toolrack/seo");
  const auto standing = VersionTrials::look(trial, {});
  EXPECT_EQ(standing.newer.calls, 20u) << "not those by its name before";
  EXPECT_EQ(standing.newer.errors, 12u);
  EXPECT_EQ(standing.older.calls, 100u) << "those from before, because it has no others";
  EXPECT_EQ(standing.verdict, registry::Verdict::kFailed);
  EXPECT_EQ(to_text(standing, trial), "12 of 20 calls have failed, of 1.0.0 10 of 100");
}

TEST_F(Trials, HoldACanaryAgainstWhatTheOtherDoesMeanwhile) {
  publish({one_, two_}, {.promoted = "1.0.0"});
  count(*one_, 1'000, 0);
  publish({one_, two_}, {.promoted = "1.0.0", .canary = Canary{.version = "2.0.0", .share = 500}});
  count(*one_, 10, 9);
  count(*two_, 10, 9);
  const auto standing = VersionTrials::look(*trials_.find_open("toolrack/seo"), {});
  EXPECT_EQ(standing.older.calls, 10u);
  EXPECT_EQ(standing.verdict, registry::Verdict::kOpen) << "both fail: it is not the version";
}

TEST_F(Trials, LetGoOfVersionsThatAreGone) {
  publish({one_});
  publish({one_, two_});
  std::weak_ptr<const registry::Tool> gone;
  {
    auto four = FakeTool{.version = "4.0.0"}.make();
    gone = four;
    publish({one_, two_, std::move(four)});
  }
  publish({one_, two_});
  EXPECT_TRUE(gone.expired()) << "else its plugin would never drain";
}

}  // namespace
}  // namespace toolrack::app
