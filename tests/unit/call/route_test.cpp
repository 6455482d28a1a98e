/// Several backends: which one serves, when another one takes over, and when none may.
#include <gmock/gmock.h>

#include <map>

#include "call_fixture.hpp"

namespace toolrack::call {
namespace {

using base::ErrorCode;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::parsed;

/// Answers as the test said for the backend; by turns of the loop where `is_late`.
class BackedSkill final : public registry::Handler {
 public:
  using Answer = std::function<registry::Outcome()>;
  explicit BackedSkill(bool is_late = false) : is_late_(is_late) {}

  void on(const std::string& provider, Answer answer) { answers_[provider] = std::move(answer); }
  void fail(const std::string& provider, ErrorCode code, std::function<void(registry::Outcome&)> change = {}) {
    on(provider, [=] {
      auto outcome = testing::failure({code, provider + " failed"});
      if (change) change(outcome);
      return outcome;
    });
  }

  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    const std::string provider(invocation.backend->provider);
    asked.push_back(provider + (invocation.backend->last ? " last" : "") + " " + std::to_string(invocation.attempt));
    if (partial_from == provider) static_cast<void>(completion.partial({.text = "so far"}));
    const auto found = answers_.find(provider);
    const auto answer = found != answers_.end()
                            ? found->second
                            : Answer([provider] { return testing::success(R"({"by":")" + provider + "\"}"); });
    if (!is_late_) {
      completion.complete(answer());
      return 0;
    }
    boost::asio::post(invocation.loop->context(), [&completion, answer] { completion.complete(answer()); });
    return 1;
  }
  void cancel(std::uint64_t) override {}

  std::vector<std::string> asked;  ///< Of the loop; read when the call has ended.
  std::string partial_from;

 private:
  const bool is_late_;
  std::map<std::string, Answer> answers_;
};

/// The test's parameter: does the handler answer inside `invoke`, or later?
class RouteTest : public CallTest, public ::testing::WithParamInterface<bool> {
 protected:
  RouteTest() {
    serve({{.name = "read", .handler = skill_, .providers = {"alpha", "beta", "gamma"}, .read_only = true},
           {.name = "act", .handler = skill_, .providers = {"alpha", "beta"}},
           {.name = "sell", .handler = skill_, .providers = {"alpha:2000", "beta:8000"}, .read_only = true},
           {.name = "echo", .handler = echo_},
           {.name = "hang",
            .handler = waiting_,
            .timeout = std::chrono::milliseconds(100),
            .providers = {"alpha", "beta"},
            .read_only = true},
           {.name = "hang_long", .handler = waiting_, .providers = {"alpha", "beta"}, .read_only = true}});
  }
  ~RouteTest() override { waiting_->release(); }
  /// With alpha first, then beta, however long they took lately: a slow machine must not change the order.
  Ended run_alpha_first(std::string skill, std::int64_t timeout_ms = 0) {
    return run({.skill = std::move(skill),
                .timeout_ms = timeout_ms,
                .backend = std::make_shared<const BackendPreference>(BackendPreference{.order = {"alpha", "beta"}})});
  }
  void open_breaker(std::string_view provider) {
    for (int i = 0; i < 4; ++i) rack_.providers.of(provider).note_failure(rack_.providers.now_ns());
  }
  std::shared_ptr<BackedSkill> skill_ = std::make_shared<BackedSkill>(GetParam());
  std::shared_ptr<testing::WaitingSkill> waiting_ = std::make_shared<testing::WaitingSkill>();
};

INSTANTIATE_TEST_SUITE_P(Handlers, RouteTest, ::testing::Bool(),
                         [](const auto& is_late) { return is_late.param ? "AnswerLater" : "AnswerAtOnce"; });

TEST_P(RouteTest, AsksTheFirstAndNamesIt) {
  const auto ended = run({.skill = "read"});
  EXPECT_EQ(ended.output, R"({"by":"alpha"})");
  EXPECT_EQ(ended.backend, "alpha");
  EXPECT_THAT(skill_->asked, ElementsAre("alpha 0"));
  EXPECT_FALSE(parsed(ended.reply).HasMember("tried"));
  EXPECT_EQ(rack_.providers.figures("alpha").answered, 1U);
}

