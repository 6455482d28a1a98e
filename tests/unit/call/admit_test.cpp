/// Who may run what: scopes, confirmation, prices, limits, dry runs, input and output schemas.
#include "call_fixture.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;
using accounts::Scope;
using testing::at;
using testing::parsed;

registry::ClassLimit twice_an_hour(registry::ClassLimit::Scope scope) {
  return {.scope = scope, .count = 2, .window = 1h, .name = "rare"};
}

class AdmitTest : public CallTest {
 protected:
  AdmitTest() {
    serve({{.name = "echo",
            .handler = echo_,
            .input = R"({"type":"object","properties":{"n":{"type":"integer","minimum":1},"s":{"type":"string"}}})"},
           {.name = "priced", .handler = echo_, .price = micros(3'000), .providers = {"acme"}},
           {.name = "careful", .handler = echo_, .confirm = true},
           {.name = "rare", .handler = echo_, .limits = {twice_an_hour(registry::ClassLimit::Scope::kAccount)}},
           {.name = "rarer", .handler = echo_, .limits = {twice_an_hour(registry::ClassLimit::Scope::kRack)}},
           {.name = "liar", .handler = echo_, .output = R"({"type":"object","required":["n"]})"},
           {.name = "garbage",
            .handler = std::make_shared<testing::InstantSkill>("not json"),
            .output = R"({"type":"object"})"},
           {.name = "waiting", .handler = waiting_}});
  }
  ~AdmitTest() override { waiting_->release(); }
  accounts::PrincipalRef with_scopes(accounts::Scopes scopes, bool anonymous = false) {
    return std::make_shared<accounts::Principal>(accounts::Principal{
        .account = "acc_one", .key_id = "k", .scopes = scopes, .anonymous = anonymous, .limits = nullptr});
  }
  accounts::PrincipalRef account(std::string name) {
    return std::make_shared<accounts::Principal>(accounts::Principal{
        .account = std::move(name), .key_id = "k", .scopes = accounts::Scopes::standard(), .limits = nullptr});
  }
  std::shared_ptr<testing::WaitingSkill> waiting_ = std::make_shared<testing::WaitingSkill>();
};

TEST_F(AdmitTest, TellsEveryViolationOfTheInput) {
  const auto ended = run({.input = R"({"n":0,"s":5})"});
  EXPECT_EQ(ended.error, "invalid_input");
  const auto details = parsed(ended.details);
  ASSERT_EQ(details.Size(), 2u);
  EXPECT_EQ(at(details, "/0/pointer"), "/n");
  EXPECT_EQ(at(details, "/1/pointer"), "/s");
  EXPECT_EQ(echo_->invoked.value(), 0);
  EXPECT_EQ(recorded_calls(), 0u) << "whoever is refused does not fill the store";
}

TEST_F(AdmitTest, WantsTheScope) {
  EXPECT_EQ(run({.principal = with_scopes({Scope::kToolsRead})}).error, "insufficient_scope");
  EXPECT_EQ(run({.principal = with_scopes({Scope::kToolsRead}, true)}).error, "auth_required");
  EXPECT_TRUE(run({.principal = with_scopes({Scope::kToolsCall})}).ok);
  EXPECT_EQ(echo_->invoked.value(), 1);
}

TEST_F(AdmitTest, WantsAConfirmationWhereTheSkillDoes) {
  EXPECT_EQ(run({.skill = "careful"}).error, "confirmation_required");
  EXPECT_TRUE(run({.skill = "careful", .confirmed = true}).ok);
}

TEST_F(AdmitTest, RefusesACallThatMayCostMoreThanTheCallerAllows) {
  const auto refused = run({.skill = "priced", .max_price = micros(3'149)});
  EXPECT_EQ(refused.error, "price_too_high");
  EXPECT_EQ(refused.status, 402);
  EXPECT_EQ(refused.cost, micros(0)) << "nothing was charged";
  EXPECT_NE(refused.message.find("0.00315"), std::string::npos);
  EXPECT_EQ(echo_->invoked.value(), 0);
  EXPECT_TRUE(run({.skill = "priced", .max_price = micros(3'150)}).ok);
}

TEST_F(AdmitTest, ExplainsADryRunWithoutRunning) {
  const auto key = limited({.per_minute = 10, .per_hour = 0, .concurrent = 0});
  const auto ended = run({.skill = "priced", .dry_run = true, .principal = key});
  EXPECT_TRUE(ended.ok);
  EXPECT_EQ(echo_->invoked.value(), 0);
  const auto explanation = parsed(ended.explanation);
  EXPECT_EQ(at(explanation, "/would_run"), "true");
  EXPECT_EQ(at(explanation, "/worst_price"), "0.00315");
  EXPECT_EQ(at(explanation, "/backend"), "acme");
  EXPECT_EQ(at(explanation, "/limit/remaining"), "10");
  EXPECT_EQ(ended.cost, micros(0));
  EXPECT_EQ(recorded_calls("acc_one"), 0u);
  EXPECT_EQ(at(parsed(run({.skill = "careful", .dry_run = true}).explanation), "/would_run"), "false");
}

TEST_F(AdmitTest, TakesNothingFromClassLimitsInADryRun) {
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(run({.skill = "rare", .dry_run = true}).ok);
  EXPECT_TRUE(run({.skill = "rare"}).ok);
}

TEST_F(AdmitTest, HoldsAKeyToItsWindows) {
  const auto key = limited({.per_minute = 2, .per_hour = 0, .concurrent = 0});
  EXPECT_EQ(run({.principal = key}).limit->remaining, 1u);
  EXPECT_TRUE(run({.principal = key}).ok);
  const auto refused = run({.principal = key});
  EXPECT_EQ(refused.error, "rate_limited");
  EXPECT_EQ(refused.limit->remaining, 0u);
  EXPECT_EQ(echo_->invoked.value(), 2);
}

TEST_F(AdmitTest, HoldsAKeyToItsCallsAtOnceAndFreesThePlaceAfterwards) {
  const auto key = limited({.per_minute = 0, .per_hour = 0, .concurrent = 1});
  const auto first = start({.skill = "waiting", .principal = key});
  EXPECT_EQ(run({.principal = key}).error, "too_many_concurrent");
  waiting_->release();
  EXPECT_TRUE(first->wait().ok);
  EXPECT_TRUE(becomes_idle());
  EXPECT_TRUE(run({.principal = key}).ok);
  EXPECT_TRUE(run({.principal = key}).ok) << "also after a call that ended inside start";
  EXPECT_EQ(run({.skill = "careful", .principal = key}).error, "confirmation_required");
  EXPECT_EQ(run({.skill = "liar", .principal = key}).error, "invalid_output");
  EXPECT_TRUE(run({.principal = key}).ok) << "refusals and failures free it too";
}

TEST_F(AdmitTest, HasFreedThePlaceWhenTheCallerHasItsAnswer) {
  const auto key = limited({.per_minute = 0, .per_hour = 0, .concurrent = 1});
  /// Whoever hears the answer makes the next call from wherever they are.
  class Eager final : public CallSink {
   public:
    explicit Eager(accounts::KeyLimits& limits) : limits_(limits) {}
    void done(CallOutcome& outcome) noexcept override {
      EXPECT_TRUE(outcome.ok());
      if (limits_.enter(1)) {
        has_entered = true;
        limits_.leave();
      }
      heard.add();
    }
    testing::Count heard;
    bool has_entered = false;

   private:
    accounts::KeyLimits& limits_;
  };
  for (const auto* skill : {"echo", "waiting"}) {
    Eager eager(*key->limits);
    on_loop([&] {
      const auto input = base::json::parse("{}");
      CallRequest request;
      request.principal = &key;
      request.tool = "fake";
      request.skill = skill;
      request.input_json = "{}";
      request.input = &*input;
      rack_.calls.start(rack_.loops[0], request, eager);
    });
    waiting_->release();
    ASSERT_TRUE(eager.heard.wait_for(1));
    EXPECT_TRUE(eager.has_entered) << skill;
  }
}

TEST_F(AdmitTest, HoldsAnAccountToAClassLimit) {
  EXPECT_TRUE(run({.skill = "rare"}).ok);
  EXPECT_TRUE(run({.skill = "rare"}).ok);
  const auto refused = run({.skill = "rare"});
  EXPECT_EQ(refused.error, "rate_limited");
  EXPECT_EQ(refused.status, 429);
  EXPECT_TRUE(run({.skill = "rare", .principal = account("acc_two")}).ok) << "each account has its own";
  EXPECT_EQ(echo_->invoked.value(), 3);
}

TEST_F(AdmitTest, HoldsTheWholeRackToAClassLimit) {
  EXPECT_TRUE(run({.skill = "rarer", .principal = account("acc_one")}).ok);
  EXPECT_TRUE(run({.skill = "rarer", .principal = account("acc_two")}).ok);
  EXPECT_EQ(run({.skill = "rarer", .principal = account("acc_three")}).error, "rate_limited");
}

TEST_F(AdmitTest, KeepsTheInputWhileAClassLimitIsAsked) {
  const auto input = R"({"text":")" + std::string(300, 'x') + R"("})";
  EXPECT_EQ(run({.skill = "rare", .input = input}).output, input);
}

TEST_F(AdmitTest, RefusesOutputThatBreaksItsSchema) {
  const auto ended = run({.skill = "liar", .input = R"({"m":1})"});
  EXPECT_EQ(ended.error, "invalid_output");
  EXPECT_EQ(ended.output, "") << "what broke the promise is not passed on";
  EXPECT_EQ(at(parsed(ended.details), "/0/keyword"), "required");
  EXPECT_TRUE(run({.skill = "liar", .input = R"({"n":1})"}).ok) << "the control";
}

TEST_F(AdmitTest, RefusesOutputThatIsNoJson) { EXPECT_EQ(run({.skill = "garbage"}).error, "invalid_output"); }

TEST_F(AdmitTest, CanBeCancelledWhileAClassLimitIsAsked) {
  // Every thread of the pool is busy, so that the store is asked after the cancel.
  std::promise<void> goes_on;
  const auto held = goes_on.get_future().share();
  testing::Count busy;
  for (int i = 0; i < 4; ++i)
    rack_.pool.post([&busy, held] {
      busy.add();
      held.wait();
    });
  ASSERT_TRUE(busy.wait_for(4));
  const auto started = start({.skill = "rare"});
  ASSERT_NE(started->ticket, 0u);
  cancel(*started);
  goes_on.set_value();
  EXPECT_EQ(started->wait().error, "cancelled");
  EXPECT_EQ(echo_->invoked.value(), 0);
}

}  // namespace
}  // namespace toolrack::call
