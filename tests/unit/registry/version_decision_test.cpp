#include "registry/version_decision.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/registry/fake_tool.hpp"

namespace toolrack::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = VersionDecision::Kind;

/// A tool whose versions are there, and what is decided about them one after the other.
class Decisions : public ::testing::Test {
 protected:
  void versions(const std::vector<std::string>& descending) {
    tools_.clear();
    for (const auto& version : descending) tools_.push_back(FakeTool{.version = version}.make());
  }
  std::vector<const Tool*> raw() const {
    std::vector<const Tool*> out;
    for (const auto& tool : tools_) out.push_back(tool.get());
    return out;
  }
  /// The usual version after it, or the error.
  std::string decide(Kind kind, std::string version = {}) {
    const auto before = usual_tool();
    auto decided = registry::decide(policy_, {.kind = kind, .version = std::move(version)}, "toolrack/seo", raw(), 1);
    if (!decided) return std::string(decided.error().name()) + ": " + decided.error().message();
    policy_ = *std::move(decided);
    if (before != nullptr && usual_tool() != nullptr && usual_tool() != before) note_usual_before(policy_, *before);
    return usual();
  }
  const Tool* usual_tool() const {
    const auto serving = not_withheld(raw(), &policy_);
    return serving.empty() ? nullptr : &usual_version(serving, &policy_);
  }
  std::string usual() const { return usual_tool() == nullptr ? "none" : usual_tool()->version; }

  std::vector<std::shared_ptr<Tool>> tools_;
  VersionPolicy policy_;
};

TEST_F(Decisions, PromoteAVersionUntilTheHighestIsWantedAgain) {
  versions({"2.0.0", "1.4.0"});
  EXPECT_EQ(decide(Kind::kPromote, "1.4.0"), "1.4.0");
  EXPECT_EQ(decide(Kind::kPromote), "2.0.0");
}

TEST_F(Decisions, RefuseAVersionThatIsNotThereAndListThoseThatAre) {
  versions({"2.0.0", "1.4.0"});
  for (const auto kind : {Kind::kPromote, Kind::kDisable})
    EXPECT_THAT(decide(kind, "1"),
                HasSubstr("version_not_found: toolrack/seo has no version \"1\"; there are: 2.0.0, 1.4.0"));
}

TEST_F(Decisions, LeaveAPromotionStandingWhenAHigherVersionComes) {
  versions({"2.0.0", "1.4.0"});
  EXPECT_EQ(decide(Kind::kPromote, "1.4.0"), "1.4.0");
  versions({"3.0.0", "2.0.0", "1.4.0"});
  EXPECT_EQ(usual(), "1.4.0");
}

TEST_F(Decisions, RollBackToWhatWasPromotedBefore) {
  versions({"2.0.0", "1.4.0", "1.3.0"});
  decide(Kind::kPromote, "1.3.0");
  decide(Kind::kPromote, "2.0.0");
  EXPECT_EQ(decide(Kind::kRollBack), "1.3.0");
  EXPECT_EQ(policy_.promoted, "1.3.0") << "1.4.0 would be the usual one by itself";
}

TEST_F(Decisions, RollBackWithoutAPromotionWhereNoneIsNeeded) {
  versions({"1.4.0"});
  versions({"2.0.0", "1.4.0"});
  EXPECT_EQ(decide(Kind::kRollBack), "1.4.0");
  EXPECT_EQ(policy_.promoted, "");
  versions({"2.0.1", "2.0.0", "1.4.0"});
  EXPECT_EQ(usual(), "2.0.1") << "the repair takes over by itself";
}

TEST_F(Decisions, RollBackFurtherEachTimeAndNeverForth) {
  versions({"3.0.0", "2.0.0", "1.0.0"});
  decide(Kind::kPromote, "1.0.0");
  decide(Kind::kPromote, "2.0.0");
  decide(Kind::kPromote, "3.0.0");
  EXPECT_EQ(decide(Kind::kRollBack), "2.0.0");
  EXPECT_EQ(decide(Kind::kRollBack), "1.0.0");
  EXPECT_THAT(decide(Kind::kRollBack), HasSubstr("conflict: toolrack/seo cannot go back from 1.0.0"));
  EXPECT_EQ(usual(), "1.0.0");
}

TEST_F(Decisions, RollBackPastWhatIsDisabledOrAway) {
  versions({"3.0.0", "2.0.0", "1.5.0", "1.0.0"});
  decide(Kind::kPromote, "1.0.0");
  decide(Kind::kPromote, "1.5.0");
  decide(Kind::kPromote, "2.0.0");
  decide(Kind::kPromote, "3.0.0");
  decide(Kind::kDisable, "2.0.0");
  versions({"3.0.0", "2.0.0", "1.0.0"});
  EXPECT_EQ(decide(Kind::kRollBack), "1.0.0");
}

