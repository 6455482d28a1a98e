/// Calls that wait for answers when their gateway is killed: the next one goes on with them, once.
#include <gmock/gmock.h>

#include "call_fixture.hpp"
#include "support/asking_skill.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;
using testing::at;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::parsed;

constexpr auto kAda = R"({"who":{"action":"accept","content":{"name":"Ada"}}})";
constexpr auto kBlue = R"({"colour":{"action":"accept","content":{"name":"blue"}}})";

class SuspendedRestartTest : public ::testing::Test {
 protected:
  SuspendedRestartTest() { restart(); }

  /// The process is killed in this moment, and another one started with what is in its store.
  void restart(base::Nanoseconds later = {}) {
    const auto skill = [this](std::string name) {
      return testing::FakeSkill{.name = std::move(name), .handler = asking_};
    };
    auto priced = skill("priced"), repeats = skill("repeats"), first = skill("first");
    priced.price = micros(3'000);
    repeats.idempotent = true;
    first.async = first.asks_first = true;
    testing::RackOptions options;
    if (rack_) options.left = &rack_->store;
    options.suspended_later = later;
    auto next = std::make_unique<testing::Rack>(
        std::vector{testing::make_tool("fake", {skill("asks"), priced, repeats, first})}, options);
    if (rack_) killed_.push_back(std::move(rack_));  // It does not know, but nobody sees any more what it does.
    rack_ = std::move(next);
  }

  ~SuspendedRestartTest() override {
    for (const auto& [rack, ticket] : left_) {
      boost::asio::post(rack->loops[0].context(), [rack, ticket] { rack->calls.cancel(rack->loops[0], ticket); });
      while (rack->calls.running() != 0) std::this_thread::yield();
    }
  }

  struct Want {
    std::string skill = "asks", input = R"({"ask":["form:who"]})", state = {}, answers = {};
    accounts::PrincipalRef principal = nullptr;
    JobUse job = JobUse::kNever;
  };
  std::shared_ptr<Started> start(const Want& want) {
    auto started = std::make_shared<Started>();
    std::promise<void> begun;
    boost::asio::post(rack_->loops[0].context(), [&] {
      const auto value = base::json::parse(want.input);
      const auto principal = want.principal ? want.principal : rack_->local;
      const auto answers = base::json::parse(want.answers.empty() ? "{}" : want.answers);
      const Asking asking{
          .kinds = registry::kCanAskForm, .method = "tools/call", .state = want.state, .answers = &*answers};
      CallRequest request;
      request.principal = &principal;
      request.tool = "fake";
      request.skill = want.skill;
      request.input_json = want.input;
      request.input = &*value;
      request.request_id = "request-with-an-id-that-is-too-long-to-stay-inside-the-string";
      request.transport = "rest";
      request.asking = &asking;
      request.job = want.job;
      started->ticket = rack_->calls.start(rack_->loops[0], request, *started);
      begun.set_value();
    });
    begun.get_future().wait();
    return started;
  }
  /// One that has its answers, and runs until the test is over.
  void leave_running(const Want& want) {
    const auto runs = asking_->held.value();
    left_.emplace_back(rack_.get(), (sinks_.emplace_back(start(want)))->ticket);
    EXPECT_TRUE(asking_->held.wait_for(runs + 1));
  }
  Ended run(const Want& want) { return start(want)->wait(); }
  Ended answer(Want want, const Ended& asked, std::string answers = kAda) {
    want.state = asked.state;
    want.answers = std::move(answers);
    return run(want);
  }
  /// All that is kept of suspended calls.
  std::vector<std::string> documents(std::string_view collection) {
    std::vector<std::string> all;
    const auto snapshot = rack_->store.snapshot();
    EXPECT_TRUE((*snapshot)->scan(collection, "", "", store::Snapshot::Order::kForward,
                                  [&](std::string_view, const store::Document& document) {
                                    all.push_back(document.json);
                                    return true;
                                  }));
    return all;
  }
  /// What is left to be deleted is, once another commit is through.
  std::size_t kept() {
    EXPECT_TRUE(rack_->store.commit({store::Put{.collection = "test", .key = "through", .json = "1"}}));
    const auto heads = documents("suspended_calls").size();
    EXPECT_EQ(heads == 0, documents("suspended_records").empty());
    return heads;
  }

  std::shared_ptr<testing::AskingSkill> asking_ = std::make_shared<testing::AskingSkill>();
  std::vector<std::shared_ptr<Started>> sinks_;
  std::vector<std::pair<testing::Rack*, std::uint64_t>> left_;
  std::vector<std::unique_ptr<testing::Rack>> killed_;
  std::unique_ptr<testing::Rack> rack_;
};

TEST_F(SuspendedRestartTest, GoesOnWhereItWasAndIsForgottenWithItsEnd) {
  const auto asked = run({});
  EXPECT_EQ(kept(), 1u);
  restart();
  EXPECT_EQ(rack_->suspended.count(), 1u);
  const auto ended = answer({}, asked);
  ASSERT_TRUE(ended.ok) << ended.message;
  EXPECT_EQ(at(parsed(ended.output), "/run"), "1");
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(at(parsed(ended.output), "/step"), "found of run 0") << "done once, whatever process it was in";
  EXPECT_EQ(kept(), 0u);
}

TEST_F(SuspendedRestartTest, GoesOnThroughRoundsWithARestartBeforeEach) {
  const Want want{.input = R"({"ask":["form:who","form:colour"]})"};
  const auto first = run(want);
  restart();
  const auto second = answer(want, first);
  EXPECT_THAT(second.asked, ElementsAre("colour"));
  EXPECT_EQ(kept(), 1u) << "the second state has taken the place of the first";
  restart();
  const auto ended = answer(want, second, kBlue);
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), R"({"name":"Ada"})");
  EXPECT_EQ(at(parsed(ended.output), "/said/1"), R"({"name":"blue"})");
  EXPECT_EQ(at(parsed(ended.output), "/run"), "2");
}

