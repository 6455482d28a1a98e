/// Which backends may serve a call and in which order, on figures that the test makes.
#include "call/backend_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fake_clock.hpp"
#include "support/fake_skill.hpp"

namespace toolrack::call {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Sort = BackendPreference::Sort;

class BackendPlanTest : public ::testing::Test {
 protected:
  BackendPlanTest() { offer({"alpha:100", "beta:100", "gamma:50"}); }
  void offer(std::vector<std::string> backends) {
    tool_ = testing::make_tool(
        "fake",
        {{.name = "say", .handler = std::make_shared<testing::InstantSkill>(), .providers = std::move(backends)}});
  }
  base::Result<BackendPlan> plan(const BackendPreference& preference = {},
                                 std::optional<std::int64_t> max_micros = {}) {
    BackendWishes wishes{.preference = &preference, .max_price = {}, .markup_percent = 100};
    if (max_micros) wishes.max_price = base::Money::from_micros(*max_micros);
    return plan_backends(tool_->skills.front(), wishes, states_);
  }
  std::vector<std::string> order(const BackendPreference& preference = {},
                                 std::optional<std::int64_t> max_micros = {}) {
    std::vector<std::string> names;
    const auto made = plan(preference, max_micros);
    if (!made) return {made.error().message()};
    for (const auto& candidate : made->candidates) names.push_back(candidate.backend->provider);
    return names;
  }
  void answers(std::string_view provider, milliseconds latency, std::uint64_t bytes = 1'000) {
    for (int i = 0; i < 50; ++i) states_.of(provider).note_answer(std::chrono::nanoseconds(latency).count(), bytes);
  }
  void fails(std::string_view provider, int times) {
    for (int i = 0; i < times; ++i) states_.of(provider).note_failure(states_.now_ns());
  }

