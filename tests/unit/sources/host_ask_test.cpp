/// toolrack.ask/1 and once/1: what a plugin asks reaches the call path, a question suspends the call, and the next run
/// is answered from the record until it.
#include <gmock/gmock.h>

#include <map>
#include <set>

#include "base/json.hpp"
#include "native_fixture.hpp"
#include "registry/caller.hpp"
#include "registry/once.hpp"
#include "registry/questions.hpp"
#include "services/recorder/recording.hpp"

namespace toolrack::sources::native {
namespace {

namespace recorder = services::recorder;
using registry::Asked;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr auto kAll = registry::kCanAskPlugins;
constexpr recorder::Recording::Bounds kBounds{.operations = 10'000, .bytes = 1 << 20};

/// Stands for the call path: suspends, or answers from the record; or answers in a later turn.
class FakeAsker final : public registry::Asker {
 public:
  FakeAsker(base::Loop& loop, recorder::Recording* recording) : loop_(loop), recording_(recording) {}
  void ask(registry::Question question, Done done) override {
    {
      const std::lock_guard lock(mutex_);
      asked.push_back(question);
    }
    if (recording_ == nullptr) {
      boost::asio::post(loop_.context(), [done = std::move(done), this] { done(answer); });
      return;
    }
    const auto number = recording_->begin("ask", "{\"key\":\"" + question.key + "\"}");
    if (!number) return done({.how = Asked::How::kFailed, .body_json = {}, .error = number.error()});
    if (!recording_->is_answered(*number)) return done({.how = Asked::How::kSuspended, .body_json = {}});
    recording_->deliver_in_turn(loop_, *number, [done = std::move(done), body = recording_->find(*number).reply] {
      done({.body_json = body});
    });
  }
  bool waits() const noexcept override { return recording_ == nullptr; }

  std::vector<std::string> keys() {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> out;
    for (const auto& question : asked) out.push_back(question.key);
    return out;
  }
  std::vector<registry::Question> asked;
  Asked answer;

 private:
  base::Loop& loop_;
  recorder::Recording* const recording_;
  std::mutex mutex_;
};

class CountingCaller final : public registry::Caller {
 public:
  explicit CountingCaller(base::Loop& loop) : loop_(loop) {}
  std::uint64_t call_tool(const registry::NestedRequest&, registry::NestedSink& sink) override {
    const auto number = ++calls;
    boost::asio::post(loop_.context(), [&sink, number] {
      sink.done({.error = {}, .output_json = std::to_string(number), .rest_json = "{}"});
    });
    return 1;
  }
  void cancel_tool(std::uint64_t) override {}
  base::Result<std::string> list_tools(std::string_view, std::string_view) override { return std::string("{}"); }
  int calls = 0;

 private:
  base::Loop& loop_;
};

class MemoryOnce final : public registry::Once {
 public:
  base::Result<Begun> begin_step(std::string_view key) override {
    if (!begun.emplace(key).second)
      return ended.contains(std::string(key)) ? Begun{.found = Found::kDone, .value = ended[std::string(key)]}
                                              : Begun{.found = Found::kUnknown, .value = {}};
    return Begun{};
  }
  base::Result<void> end_step(std::string_view key, Ending ending, std::string_view value) override {
    if (ending == Ending::kDone) ended[std::string(key)] = value;
    return {};
  }
  std::set<std::string, std::less<>> begun;
  std::map<std::string, std::string> ended;
};

class HostAsk : public NativeFixture {
 protected:
  void SetUp() override {
    install("asks");
    open();
  }
  /// One run, with what the runs before have left.
  Answer run(const std::string& steps, const std::string& name = "run") {
    TestCall one(skill("asks", name), R"({"steps":)" + steps + "}", loops[0]);
    recording = std::make_shared<recorder::Recording>(left, kBounds);
    FakeAsker asker(loops[0], recording.get());
    one.invocation.asker = &asker;
    one.invocation.can_ask = kAll;
    one.invocation.recording = recording.get();
    one.invocation.caller = &caller;
    one.invocation.once = &once;
    one.invocation.run = runs++;
    one.start();
    auto answer = one.wait();
    left = recording->operations();
    keys = asker.keys();
    return answer;
  }
  void tell(std::string_view key, const std::string& body) {
    std::uint32_t last = 0;
    for (const auto& each : left) last = std::max(last, each.ended);
    for (auto& each : left) {
      if (each.service != "ask" || each.request.find("\"" + std::string(key) + "\"") == std::string::npos) continue;
      each.reply = body;
      each.ended = last + 1;
    }
  }
  static std::vector<std::string> said(const Answer& answer) {
    std::vector<std::string> out;
    const auto document = base::json::parse(answer.output);
    if (!document) return {std::string(answer.code()) + (answer.error ? ": " + answer.error->message() : "")};
    for (const auto& each : (*document)["said"].GetArray()) out.emplace_back(base::json::view(each));
    return out;
  }

  std::vector<recorder::Operation> left;
  std::shared_ptr<recorder::Recording> recording;
  std::vector<std::string> keys;
  std::uint32_t runs = 0;
  CountingCaller caller{loops[0]};
  MemoryOnce once;
};

TEST_F(HostAsk, SuspendsAtAQuestionAndGoesOnInTheNextRun) {
  for (const auto* name : {"run", "run_inline"}) {
    left.clear();
    const auto suspended = run(R"([{"form":"who"}])", name);
    EXPECT_TRUE(suspended.rest.is_suspended) << suspended.code();
    EXPECT_THAT(keys, ElementsAre("who"));
    tell("who", R"({"name":"Ada"})");
    const auto ended = run(R"([{"form":"who"}])", name);
    EXPECT_FALSE(ended.rest.is_suspended);
    EXPECT_THAT(said(ended), ElementsAre(R"({"name":"Ada"})"));
  }
}

TEST_F(HostAsk, SuspendsASkillThatWaitsInPlace) {
  EXPECT_TRUE(run("[]", "run_blocking").rest.is_suspended);
  tell("who", "\"x\"");
  EXPECT_THAT(said(run("[]", "run_blocking")), ElementsAre("\"x\""));
}

TEST_F(HostAsk, CallsNobodyTwiceAndSeesTheSameTimeAndChance) {
  const std::string steps =
      R"([{"call":"echo.echo","times":10},{"random":1},{"time":1},{"sleep":1},{"form":"who"},{"call":"echo.echo"},{"random":1}])";
  EXPECT_TRUE(run(steps).rest.is_suspended);
  EXPECT_EQ(caller.calls, 10);
  const auto before = left;
  tell("who", "1");
  const auto first = said(run(steps));
  EXPECT_EQ(caller.calls, 11) << "the ten were answered from the record";
  ASSERT_THAT(first, SizeIs(16));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(first[static_cast<std::size_t>(i)], std::to_string(i + 1));
  EXPECT_EQ(first[14], "11");
  EXPECT_NE(first[10], first[15]) << "chance goes on after the question";
  left = before;
  tell("who", "1");
  const auto again = said(run(steps));
  EXPECT_EQ(again[10], first[10]);
  EXPECT_EQ(again[11], first[11]);
}

TEST_F(HostAsk, AsksTogetherWhatIsAskedInOneFrame) {
  EXPECT_TRUE(run(R"([{"together":1}])").rest.is_suspended);
  EXPECT_THAT(keys, ElementsAre("a", "b", "c"));
  tell("a", "1");
  tell("b", "2");
  tell("c", "3");
  EXPECT_THAT(said(run(R"([{"together":1}])")), ElementsAre("1", "2", "3"));
}

TEST_F(HostAsk, NamesTheOperationInWhichARunDiffers) {
  const std::string steps = R"([{"random_by_run":1},{"form":"who"}])";
  EXPECT_TRUE(run(steps).rest.is_suspended);
  tell("who", "1");
  run(steps);
  ASSERT_THAT(recording->divergences(), SizeIs(::testing::Ge(1U)));
  EXPECT_THAT(recording->divergences().front(), HasSubstr("clock.random"));
  EXPECT_THAT(recording->divergences().front(), HasSubstr("/bytes: recorded 8, asked 9"));
}

TEST_F(HostAsk, DoesAStepOnceAndSaysWhatNobodyKnows) {
  const std::string steps = R"([{"once":"pay"},{"begin_only":"risk"},{"form":"who"},{"begin_only":"risk"}])";
  EXPECT_TRUE(run(steps).rest.is_suspended);
  tell("who", "1");
  EXPECT_THAT(said(run(steps)),
              ElementsAre("found: \"run 0\"", StartsWith("10 step_unknown"), "1", StartsWith("10 step_unknown")));
}

TEST_F(HostAsk, WaitsWhereTheCallPathAnswers) {
  TestCall one(skill("asks", "run"),
               R"({"steps":[{"form":"who"},{"url":"https://example.com"},{"sample":"m"},{"roots":"r"}]})", loops[0]);
  FakeAsker asker(loops[0], nullptr);
  asker.answer.body_json = "7";
  one.invocation.asker = &asker;
  one.invocation.can_ask = kAll;
  one.start();
  EXPECT_THAT(said(one.wait()), ElementsAre("7", "agreed", "7", "7"));
  EXPECT_THAT(asker.keys(), ElementsAre("who", "url", "m", "r"));
}

TEST_F(HostAsk, TellsWhatThePersonDidNotWant) {
  for (const auto& [how, text] :
       {std::pair(Asked::How::kDeclined, "1002 declined"), std::pair(Asked::How::kDismissed, "1003 dismissed")}) {
    TestCall one(skill("asks", "run"), R"({"steps":[{"form":"who"}]})", loops[0]);
    FakeAsker asker(loops[0], nullptr);
    asker.answer.how = how;
    one.invocation.asker = &asker;
    one.invocation.can_ask = kAll;
    one.start();
    EXPECT_THAT(said(one.wait()), ElementsAre(StartsWith(text)));
  }
}

TEST_F(HostAsk, AsksNobodyForWhatHeCannotAnswer) {
  TestCall one(skill("asks", "run"), R"({"steps":[{"give_up":1}]})", loops[0]);
  FakeAsker asker(loops[0], nullptr);
  one.invocation.asker = &asker;
  one.invocation.can_ask = registry::kCanAskForm;
  one.start();
  const auto answer = one.wait();
  EXPECT_EQ(answer.code(), "cannot_ask");
  EXPECT_EQ(answer.error->code(), base::ErrorCode::kUnimplemented);
  EXPECT_EQ(answer.rest.cannot_ask, registry::kCanSample);
  EXPECT_THAT(asker.keys(), SizeIs(0));
}

}  // namespace
}  // namespace toolrack::sources::native
