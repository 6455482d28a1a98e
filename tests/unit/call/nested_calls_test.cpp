/// Calls that skills make: what they may, what they cost, and how they end.
#include <gmock/gmock.h>

#include "composing_skill.hpp"

namespace toolrack::call {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using testing::at;
using ::testing::HasSubstr;
using testing::parsed;

/// A call that `composes` makes.
std::string one(std::string_view skill, std::string_view more = "") {
  return fmt::format(R"({{"skill":"{}"{}}})", skill, more);
}
std::string calls(std::string_view list, std::string_view more = "") {
  return fmt::format(R"({{"calls":[{}]{}}})", list, more);
}
/// `composes` (or another skill of the same kind) that makes one call, which makes that call.
std::string through(std::string_view skill, std::string_view input, std::string_view more = "") {
  return calls(one(skill, fmt::format(R"(,"input":{}{})", input, more)));
}

class NestedCallsTest : public CallTest {
 protected:
  NestedCallsTest() {
    const auto skill = [this](std::string name, base::Money price = {}) {
      return testing::FakeSkill{.name = std::move(name), .handler = composing_, .price = price};
    };
    auto strict = skill("strict");
    strict.confirm = true;
    rack_.publish(
        {testing::make_tool(
             "fake",
             {{.name = "echo", .handler = echo_},
              {.name = "priced", .handler = echo_, .price = micros(3'000)},
              {.name = "metered", .handler = metered_, .price = micros(3'000)},
              {.name = "picky",
               .handler = echo_,
               .input = R"({"type":"object","required":["n"],"properties":{"n":{"type":"integer"}}})"},
              {.name = "fails", .handler = fails_, .price = micros(3'000)},
              {.name = "waits", .handler = waiting_},
              {.name = "stubborn", .handler = stubborn_},
              {.name = "careful", .handler = echo_, .confirm = true},
              {.name = "reads", .handler = echo_, .read_only = true},
              {.name = "kept", .handler = echo_, .read_only = true, .cache_ttl = 60s},
              {.name = "rare",
               .handler = echo_,
               .limits = {{.scope = registry::ClassLimit::Scope::kAccount, .count = 1, .window = 1h, .name = "rare"}}},
              {.name = "choice", .handler = says_backend_, .providers = {"gold:9000", "tin:2000"}}}),
         testing::make_tool("outer",
                            {skill("composes"), skill("priced", micros(1'000)), skill("a"), skill("b"), skill("c"),
                             skill("d"), skill("e"), skill("f"), strict},
                            "1.0.0", {"*"}),
         testing::make_tool("narrow", {skill("composes")}, "1.0.0", {"fake.echo", "outer.*"}),
         testing::make_tool("bare", {skill("composes")}),
         testing::make_tool("placed", {skill("composes")}, "1.0.0", {"*"}, 1),
         testing::make_tool("looks", {{.name = "up", .handler = looks_}}, "1.0.0", {"*"})});
  }
  ~NestedCallsTest() override { stubborn_->release(); }

  Ended compose(const std::string& input, Ask ask = {}) {
    ask.tool = ask.tool == "fake" ? "outer" : ask.tool;
    ask.skill = ask.skill == "echo" ? "composes" : ask.skill;
    ask.input = input;
    return run(ask);
  }
  std::shared_ptr<Started> start_composing(const std::string& input) {
    return start({.skill = "composes", .input = input, .tool = "outer"});
  }
  /// The error's name and message of the first call that the skill made.
  static std::string first(const Ended& ended) {
    const auto output = parsed(ended.output);
    return at(output, "/replies/0/error") + ": " + at(output, "/replies/0/message");
  }

  std::shared_ptr<ComposingSkill> composing_ = std::make_shared<ComposingSkill>();
  std::shared_ptr<testing::WaitingSkill> waiting_ = std::make_shared<testing::WaitingSkill>();
  std::shared_ptr<testing::WaitingSkill> stubborn_ = std::make_shared<testing::WaitingSkill>(true);
  std::shared_ptr<testing::InstantSkill> fails_ =
      std::make_shared<testing::InstantSkill>(base::Error(base::ErrorCode::kToolError, "no such luck"));
  std::shared_ptr<testing::InstantSkill> metered_ = std::make_shared<testing::InstantSkill>([](const auto&) {
    auto outcome = testing::success("{}");
    outcome.raw_cost = micros(1'000);
    return outcome;
  });
  std::shared_ptr<testing::InstantSkill> says_backend_ = std::make_shared<testing::InstantSkill>(
      [](const auto& invocation) { return testing::success(base::json::quote(invocation.backend->provider)); });
  /// Where the call stands, as sources see it.
  std::shared_ptr<testing::InstantSkill> looks_ = std::make_shared<testing::InstantSkill>([](const auto& invocation) {
    return testing::success(fmt::format(R"({{"depth":{},"waits":{},"call":"{}","account":"{}","transport":"{}"}})",
                                        invocation.depth, invocation.may_wait_for_place, invocation.call_id,
                                        invocation.account, invocation.transport));
  });
};

TEST_F(NestedCallsTest, AnswersWithWhatTheOtherSkillSaid) {
  const auto ended = compose(calls(one("fake.echo", R"(,"input":{"n":7})") + "," + one("fake@1.echo")));
  ASSERT_TRUE(ended.ok) << ended.message;
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, "/replies/0/output"), R"({"n":7})");
  EXPECT_EQ(at(output, "/replies/0/error"), "null");
  EXPECT_EQ(at(output, "/replies/0/rest/status"), "success");
  EXPECT_EQ(at(output, "/replies/0/rest/skill"), "echo");
  EXPECT_EQ(at(output, "/replies/0/rest/output"), "(absent)") << "it stands beside";
  EXPECT_EQ(at(output, "/replies/1/output"), "{}");
  const auto reply = parsed(ended.reply);
  const auto id = at(reply, "/request_id");
  EXPECT_EQ(at(output, "/replies/0/rest/request_id"), id + ".1");
  EXPECT_EQ(at(reply, "/nested/count"), "2");
  EXPECT_EQ(at(reply, "/nested/calls/1/request_id"), id + ".2");
  EXPECT_EQ(at(reply, "/cost"), "0");
  EXPECT_EQ(at(reply, "/billed"), "false");
}

TEST_F(NestedCallsTest, RunsInTheNameOfTheFirstCall) {
  const auto ended = compose(through("outer.a", calls(one("looks.up"))), {.principal = limited({0, 0, 0})});
  const auto output = parsed(ended.output);
  const auto& seen = *base::json::at(output, "/replies/0/output/replies/0/output");
  EXPECT_EQ(at(seen, "/account"), "acc_one");
  EXPECT_EQ(at(seen, "/transport"), "rest");
  EXPECT_EQ(at(seen, "/depth"), "2");
  EXPECT_EQ(at(seen, "/call"), at(parsed(ended.reply), "/request_id") + ".1.1");
}

TEST_F(NestedCallsTest, ShowsAndRecordsWhatItsCallsCost) {
  const auto ended = compose(calls(one("fake.priced") + "," + one("fake.priced")), {.skill = "priced"});
  ASSERT_TRUE(ended.ok) << ended.message;
  const auto reply = parsed(ended.reply);
  EXPECT_EQ(at(reply, "/cost"), "0.00735") << "1,050 and twice 3,150";
  EXPECT_EQ(at(reply, "/raw_cost"), "0.001") << "its own";
  EXPECT_EQ(at(reply, "/nested/cost"), "0.0063");
  EXPECT_EQ(at(reply, "/nested/calls/0/cost"), "0.00315");
  EXPECT_EQ(at(reply, "/billed"), "true");
  base::Money sum;
  const auto rows = *rack_.usage.summary("local", accounts::Period::kAll);
  ASSERT_EQ(rows.size(), 2u);
  for (const auto& row : rows) sum = sum + row.cost;
  EXPECT_EQ(sum, micros(7'350)) << "each by itself, nothing twice";
  const auto history = *rack_.usage.history("local", 10, "");
  std::size_t children = 0;
  for (const auto& text : history.records_json) {
    const auto record = parsed(text);
    if (at(record, "/tool") != "fake") {
      EXPECT_EQ(at(record, "/root_request_id"), "null");
      continue;
    }
    ++children;
    EXPECT_EQ(at(record, "/root_request_id"), at(reply, "/request_id"));
  }
  EXPECT_EQ(children, 2u);
}

TEST_F(NestedCallsTest, RollsCostsUpThroughEveryLevel) {
  const auto ended = compose(through("outer.priced", calls(one("fake.priced"))), {.max_price = micros(4'200)});
  ASSERT_TRUE(ended.ok) << ended.message;
  const auto reply = parsed(ended.reply);
  EXPECT_EQ(at(reply, "/cost"), "0.0042");
  EXPECT_EQ(at(reply, "/nested/count"), "1");
  EXPECT_EQ(at(reply, "/nested/calls/0/cost"), "0.0042");
  EXPECT_EQ(at(parsed(ended.output), "/replies/0/rest/nested/cost"), "0.00315");
}

TEST_F(NestedCallsTest, DoesNotRefundTheCallsOfAFailedOne) {
  const auto ended = compose(calls(one("fake.priced"), R"(,"then":"fail")"), {.skill = "priced"});
  EXPECT_EQ(ended.error, "tool_error");
  EXPECT_EQ(ended.cost, micros(0)) << "its own";
  const auto reply = parsed(ended.reply);
  EXPECT_EQ(at(reply, "/cost"), "0.00315");
  EXPECT_EQ(at(reply, "/billed"), "true") << "so nobody takes it for free to call again";
}

TEST_F(NestedCallsTest, TellsHowACallFailed) {
  const auto ended = compose(calls(one("fake.nothing") + "," + one("nobody.x") + "," + one("fake.picky") + "," +
                                   one("fake.fails") + "," + one("noskill")));
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, "/replies/0/error"), "skill_not_found");
  EXPECT_EQ(at(output, "/replies/1/error"), "tool_not_found");
  EXPECT_EQ(at(output, "/replies/2/error"), "invalid_input");
  EXPECT_EQ(at(output, "/replies/2/rest/error/details/0/keyword"), "required") << "the whole error is there";
  EXPECT_EQ(at(output, "/replies/3/error"), "tool_error");
  EXPECT_EQ(at(output, "/replies/3/rest/cost"), "0");
  EXPECT_EQ(at(output, "/replies/4/error"), "invalid_request");
  EXPECT_EQ(at(parsed(ended.reply), "/nested/calls/0/error_code"), "invalid_input") << "the others never began";
}

TEST_F(NestedCallsTest, SaysWhetherACallMayHaveActed) {
  const auto ended =
      compose(calls(one("fake.echo") + "," + one("fake.reads") + "," + one("fake.picky") + "," + one("fake.fails")));
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, "/replies/0/acted"), "true");
  EXPECT_EQ(at(output, "/replies/1/acted"), "false") << "it only reads";
  EXPECT_EQ(at(output, "/replies/2/acted"), "false") << "it was refused";
  EXPECT_EQ(at(output, "/replies/3/acted"), "true");
}

TEST_F(NestedCallsTest, RefusesACircleAndNamesIt) {
  const auto ended = compose(through("outer.a", calls(one("outer.composes"))));
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, "/replies/0/error"), "null") << "the call before it goes well";
  EXPECT_EQ(at(output, "/replies/0/output/replies/0/error"), "call_cycle");
  EXPECT_THAT(at(output, "/replies/0/output/replies/0/message"),
              HasSubstr("outer.composes -> outer.a -> outer.composes"));
  EXPECT_EQ(composing_->asked.value(), 2);
  EXPECT_THAT(first(compose(calls(one("outer@1.0.0.composes")))), HasSubstr("outer.composes -> outer.composes"))
      << "whatever the name";
}

TEST_F(NestedCallsTest, GoesFiveDeepAndNoDeeper) {
  auto input = calls(one("fake.echo"));
  for (const auto* skill : {"outer.e", "outer.d", "outer.c", "outer.b", "outer.a"}) input = through(skill, input);
  const auto ended = compose(input);
  std::string path;
  for (int level = 0; level < 5; ++level) path += "/replies/0/output";
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, path + "/replies/0/error"), "call_too_deep");
  EXPECT_THAT(
      at(output, path + "/replies/0/message"),
      AllOf(HasSubstr("5 deep"), HasSubstr("outer.a -> outer.b -> outer.c -> outer.d -> outer.e -> fake.echo")));
  EXPECT_EQ(echo_->invoked.value(), 0);
}

TEST_F(NestedCallsTest, RefusesWhatTheManifestDoesNotGrant) {
  EXPECT_THAT(first(compose(calls(one("fake.priced")), {.tool = "narrow"})),
              AllOf(HasSubstr("tool_not_granted"), HasSubstr("narrow may not call fake.priced")));
  const auto output = parsed(compose(calls(one("fake.priced")), {.tool = "bare"}).output);
  EXPECT_THAT(at(output, "/replies/0/rest/error/resolution_hint"), HasSubstr("Add \"fake.priced\" to grants.tools"));
  EXPECT_EQ(first(compose(calls(one("fake.echo")), {.tool = "narrow"})), "null: null");
  EXPECT_EQ(first(compose(calls(one("outer.a", R"(,"input":{"calls":[]})")), {.tool = "narrow"})), "null: null");
  EXPECT_EQ(echo_->invoked.value(), 1);
}

TEST_F(NestedCallsTest, BoundsTheSumByTheFirstCallsMaxPrice) {
  const auto ended = compose(calls(one("fake.priced") + "," + one("fake.priced") + "," + one("fake.echo")),
                             {.skill = "priced", .max_price = micros(5'000)});
  ASSERT_TRUE(ended.ok) << ended.message;
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, "/replies/0/error"), "null");
  EXPECT_EQ(at(output, "/replies/1/error"), "price_too_high");
  EXPECT_THAT(at(output, "/replies/1/message"),
              AllOf(HasSubstr("$0.00315"), HasSubstr("$0.0008"), HasSubstr("$0.005"), HasSubstr("outer.priced")));
  EXPECT_EQ(at(output, "/replies/1/acted"), "false");
  EXPECT_EQ(at(output, "/replies/2/error"), "null") << "what is free still fits";
  EXPECT_EQ(at(parsed(ended.reply), "/cost"), "0.0042");
}

TEST_F(NestedCallsTest, CountsWhatRunningCallsMayCost) {
  const auto ended = compose(calls(one("fake.priced") + "," + one("fake.priced"), R"(,"parallel":true)"),
                             {.max_price = micros(6'000)});
  EXPECT_EQ(at(parsed(ended.output), "/replies/1/error"), "price_too_high");
  EXPECT_EQ(at(parsed(ended.reply), "/cost"), "0.00315");
}

TEST_F(NestedCallsTest, GivesBackWhatACallDidNotCost) {
  const auto ended = compose(calls(one("fake.metered") + "," + one("fake.fails") + "," + one("fake.priced")),
                             {.max_price = micros(4'200)});
  EXPECT_EQ(at(parsed(ended.output), "/replies/2/error"), "null") << "1,050 for one that might have cost 3,150";
  EXPECT_EQ(at(parsed(ended.reply), "/cost"), "0.0042");
}

TEST_F(NestedCallsTest, BoundsWhatIsBelowACallByItsOwnMaxPrice) {
  const auto input = calls(one("fake.priced") + "," + one("fake.priced"));
  const auto ended = compose(through("outer.a", input, R"(,"options":{"max_price":"0.004"})"));
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, "/replies/0/output/replies/0/error"), "null");
  EXPECT_EQ(at(output, "/replies/0/output/replies/1/error"), "price_too_high");
  EXPECT_THAT(at(output, "/replies/0/output/replies/1/message"), HasSubstr("that outer.a may cost"));
  EXPECT_THAT(
      first(compose(calls(one("fake.priced", R"(,"options":{"max_price":0.001})")))),
      AllOf(HasSubstr("price_too_high"), HasSubstr("max_price is $0.001"), ::testing::Not(HasSubstr("left of"))));
}

TEST_F(NestedCallsTest, TakesTheBackendThatStillFits) {
  const auto backend = [&](std::optional<base::Money> max_price, std::string_view options) {
    const auto ended = compose(calls(one("fake.choice", options)), {.max_price = max_price});
    return at(parsed(ended.output), "/replies/0/output");
  };
  constexpr std::string_view kGold = R"(,"options":{"backend":{"order":["gold"]}})";
  EXPECT_EQ(backend(std::nullopt, kGold), "gold");
  EXPECT_EQ(backend(micros(5'000), kGold), "tin");
}

TEST_F(NestedCallsTest, RefusesOptionsThatAreNoneOfIts) {
  EXPECT_THAT(first(compose(calls(one("fake.echo", R"(,"options":{"async":true})")))),
              AllOf(HasSubstr("invalid_request"), HasSubstr("\"async\"")));
  EXPECT_THAT(first(compose(calls(one("fake.echo", R"(,"options":{"max_price":[]})")))), HasSubstr("invalid_request"));
  EXPECT_EQ(echo_->invoked.value(), 0);
}

TEST_F(NestedCallsTest, LeavesConfirmationToThePerson) {
  const auto input = calls(one("fake.careful", R"(,"options":{"confirm":true})"));
  EXPECT_THAT(first(compose(input)), HasSubstr("confirmation_required")) << "the skill cannot agree in a person's name";
  EXPECT_EQ(first(compose(input, {.confirmed = true})), "null: null");
  EXPECT_THAT(first(compose(calls(one("fake.careful")), {.confirmed = true})), HasSubstr("confirmation_required"))
      << "nor does agreement reach what did not ask for it";
}

TEST_F(NestedCallsTest, EndsItsCallsWhenTheCallerLeaves) {
  const auto started = start_composing(calls(one("fake.waits"), R"(,"then":"fail")"));
  ASSERT_TRUE(waiting_->invoked.wait_for(1));
  cancel(*started);
  EXPECT_EQ(started->wait().error, "cancelled");
  EXPECT_EQ(waiting_->cancelled.value(), 1);
  EXPECT_EQ(composing_->cancelled.value(), 1);
}

TEST_F(NestedCallsTest, EndsItsCallsAtItsDeadline) {
  // A busy machine may take longer than that to make the call.
  for (std::int64_t timeout_ms = 30; waiting_->invoked.value() == 0; timeout_ms *= 2) {
    const auto ended = compose(calls(one("fake.waits"), R"(,"then":"fail")"), {.timeout_ms = timeout_ms});
    if (waiting_->invoked.value() == 0) continue;
    EXPECT_EQ(ended.error, "timeout");
    EXPECT_EQ(waiting_->cancelled.value(), 1);
  }
}

TEST_F(NestedCallsTest, EndsACallAtTheTimeThatItWasGiven) {
  for (const auto* more : {R"(,"timeout_ms":20)", R"(,"options":{"timeout_ms":20})",
                           R"(,"timeout_ms":20,"options":{"timeout_ms":20000})"}) {
    const auto ended = compose(calls(one("fake.waits", more)));
    EXPECT_TRUE(ended.ok);
    EXPECT_THAT(first(ended), HasSubstr("timeout")) << more;
    EXPECT_EQ(at(parsed(ended.output), "/replies/0/acted"), "true");
  }
}

TEST_F(NestedCallsTest, CancelsOneCall) {
  const auto ended = compose(calls(one("fake.waits"), R"(,"then":"cancel")"));
  EXPECT_TRUE(ended.ok);
  EXPECT_THAT(first(ended), HasSubstr("cancelled"));
  EXPECT_EQ(waiting_->cancelled.value(), 1);
}

TEST_F(NestedCallsTest, EndsWhatTheSkillHasLeftRunning) {
  const auto ended = compose(calls(one("fake.waits"), R"(,"then":"leave")"));
  EXPECT_TRUE(ended.ok);
  EXPECT_EQ(waiting_->cancelled.value(), 1);
  EXPECT_EQ(at(parsed(ended.reply), "/nested/calls/0/error_code"), "cancelled") << "and the reply tells of it";
}

TEST_F(NestedCallsTest, ChargesWhatTheSkillHasLeftRunningInTheSameReply) {
  const auto ended = compose(calls(one("fake.priced"), R"(,"then":"leave")"));
  EXPECT_TRUE(ended.ok);
  EXPECT_EQ(at(parsed(ended.reply), "/cost"), "0.00315") << "its charge was on the way to the disk";
}

TEST_F(NestedCallsTest, DoesNotWaitForASkillThatDoesNotEnd) {
  const auto started = start_composing(calls(one("fake.stubborn"), R"(,"then":"fail")"));
  ASSERT_TRUE(stubborn_->invoked.wait_for(1));
  cancel(*started);
  const auto ended = started->wait();
  EXPECT_EQ(ended.error, "cancelled");
  EXPECT_EQ(at(parsed(ended.reply), "/nested/calls/0/error_code"), "cancelled");
  EXPECT_EQ(stubborn_->completed.value(), 0);
}

TEST_F(NestedCallsTest, TakesOnePlaceOfTheKeyHoweverManyItCalls) {
  const auto principal = limited({.per_minute = 1, .per_hour = 1, .concurrent = 1});
  const auto ended =
      compose(calls(one("fake.echo") + "," + one("fake.echo"), R"(,"parallel":true)"), {.principal = principal});
  ASSERT_TRUE(ended.ok) << ended.message;
  EXPECT_EQ(at(parsed(ended.output), "/replies/1/error"), "null");
  EXPECT_EQ(echo_->invoked.value(), 2);
  EXPECT_EQ(run({.principal = principal}).error, "rate_limited") << "which the first call has used up";
}

TEST_F(NestedCallsTest, CountsForTheClassesOfWhatIsCalled) {
  const auto ended = compose(calls(one("fake.rare") + "," + one("fake.rare")));
  const auto output = parsed(ended.output);
  EXPECT_EQ(at(output, "/replies/0/error"), "null");
  EXPECT_EQ(at(output, "/replies/1/error"), "rate_limited");
  EXPECT_NE(at(output, "/replies/1/rest/error/retry_after"), "(absent)");
}

TEST_F(NestedCallsTest, MakesNoCallForAKeyThatWasRevokedMeanwhile) {
  auto revoked = std::make_shared<std::atomic<bool>>(false);
  const auto principal =
      std::make_shared<accounts::Principal>(accounts::Principal{.account = "acc_one",
                                                                .key_id = "k1",
                                                                .scopes = accounts::Scopes::standard(),
                                                                .limits = nullptr,
                                                                .revoked = revoked});
  const auto started = start({.skill = "composes",
                              .input = calls(one("fake.waits") + "," + one("fake.echo")),
                              .principal = principal,
                              .tool = "outer"});
  ASSERT_TRUE(waiting_->invoked.wait_for(1));
  revoked->store(true);
  waiting_->release();
  const auto output = parsed(started->wait().output);
  EXPECT_EQ(at(output, "/replies/0/error"), "null") << "what runs may end";
  EXPECT_EQ(at(output, "/replies/1/error"), "invalid_key");
  EXPECT_EQ(echo_->invoked.value(), 0);
}

TEST_F(NestedCallsTest, IsAnsweredFromTheCacheAsAnyCall) {
  const auto ended = compose(calls(one("fake.kept") + "," + one("fake.kept")));
  EXPECT_EQ(at(parsed(ended.output), "/replies/1/rest/cached"), "true");
  EXPECT_EQ(echo_->invoked.value(), 1);
}

TEST_F(NestedCallsTest, SaysWhoMayWaitForAPlace) {
  const auto waits = [&](const std::string& tool, const std::string& input, const char* pointer) {
    return at(parsed(compose(input, {.tool = tool}).output), pointer);
  };
  EXPECT_EQ(waits("outer", calls(one("looks.up")), "/replies/0/output/waits"), "true");
  EXPECT_EQ(waits("placed", calls(one("looks.up")), "/replies/0/output/waits"), "false")
      << "a call above holds a place, and this one may call on";
  EXPECT_EQ(waits("placed", through("outer.a", calls(one("looks.up"))), "/replies/0/output/replies/0/output/waits"),
            "false");
}

TEST_F(NestedCallsTest, ListsWhatItMayCall) {
  const auto list = [&](std::string_view tool, std::string_view pattern, std::string_view cursor = "") {
    std::string out;
    const auto lister = std::make_shared<testing::InstantSkill>([&](const registry::Invocation& invocation) {
      const auto found = invocation.caller->list_tools(pattern, cursor);
      out = found ? *found : std::string(found.error().name());
      return testing::success("{}");
    });
    std::vector<testing::FakeSkill> many;
    for (int i = 10; i < 70; ++i) many.push_back({.name = "n" + std::to_string(i), .handler = echo_});
    rack_.publish(
        {testing::make_tool("fake", {{.name = "echo", .handler = echo_}, {.name = "other", .handler = echo_}}),
         testing::make_tool("many", std::move(many)),
         testing::make_tool("all", {{.name = "echo", .handler = lister}}, "1.0.0", {"*"}),
         testing::make_tool("few", {{.name = "echo", .handler = lister}}, "1.0.0", {"fake.echo"}),
         testing::make_tool("none", {{.name = "echo", .handler = lister}})});
    EXPECT_TRUE(run({.tool = std::string(tool)}).ok);
    return out;
  };
  EXPECT_EQ(at(parsed(list("few", "")), "/items/0/name"), "fake.echo");
  EXPECT_EQ(at(parsed(list("few", "")), "/items/1"), "(absent)");
  EXPECT_EQ(at(parsed(list("few", "fake.*")), "/items/0/skill/inputSchema/type"), "object");
  EXPECT_EQ(list("few", "fake.other"), R"({"items":[]})");
  EXPECT_EQ(list("none", "*"), R"({"items":[]})");
  EXPECT_EQ(list("all", "everything"), "invalid_request");
  const auto page = parsed(list("all", "many.*"));
  ASSERT_EQ(page["items"].Size(), 50u);
  EXPECT_EQ(at(page, "/items/0/name"), "many.n10");
  const auto rest = parsed(list("all", "many.*", at(page, "/next")));
  EXPECT_EQ(rest["items"].Size(), 10u);
  EXPECT_EQ(at(rest, "/items/0/name"), "many.n60");
  EXPECT_EQ(at(rest, "/next"), "(absent)");
}

/// `outer` and `fake` in two versions each, whose `which` says which one it is; 2.0.0 is the usual one of both.
class NestedVersions : public CallTest {
 protected:
  void publish(const registry::VersionPolicies& policies) {
    const auto version = [&](const char* slug, const std::string& number) {
      return testing::make_tool(
          slug,
          {{.name = "composes", .handler = composing_},
           {.name = "which", .handler = std::make_shared<testing::InstantSkill>(R"({"version":")" + number + R"("})")}},
          number, {"*"});
    };
    rack_.publish(
        {version("outer", "1.0.0"), version("outer", "2.0.0"), version("fake", "1.0.0"), version("fake", "2.0.0")},
        policies);
  }
  /// What the skills say that a call of `outer`.composes calls.
  std::vector<std::string> called(std::string tool, std::initializer_list<const char*> skills,
                                  accounts::PrincipalRef principal = nullptr) {
    std::string list;
    for (const auto* skill : skills) list += (list.empty() ? "" : ",") + one(skill);
    const auto ended =
        run({.skill = "composes", .input = calls(list), .principal = std::move(principal), .tool = std::move(tool)});
    std::vector<std::string> out;
    for (std::size_t i = 0; i < skills.size(); ++i)
      out.push_back(at(parsed(ended.output), fmt::format("/replies/{}/output/version", i)));
    return out;
  }
  std::shared_ptr<ComposingSkill> composing_ = std::make_shared<ComposingSkill>();
};

TEST_F(NestedVersions, StayOnTheVersionThatCallsWithinATool) {
  publish({});
  EXPECT_THAT(called("outer", {"outer.which", "outer@1.which", "fake.which"}),
              ::testing::ElementsAre("2.0.0", "1.0.0", "2.0.0"));
  EXPECT_THAT(called("outer@1", {"outer.which", "outer@2.which", "fake.which"}),
              ::testing::ElementsAre("1.0.0", "2.0.0", "2.0.0"));
}

TEST_F(NestedVersions, AreThoseThatTheFirstCallerIsShown) {
  publish({{"test/fake", {.promoted = "1.0.0", .canary = registry::Canary{.version = "2.0.0", .keys = {"k1"}}}}});
  EXPECT_THAT(called("outer", {"fake.which", "fake@1.which"}, limited({})), ::testing::ElementsAre("2.0.0", "1.0.0"));
  EXPECT_THAT(called("outer", {"fake.which"}), ::testing::ElementsAre("1.0.0"));
}

/// What a tool is made of is its author's and operator's to grant, not a matter of who calls it.
TEST_F(NestedCallsTest, FollowTheToolsGrantsAndNotTheToolSetOfTheKey) {
  const auto list = base::json::parse(R"(["outer.composes"])");
  auto principal = std::make_shared<accounts::Principal>(*rack_.local);
  principal->tools = registry::ToolSet::create(&*list, nullptr, nullptr).value();
  const auto ended = compose(calls(one("fake.echo", R"(,"input":{"n":7})")), {.principal = principal});
  ASSERT_TRUE(ended.ok) << ended.message;
  EXPECT_EQ(at(parsed(ended.output), "/replies/0/output"), R"({"n":7})");
  const auto direct = run({.principal = principal});
  EXPECT_EQ(direct.error, "tool_not_found") << "for the key itself fake is not there";
}

}  // namespace
}  // namespace toolrack::call