TEST_P(RouteTest, TakesTheNextWhenOneFails) {
  skill_->fail("alpha", ErrorCode::kProviderUnavailable);
  skill_->fail("beta", ErrorCode::kProviderError);
  const auto ended = run({.skill = "read"});
  EXPECT_EQ(ended.output, R"({"by":"gamma"})");
  EXPECT_EQ(ended.backend, "gamma");
  EXPECT_THAT(skill_->asked, ElementsAre("alpha 0", "beta 1", "gamma last 2"));
  const auto reply = parsed(ended.reply);
  EXPECT_EQ(at(reply, "/tried/0/backend"), "alpha");
  EXPECT_EQ(at(reply, "/tried/0/error"), "provider_unavailable");
  EXPECT_EQ(at(reply, "/tried/1/error"), "provider_error");
  EXPECT_EQ(rack_.providers.figures("alpha").failed, 1U);
  EXPECT_EQ(recorded_calls(), 1U) << "one call, however many attempts";
}

TEST_P(RouteTest, TellsTheLastFailureWhenAllFail) {
  for (const auto* provider : {"alpha", "beta", "gamma"}) skill_->fail(provider, ErrorCode::kProviderUnavailable);
  const auto ended = run({.skill = "read"});
  EXPECT_EQ(ended.error, "provider_unavailable");
  EXPECT_EQ(ended.message, "gamma failed");
  EXPECT_EQ(parsed(ended.reply)["tried"].Size(), 3U);
}

TEST_P(RouteTest, TriesNoOtherWhenTheSkillSaysNo) {
  for (const auto code : {ErrorCode::kToolError, ErrorCode::kInvalidInput, ErrorCode::kInternal}) {
    skill_->asked.clear();
    skill_->fail("alpha", code);
    EXPECT_FALSE(run_alpha_first("read").ok);
    EXPECT_EQ(skill_->asked.size(), 1U);
  }
  EXPECT_EQ(rack_.providers.figures("alpha").failed, 0U) << "a no is an answer";
}

TEST_P(RouteTest, NeverTriesAnotherWhereTheFirstMayHaveActed) {
  for (const auto code : {ErrorCode::kProviderError, ErrorCode::kProviderUnavailable, ErrorCode::kTimeout}) {
    skill_->asked.clear();
    skill_->fail("alpha", code);
    EXPECT_FALSE(run_alpha_first("act").ok);
    EXPECT_THAT(skill_->asked, ElementsAre("alpha 0"));
  }
}

TEST_P(RouteTest, TriesAnotherWhereNothingHasReachedTheFirst) {
  skill_->fail("alpha", ErrorCode::kProviderUnavailable, [](auto& outcome) { outcome.untouched = true; });
  EXPECT_EQ(run_alpha_first("act").output, R"({"by":"beta"})");
}

TEST_P(RouteTest, DoesAsTheSkillSays) {
  skill_->fail("alpha", ErrorCode::kToolError, [](auto& outcome) { outcome.try_next = true; });
  EXPECT_EQ(run_alpha_first("act").output, R"({"by":"beta"})");
  skill_->fail("alpha", ErrorCode::kProviderUnavailable, [](auto& outcome) { outcome.is_final = true; });
  EXPECT_EQ(run_alpha_first("read").message, "alpha failed");
}

TEST_P(RouteTest, TriesNoOtherAfterTheCallerHasSeenAPart) {
  skill_->partial_from = "alpha";
  skill_->fail("alpha", ErrorCode::kProviderUnavailable);
  EXPECT_EQ(run({.skill = "read"}).message, "alpha failed");
}

TEST_P(RouteTest, DoesAsTheCallerSays) {
  const auto ask = [&](BackendPreference preference) {
    return run({.skill = "read", .backend = std::make_shared<const BackendPreference>(std::move(preference))});
  };
  EXPECT_EQ(ask({.order = {"gamma"}}).backend, "gamma");
  EXPECT_EQ(ask({.ignore = {"alpha"}}).backend, "beta");
  EXPECT_EQ(ask({.only = {"delta"}}).error, "invalid_request");
  skill_->fail("alpha", ErrorCode::kProviderUnavailable);
  EXPECT_EQ(ask({.allow_fallbacks = false}).message, "alpha failed");
  const auto none = run(
      {.skill = "echo", .backend = std::make_shared<const BackendPreference>(BackendPreference{.only = {"alpha"}})});
  EXPECT_EQ(none.error, "invalid_request");
  EXPECT_THAT(none.message, HasSubstr("fake.echo has no backends"));
}

