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

/// The same rack in the next process.
class TrialsGoOn : public Trials {
 protected:
  void restart(Tools tools, const KeptTrial::ById& kept, const VersionPolicy& policy = {}) {
    const VersionPolicies policies{{"toolrack/seo", policy}};
    const auto next = registry::Catalogue::build(tools, {}, 1, policies, later_.tallies(tools));
    ASSERT_TRUE(next);
    later_.resume(kept, **next, policies);
    later_.update(**next, **next, policies);
    catalogue_ = *next;
  }
  KeptTrial::ById kept_of_two_against_one() {
    publish({one_});
    count(*one_, 100, 10);
    publish({one_, two_});
    count(*two_, 3, 3);
    return trials_.to_keep();
  }
  VersionTrials later_{1};
};

TEST_F(TrialsGoOn, AgainstWhatTheOlderOneHadDoneBefore) {
  const auto kept = kept_of_two_against_one();
  ASSERT_EQ(kept.size(), 1U);
  restart({one_, two_}, kept);
  const auto* trial = later_.find_open("toolrack/seo");
  ASSERT_NE(trial, nullptr);
  EXPECT_EQ(trial->newer->version, "2.0.0");
  EXPECT_EQ(trial->older->version, "1.0.0");
  count(*one_, 5, 1);
  count(*two_, 20, 2);
  const auto standing = VersionTrials::look(*trial, {});
  EXPECT_EQ(standing.newer, (registry::OutcomeCounts{20, 2})) << "counted anew";
  EXPECT_EQ(standing.older, (registry::OutcomeCounts{105, 11}));
  EXPECT_EQ(later_.to_keep(), kept) << "as it began, for the process after that";
}

TEST_F(TrialsGoOn, OnlyWhereTheTwoStillStandAgainstEachOther) {
  const auto kept = kept_of_two_against_one();
  restart({two_}, kept);
  EXPECT_FALSE(later_.has_open()) << "nothing to go back to";
  restart({one_, two_, three_}, kept);
  EXPECT_FALSE(later_.has_open()) << "another one is the usual version";
  restart({one_, two_}, kept, {.set_back = {{.version = "1.0.0", .build_id = "", .reason = ""}}});
  EXPECT_FALSE(later_.has_open()) << "nobody wants that one back";
  auto rebuilt = FakeTool{.version = "2.0.0"}.make();
  rebuilt->build_id = "another";
  restart({one_, rebuilt}, kept);
  EXPECT_FALSE(later_.has_open()) << "another build is another plugin";
}

TEST_F(TrialsGoOn, NotWhenTheyAreOver) {
  kept_of_two_against_one();
  trials_.end({"toolrack/seo", false});
  EXPECT_TRUE(trials_.to_keep().empty());
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