  testing::FakeClock clock_;
  base::Metrics metrics_;
  services::providers::ProviderStates states_{clock_, metrics_, {.failures = 4, .open_for = std::chrono::seconds(30)}};
  std::shared_ptr<const registry::Tool> tool_;
};

TEST_F(BackendPlanTest, PrefersTheCheaperThenTheManifestsOrder) {
  EXPECT_THAT(order(), ElementsAre("gamma", "alpha", "beta"));
}

TEST_F(BackendPlanTest, PrefersTheClearlyFasterAmongEquallyDear) {
  answers("alpha", milliseconds(900));
  answers("beta", milliseconds(100));
  EXPECT_THAT(order(), ElementsAre("gamma", "beta", "alpha"));
  answers("alpha", milliseconds(110));
  EXPECT_THAT(order(), ElementsAre("gamma", "alpha", "beta")) << "chance does not decide";
}

TEST_F(BackendPlanTest, PutsWhatFailsBehindWhatAnswers) {
  answers("gamma", milliseconds(10));
  fails("gamma", 3);
  EXPECT_THAT(order(), ElementsAre("alpha", "beta", "gamma")) << "cheap, but a third of it fails";
  fails("alpha", 4);
  EXPECT_THAT(order(), ElementsAre("beta", "gamma", "alpha")) << "one that is given a pause is the last resort";
}

TEST_F(BackendPlanTest, SortsByWhatTheCallerNames) {
  answers("alpha", milliseconds(300), 900'000);
  answers("beta", milliseconds(200), 100'000);
  answers("gamma", milliseconds(400), 4'000'000);
  EXPECT_THAT(order({.sort = Sort::kPrice}), ElementsAre("gamma", "alpha", "beta"));
  EXPECT_THAT(order({.sort = Sort::kLatency}), ElementsAre("beta", "alpha", "gamma"));
  EXPECT_THAT(order({.sort = Sort::kThroughput}), ElementsAre("gamma", "alpha", "beta"));
}

TEST_F(BackendPlanTest, TakesTheNamedOnesFirstAndTheOthersAfterThem) {
  EXPECT_THAT(order({.order = {"beta", "alpha"}}), ElementsAre("beta", "alpha", "gamma"));
  EXPECT_THAT(order({.order = {"beta"}}), ElementsAre("beta", "gamma", "alpha"));
  EXPECT_THAT(order({.order = {"beta", "alpha"}, .allow_fallbacks = false}), ElementsAre("beta"));
}

TEST_F(BackendPlanTest, LeavesOutWhatTheCallerDoesNotWantAndSaysWhy) {
  EXPECT_THAT(order({.only = {"alpha", "beta"}}), ElementsAre("alpha", "beta"));
  EXPECT_THAT(order({.ignore = {"gamma", "alpha"}}), ElementsAre("beta"));
  EXPECT_THAT(order({}, 60), ElementsAre("gamma")) << "the others are dearer than max_price";
  const auto made = plan({.ignore = {"alpha"}}, 60);
  ASSERT_TRUE(made);
  ASSERT_EQ(made->left_out.size(), 2U);
  EXPECT_EQ(made->left_out[0].provider, "alpha");
  EXPECT_EQ(made->left_out[0].reason, "among backend.ignore");
  EXPECT_EQ(made->left_out[1].reason, "may cost $0.0001, max_price is $0.00006");
  EXPECT_EQ(made->worst_price(), base::Money::from_micros(50));
}

TEST_F(BackendPlanTest, HoldsForTheDearestThatMayServe) {
  EXPECT_EQ(plan()->worst_price(), base::Money::from_micros(100));
  EXPECT_EQ(plan({.only = {"gamma"}})->worst_price(), base::Money::from_micros(50));
}

TEST_F(BackendPlanTest, RefusesNamesThatAreNoBackends) {
  for (const auto& preference : {BackendPreference{.order = {"delta"}}, BackendPreference{.only = {"delta"}},
                                 BackendPreference{.ignore = {"delta"}}}) {
    const auto made = plan(preference);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code(), base::ErrorCode::kInvalidRequest);
    EXPECT_EQ(made.error().message(), "\"delta\" is no backend of fake.say");
    EXPECT_THAT(std::string(made.error().hint()), HasSubstr("alpha, beta, gamma"));
  }
}

TEST_F(BackendPlanTest, RefusesWhenNoneIsLeft) {
  const auto ignored = plan({.ignore = {"alpha", "beta", "gamma"}});
  ASSERT_FALSE(ignored);
  EXPECT_EQ(ignored.error().code(), base::ErrorCode::kInvalidRequest);
  const auto dear = plan({}, 10);
  ASSERT_FALSE(dear);
  EXPECT_EQ(dear.error().code(), base::ErrorCode::kPriceTooHigh);
  EXPECT_THAT(dear.error().message(), HasSubstr("max_price is $0.00001"));
}

TEST(BackendPreference, IsReadFromTheWire) {
  const auto read = [](const char* text) { return read_backend_preference(*base::json::parse(text)); };
  const auto all = read(R"({"order":["a"],"only":["a","b"],"ignore":["c"],"sort":"latency","allow_fallbacks":false})");
  ASSERT_TRUE(all);
  EXPECT_THAT(all->order, ElementsAre("a"));
  EXPECT_THAT(all->only, ElementsAre("a", "b"));
  EXPECT_THAT(all->ignore, ElementsAre("c"));
  EXPECT_EQ(all->sort, Sort::kLatency);
  EXPECT_FALSE(all->allow_fallbacks);
  const auto none = read("{}");
  ASSERT_TRUE(none);
  EXPECT_THAT(none->order, IsEmpty());
  EXPECT_TRUE(none->allow_fallbacks);
  for (const auto& [text, words] : {std::pair{R"([])", "\"backend\""},
                                    {R"({"order":"a"})", "\"backend.order\""},
                                    {R"({"only":[1]})", "\"backend.only\""},
                                    {R"({"sort":"speed"})", "\"backend.sort\""},
                                    {R"({"sort":1})", "\"backend.sort\""},
                                    {R"({"allow_fallbacks":"no"})", "\"backend.allow_fallbacks\""},
                                    {R"({"weight":1})", "\"backend.weight\""}}) {
    const auto wrong = read(text);
    ASSERT_FALSE(wrong) << text;
    EXPECT_EQ(wrong.error().code(), base::ErrorCode::kInvalidRequest);
    EXPECT_THAT(wrong.error().message(), HasSubstr(words));
  }
}

}  // namespace
}  // namespace toolrack::call