TEST_P(RouteTest, ChargesThePriceOfTheBackendThatServed) {
  skill_->fail("alpha", ErrorCode::kProviderUnavailable);
  const auto ended = run({.skill = "sell"});
  EXPECT_EQ(ended.backend, "beta");
  EXPECT_EQ(ended.raw_cost, micros(8'000));
  EXPECT_EQ(ended.cost, micros(8'400));
  const auto cheap = run({.skill = "sell", .max_price = micros(3'000)});
  EXPECT_EQ(cheap.message, "alpha failed") << "beta is dearer than the caller allows";
  EXPECT_EQ(cheap.cost, micros(0));
}

TEST_P(RouteTest, PassesOverAProviderThatIsGivenAPause) {
  open_breaker("alpha");
  const auto ended = run({.skill = "act"});
  EXPECT_EQ(ended.output, R"({"by":"beta"})") << "it was not asked, so it cannot have acted";
  open_breaker("beta");
  const auto refused = run({.skill = "act"});
  EXPECT_EQ(refused.error, "provider_unavailable");
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.message, HasSubstr("is given a pause"));
  EXPECT_EQ(skill_->asked.size(), 1U);
}

TEST_P(RouteTest, GivesAProviderAPauseThatFailsAgainAndAgain) {
  skill_->fail("alpha", ErrorCode::kProviderUnavailable);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(run_alpha_first("read").ok);
  EXPECT_EQ(skill_->asked.size(), 8U) << "whoever is wanted is asked, though it has failed";
  skill_->asked.clear();
  EXPECT_TRUE(run_alpha_first("read").ok);
  EXPECT_THAT(skill_->asked, ElementsAre("beta 0"));
}

TEST_P(RouteTest, ExplainsWithLiveFiguresAndAsksNobody) {
  open_breaker("beta");
  const auto ended = run({.skill = "sell", .dry_run = true});
  ASSERT_TRUE(ended.ok) << ended.message;
  EXPECT_TRUE(skill_->asked.empty());
  const auto explanation = parsed(ended.explanation);
  EXPECT_EQ(at(explanation, "/backend"), "alpha");
  EXPECT_EQ(at(explanation, "/backends/0/provider"), "alpha");
  EXPECT_EQ(at(explanation, "/backends/1/breaker"), "open");
  EXPECT_EQ(explanation["worst_price"].GetDouble(), 0.0084);
  const auto cheap = parsed(run({.skill = "sell", .dry_run = true, .max_price = micros(3'000)}).explanation);
  EXPECT_EQ(at(cheap, "/left_out/0/provider"), "beta");
}

TEST_P(RouteTest, LeavesTheNextBackendTimeWhenOneHangs) {
  // Both hang: the first is given up before the call's deadline, the second at it.
  Ended ended;
  int asked = 0;
  for (std::int64_t timeout_ms = 100; asked < 2; timeout_ms *= 2) {
    ASSERT_LT(timeout_ms, 30'000);
    const auto before = waiting_->invoked.value();
    ended = run_alpha_first("hang_long", timeout_ms);
    EXPECT_EQ(ended.error, "timeout");
    asked = waiting_->invoked.value() - before;  // A busy machine may be late for what is left to the second.
  }
  const auto tried = parsed(ended.reply);
  EXPECT_THAT(std::string(at(tried, "/tried/0/message")), HasSubstr("share of the call's time"));
}

TEST_P(RouteTest, DoesNotBlameAProviderForWhatItRefuses) {
  skill_->fail("alpha", ErrorCode::kProviderError);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(run_alpha_first("act").message, "alpha failed");
  EXPECT_EQ(rack_.providers.figures("alpha").failed, 0U);
}

TEST_P(RouteTest, DoesNotBlameAProviderForTheCallersHaste) {
  EXPECT_EQ(run_alpha_first("hang", 10).error, "timeout");
  EXPECT_EQ(rack_.providers.figures("alpha").failed, 0U);
  EXPECT_EQ(run_alpha_first("hang").error, "timeout");
  EXPECT_EQ(rack_.providers.figures("alpha").failed, 1U);
}

}  // namespace
}  // namespace toolrack::call