TEST_F(Decisions, PromoteAgainWhatWasSetBack) {
  versions({"2.0.0", "1.4.0"});
  EXPECT_EQ(decide(Kind::kRollBack), "1.4.0");
  EXPECT_EQ(decide(Kind::kPromote), "1.4.0") << "the highest that is not set back";
  EXPECT_EQ(decide(Kind::kPromote, "2.0.0"), "2.0.0");
  EXPECT_EQ(decide(Kind::kPromote), "2.0.0");
  EXPECT_THAT(policy_.set_back, IsEmpty());
}

TEST_F(Decisions, RefuseToPromoteWhatIsDisabled) {
  versions({"2.0.0", "1.4.0"});
  decide(Kind::kDisable, "1.4.0");
  EXPECT_THAT(decide(Kind::kPromote, "1.4.0"), HasSubstr("conflict: toolrack/seo@1.4.0 is disabled"));
}

TEST_F(Decisions, GiveThePlaceOfADisabledPromotionToTheHighestUntilItIsEnabled) {
  versions({"2.0.0", "1.4.0"});
  decide(Kind::kPromote, "1.4.0");
  EXPECT_EQ(decide(Kind::kDisable, "1.4.0"), "2.0.0");
  EXPECT_EQ(decide(Kind::kEnable, "1.4.0"), "1.4.0");
}

TEST_F(Decisions, EnableUnderTheNameUnderWhichItWasDisabled) {
  versions({"2.0.0", "1.4.0"});
  decide(Kind::kDisable, "2.0.0");
  EXPECT_EQ(decide(Kind::kDisable), "none");
  EXPECT_EQ(decide(Kind::kEnable), "1.4.0");
  EXPECT_EQ(decide(Kind::kEnable, "2.0.0"), "2.0.0");
  EXPECT_EQ(decide(Kind::kEnable, "2.0.0"), "2.0.0") << "what is enabled stays so";
  EXPECT_TRUE(policy_.disabled.empty());
}

TEST_F(Decisions, RememberAFewVersionsThatWereTheUsualOne) {
  versions({"9.0.0", "8.0.0", "7.0.0", "6.0.0", "5.0.0", "4.0.0", "3.0.0", "2.0.0", "1.0.0", "0.1.0"});
  for (const auto& tool : tools_) decide(Kind::kPromote, tool->version);
  EXPECT_THAT(policy_.before, ElementsAre("8.0.0", "7.0.0", "6.0.0", "5.0.0", "4.0.0", "3.0.0", "2.0.0", "1.0.0"));
}

TEST_F(Decisions, ShowACanaryUntilItIsEndedOrPromoted) {
  versions({"2.0.0", "1.4.0"});
  decide(Kind::kPromote, "1.4.0");
  const auto canary = [&](std::string version, Canary who) {
    auto decided = registry::decide(policy_, {.kind = Kind::kCanary, .version = std::move(version), .canary = who},
                                    "toolrack/seo", raw(), 1);
    if (!decided) return decided.error().message();
    policy_ = *std::move(decided);
    return policy_.canary ? policy_.canary->version : std::string("none");
  };
  EXPECT_EQ(canary("2.0.0", {.version = {}, .share = 500}), "2.0.0");
  EXPECT_EQ(canary("", {}), "none");
  EXPECT_THAT(canary("2.0.0", {}), HasSubstr("nobody is to be shown toolrack/seo@2.0.0"));
  EXPECT_THAT(canary("", {.version = {}, .share = 500}), HasSubstr("no version of toolrack/seo is named"));
  EXPECT_THAT(canary("1.4.0", {.version = {}, .share = 500}), HasSubstr("is the usual version"));
  EXPECT_THAT(canary("7.0.0", {.version = {}, .share = 500}), HasSubstr("there are: 2.0.0, 1.4.0"));
  EXPECT_EQ(canary("2.0.0", {.version = {}, .share = 0, .keys = {"k"}}), "2.0.0");
  EXPECT_EQ(decide(Kind::kPromote, "2.0.0"), "2.0.0");
  EXPECT_FALSE(policy_.canary);
}

TEST_F(Decisions, LeaveACanaryThatIsSetBackWhatItIsForAllOthers) {
  versions({"2.0.0", "1.4.0"});
  EXPECT_EQ(decide(Kind::kRollBack), "1.4.0");
  const auto decided =
      registry::decide(policy_, {.kind = Kind::kCanary, .version = "2.0.0", .canary = {.version = {}, .share = 500}},
                       "toolrack/seo", raw(), 1);
  ASSERT_TRUE(decided);
  policy_ = *decided;
  EXPECT_EQ(usual(), "1.4.0");
}

TEST(SplitVersion, TakesTheLastAt) {
  EXPECT_EQ(split_version("seo").name, "seo");
  EXPECT_EQ(split_version("seo").version, "");
  EXPECT_EQ(split_version("acme/seo@1.4.0").name, "acme/seo");
  EXPECT_EQ(split_version("acme/seo@1.4.0").version, "1.4.0");
}

}  // namespace
}  // namespace toolrack::registry