TEST_F(SuspendedRestartTest, KeepsAnswersThatAreNotYetAll) {
  const Want want{.input = R"({"ask":["form:who","form:colour"],"together":true})"};
  const auto first = run(want);
  const auto second = answer(want, first);
  EXPECT_THAT(second.asked, ElementsAre("colour"));
  restart();
  EXPECT_EQ(answer(want, first).error, "invalid_request_state") << "replaced by the second";
  const auto ended = answer(want, second, kBlue);
  EXPECT_EQ(at(parsed(ended.output), "/said/0"), R"({"name":"Ada"})");
}

TEST_F(SuspendedRestartTest, RunsAStateOnceThoughManyBringItAtOnce) {
  const Want hold{.input = R"({"ask":["form:who"],"hold":true})"};
  const auto asked = run(hold);
  restart();
  auto want = hold;
  want.state = asked.state;
  want.answers = kAda;
  const auto one = start(want);
  ASSERT_TRUE(asking_->held.wait_for(1));
  const auto other = run(want);
  EXPECT_EQ(other.error, "invalid_request_state");
  EXPECT_THAT(other.message, HasSubstr("is being used"));
  EXPECT_FALSE(one->is_done());
  EXPECT_EQ(asking_->invoked.value(), 2);
  boost::asio::post(rack_->loops[0].context(), [&] { rack_->calls.cancel(rack_->loops[0], one->ticket); });
  EXPECT_EQ(one->wait().error, "cancelled");
  EXPECT_THAT(run(want).message, HasSubstr("was used already"));
  EXPECT_EQ(kept(), 0u);
}

TEST_F(SuspendedRestartTest, DoesNotRunAgainWhatMayHaveActed) {
  Want hold{.input = R"({"ask":["form:who"],"hold":true})"};
  hold.state = run(hold).state;
  hold.answers = kAda;
  leave_running(hold);
  restart();
  const auto again = run(hold);
  EXPECT_EQ(again.error, "invalid_request_state");
  EXPECT_THAT(again.message, HasSubstr("whether the skill has acted since its question is unknown"));
  EXPECT_THAT(again.hint, HasSubstr("See whether it has acted"));
  EXPECT_EQ(asking_->invoked.value(), 2);
}

TEST_F(SuspendedRestartTest, RunsAgainWhatMayBeRepeated) {
  Want hold{.skill = "repeats", .input = R"({"ask":["form:who"],"hold":true})"};
  hold.state = run(hold).state;
  hold.answers = kAda;
  leave_running(hold);
  restart();
  leave_running(hold);  // It gets to where the run was that was killed.
}

TEST_F(SuspendedRestartTest, IsNobodyElsesAndOfNoOtherCall) {
  const auto asked = run({});
  restart();
  const auto stranger = std::make_shared<accounts::Principal>(accounts::Principal{
      .account = "acc_one", .key_id = "k1", .scopes = accounts::Scopes::standard(), .limits = nullptr});
  EXPECT_THAT(answer({.principal = stranger}, asked).message, HasSubstr("belongs to another caller"));
  EXPECT_THAT(answer({.input = R"({"ask":["form:whom"]})"}, asked).message, HasSubstr("other arguments"));
  EXPECT_THAT(answer({.skill = "repeats"}, asked).message, HasSubstr("other arguments"));
  auto changed = asked;
  changed.state[30] = changed.state[30] == 'A' ? 'B' : 'A';
  EXPECT_THAT(answer({}, changed).message, HasSubstr("is not one that was given out here"));
  EXPECT_TRUE(answer({}, asked).ok) << "nothing of that has used it up";
}

TEST_F(SuspendedRestartTest, IsGoodForAQuarterOfAnHourWhateverHappens) {
  const auto asked = run({});
  const auto late = run({});
  restart(14min);
  EXPECT_TRUE(answer({}, asked).ok);
  restart(15min + 20s);
  EXPECT_EQ(kept(), 0u) << "forgotten at the start";
  const auto refused = answer({}, late);
  EXPECT_EQ(refused.error, "invalid_request_state");
  EXPECT_THAT(refused.message, HasSubstr(late.state.substr(0, 12) + "…\" has expired 20 seconds ago"));
  EXPECT_THAT(refused.hint, HasSubstr("Make the same call without state"));
}

TEST_F(SuspendedRestartTest, IsForgottenOnDiskWhenItHasExpired) {
  run({});
  rack_->suspended_clock.advance(15min);
  rack_->suspended.sweep();
  EXPECT_EQ(kept(), 0u);
}

TEST_F(SuspendedRestartTest, KeepsAsManyOfAnAccountOnDiskAsInMemory) {
  for (std::size_t i = 0; i < SuspendedCalls::kMostOfAccount + 3; ++i) run({});
  EXPECT_EQ(kept(), SuspendedCalls::kMostOfAccount);
  restart();
  EXPECT_EQ(rack_->suspended.count(), SuspendedCalls::kMostOfAccount);
  run({});
  EXPECT_EQ(kept(), SuspendedCalls::kMostOfAccount) << "those of the process before count, too";
}

TEST_F(SuspendedRestartTest, StaysGoodInMemoryWhileTheDiskTakesNothing) {
  rack_->store.set_failing_for("suspended_calls");
  const auto asked = run({});
  const auto lost = run({});
  EXPECT_TRUE(answer({}, asked).ok);
  rack_->store.set_failing_for("");
  restart();
  EXPECT_THAT(answer({}, lost).message, HasSubstr("was used already"));
}

TEST_F(SuspendedRestartTest, RunsNothingThatItCannotNoteAndKeepsTheStateGood) {
  const auto asked = run({}), repeats = run({.skill = "repeats"});
  rack_->store.set_failing_for("suspended_calls");
  EXPECT_EQ(answer({}, asked).error, "store_failed");
  EXPECT_EQ(asking_->invoked.value(), 2);
  EXPECT_TRUE(answer({.skill = "repeats"}, repeats).ok) << "there is nothing to note";
  rack_->store.set_failing_for("");
  EXPECT_TRUE(answer({}, asked).ok);
}

TEST_F(SuspendedRestartTest, WritesNothingOfCallsThatDoNotAsk) {
  EXPECT_TRUE(run({.input = "{}"}).ok);
  EXPECT_TRUE(run({.skill = "priced", .input = "{}"}).ok);
  EXPECT_EQ(kept(), 0u);
  const auto snapshot = rack_->store.snapshot();
  EXPECT_FALSE(*(*snapshot)->get("suspended_calls", "never"));
}

TEST_F(SuspendedRestartTest, LeavesNothingReadableOnDisk) {
  const Want want{.input = R"({"ask":["form:who","form:colour"]})"};
  ASSERT_FALSE(answer(want, run(want)).state.empty());
  for (const auto* collection : {"suspended_calls", "suspended_records"})
    for (const auto& text : documents(collection))
      for (const auto* secret : {"Ada", "colour", "Please"}) EXPECT_THAT(text, Not(HasSubstr(secret))) << collection;
}

TEST_F(SuspendedRestartTest, IsChargedOnceForAllItsRuns) {
  const auto asked = run({.skill = "priced"});
  restart();
  const auto ended = answer({.skill = "priced"}, asked);
  EXPECT_EQ(ended.cost, micros(3'150));
  restart();
  EXPECT_EQ(answer({.skill = "priced"}, asked).error, "invalid_request_state");
  const auto rows = rack_->usage.summary("local", accounts::Period::kAll);
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(rows->at(0).cost, micros(3'150));
}

}  // namespace
}  // namespace toolrack::call
