/// toolrack.tools/1: what a plugin asks of others reaches the call path, and comes back as the ABI says, in every mode.
#include <gmock/gmock.h>

#include <atomic>
#include <map>
#include <vector>

#include "base/json.hpp"
#include "native_fixture.hpp"
#include "registry/caller.hpp"
#include "sources/native/native_call.hpp"
#include "sources/native/operation.hpp"

namespace toolrack::sources::native {
namespace {

using ::testing::HasSubstr;

/// Stands for the call path. Answers at once, from a later turn of the loop, or when it is cancelled.
class FakeCaller final : public registry::Caller {
 public:
  explicit FakeCaller(base::Loop& loop) : loop_(loop) {}

  std::uint64_t call_tool(const registry::NestedRequest& request, registry::NestedSink& sink) override {
    EXPECT_TRUE(loop_.is_current()) << "the call path belongs to the loop";
    EXPECT_EQ(NativeCall::current(), nullptr) << "a plugin's frame must not be below another plugin's";
    last_skill = request.skill;
    last_input = request.input_json;
    last_options = request.options_json;
    last_timeout_ms = request.timeout_ms;
    const auto ticket = ++calls;
    if (keeps_operations) kept.emplace_back(dynamic_cast<Operation*>(&sink));
    if (answers_at_once) {
      sink.done(reply());
      return 0;
    }
    waiting_[ticket] = &sink;
    if (!waits_for_cancel) boost::asio::post(loop_.context(), [this, ticket] { end(ticket, reply()); });
    return ticket;
  }
  void cancel_tool(std::uint64_t ticket) override {
    EXPECT_TRUE(loop_.is_current());
    ++cancels;
    boost::asio::post(loop_.context(), [this, ticket] {
      end(ticket, {.error = base::Error(base::ErrorCode::kCancelled, "cancelled"),
                   .output_json = {},
                   .rest_json = {},
                   .may_have_acted = true});
    });
  }
  base::Result<std::string> list_tools(std::string_view pattern, std::string_view cursor) override {
    EXPECT_TRUE(loop_.is_current());
    if (pattern == "bad") return base::fail(base::ErrorCode::kInvalidRequest, "no pattern");
    return "{\"items\":[],\"pattern\":" + base::json::quote(pattern) + ",\"cursor\":" + base::json::quote(cursor) + "}";
  }

  bool answers_at_once = false, waits_for_cancel = false, keeps_operations = false;
  std::vector<OperationPtr> kept;
  std::optional<base::Error> error;
  bool may_have_acted = false;
  // Read by the test when the call has ended.
  std::string last_skill, last_input, last_options;
  std::int64_t last_timeout_ms = 0;
  std::atomic<std::uint64_t> calls{0}, cancels{0};

 private:
  registry::NestedReply reply() const {
    return {.error = error,
            .output_json = error ? "" : R"({"n":1})",
            .rest_json = R"({"cost":0})",
            .may_have_acted = may_have_acted};
  }
  void end(std::uint64_t ticket, registry::NestedReply given) {
    const auto found = waiting_.find(ticket);
    if (found == waiting_.end()) return;
    auto* sink = found->second;
    waiting_.erase(found);
    sink->done(std::move(given));
  }
  base::Loop& loop_;
  std::map<std::uint64_t, registry::NestedSink*> waiting_;  // Of the loop.
};

class HostTools : public NativeFixture {
 protected:
  void SetUp() override {
    install("composes");
    open();
  }
  /// What the caller has posted must not outlive it.
  void TearDown() override {
    source.reset();
    loops.stop();
  }
  Answer run(const std::string& name, const std::string& input) {
    TestCall one(skill("composes", name), input, loops[0]);
    one.invocation.caller = &caller;
    one.start();
    return one.wait();
  }
  FakeCaller caller{loops[0]};
};

constexpr const char* kOnce = R"({"call":"echo.echo","input":{"m":1},"options":{"max_price":1}})";
constexpr const char* kSuccess = R"({"status":0,"flags":0,"code":"","message":"","body":{"n":1},"rest":{"cost":0}})";

TEST_F(HostTools, CallsFromEveryMode) {
  for (const auto* name : {"calls", "pools", "blocks"}) {
    for (const bool at_once : {true, false}) {
      caller.answers_at_once = at_once;
      const auto answer = run(name, kOnce);
      EXPECT_EQ(answer.output, std::string(R"({"replies":[)") + kSuccess + "]}") << name;
      EXPECT_EQ(caller.last_skill, "echo.echo");
      EXPECT_EQ(caller.last_input, R"({"m":1})");
      EXPECT_EQ(caller.last_options, R"({"max_price":1})");
      EXPECT_FALSE(answer.rest.untouched && caller.may_have_acted);
    }
  }
  EXPECT_EQ(row("composes").misuses, 0U);
}

TEST_F(HostTools, LetsOthersLetGoOfAnOperationAfterItsSource) {
  caller.keeps_operations = true;
  EXPECT_FALSE(run("calls", kOnce).error);
  ASSERT_EQ(caller.kept.size(), 1U);
  ASSERT_NE(caller.kept.front(), nullptr);
  source.reset();
  caller.kept.clear();  // Touches nothing of the source; sanitizers see it if it does.
}

TEST_F(HostTools, RunsManySideBySide) {
  for (const auto* name : {"calls", "pools"}) {
    const auto before = caller.calls.load();
    const auto answer = run(name, R"({"call":"echo.echo","times":100})");
    EXPECT_FALSE(answer.error);
    EXPECT_EQ(caller.calls.load(), before + 100);
  }
}

TEST_F(HostTools, LetsTheSkillTellHowACallFailed) {
  struct Row {
    base::ErrorCode code;
    tr_status status;
  };
  for (const auto& [code, status] :
       {Row{base::ErrorCode::kSkillNotFound, TR_NOT_FOUND},
        Row{base::ErrorCode::kInsufficientScope, TR_PERMISSION_DENIED},
        Row{base::ErrorCode::kPriceTooHigh, TR_PAYMENT_REQUIRED}, Row{base::ErrorCode::kToolError, TR_TOOL_ERROR},
        Row{base::ErrorCode::kTimeout, TR_DEADLINE_EXCEEDED}, Row{base::ErrorCode::kRateLimited, TR_RESOURCE_EXHAUSTED},
        Row{base::ErrorCode::kConfirmationRequired, TR_FAILED_PRECONDITION},
        Row{base::ErrorCode::kProviderUnavailable, TR_UNAVAILABLE}}) {
    caller.error.emplace(code, "why");
    const auto answer = run("calls", kOnce);
    auto document = base::json::parse(answer.output);
    ASSERT_TRUE(document) << answer.output;
    const auto& reply = (*document)["replies"][0];
    EXPECT_EQ(base::json::find_int(reply, "status"), status);
    EXPECT_EQ(base::json::find_string(reply, "code"), base::info(code).name);
    EXPECT_EQ(base::json::find_string(reply, "message"), "why");
    EXPECT_EQ(base::json::dump(reply["rest"]), R"({"cost":0})") << "the whole reply";
  }
}

TEST_F(HostTools, TellsWhetherAFailedCallMayHaveActed) {
  caller.error.emplace(base::ErrorCode::kTimeout, "too late");
  for (const bool acted : {false, true}) {
    caller.may_have_acted = acted;
    const auto answer = run("calls", kOnce);
    EXPECT_THAT(answer.output, HasSubstr(acted ? "\"flags\":2" : "\"flags\":1"));
    EXPECT_EQ(answer.rest.untouched, !acted) << "so that another backend is not tried after it";
  }
}

TEST_F(HostTools, CancelsACallThatIsNotWanted) {
  caller.waits_for_cancel = true;
  const auto answer = run("calls", R"({"call":"echo.echo","then":"cancel"})");
  EXPECT_THAT(answer.output, HasSubstr("\"status\":1"));
  EXPECT_LE(caller.cancels.load(), 1U) << "one that has not begun needs no telling";
}

TEST_F(HostTools, CancelsWhatIsLeftRunning) {
  caller.waits_for_cancel = true;
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(run("pools", R"({"call":"echo.echo","times":3,"then":"leave"})").error);
}

TEST_F(HostTools, EndsItsCallsWithItsOwn) {
  caller.waits_for_cancel = true;
  for (const auto* name : {"calls", "pools", "blocks"}) {
    TestCall one(skill("composes", name), kOnce, loops[0]);
    one.invocation.caller = &caller;
    const auto before = caller.calls.load();
    one.start();
    while (caller.calls.load() == before) std::this_thread::yield();
    one.cancel();
    EXPECT_THAT(one.wait().output, HasSubstr("\"status\":1")) << name;
    EXPECT_GE(caller.cancels.load(), 1U);
  }
}

TEST_F(HostTools, EndsItsCallsAtItsDeadline) {
  caller.waits_for_cancel = true;
  run("calls", R"({"call":"echo.echo","then":"cancel"})");  // So that the load takes none of the time.
  TestCall one(skill("composes", "blocks"), kOnce, loops[0]);
  one.invocation.caller = &caller;
  one.invocation.deadline_ns = base::system_clock().monotonic_ns() + 20'000'000;
  one.start();
  EXPECT_THAT(one.wait().output, HasSubstr("\"status\":1"));
}

TEST_F(HostTools, NeedsACaller) {
  const auto answer = call("composes", "calls", kOnce);
  EXPECT_THAT(answer.output, HasSubstr("no_caller"));
  EXPECT_THAT(answer.output, HasSubstr("\"status\":9"));
}

TEST_F(HostTools, Lists) {
  EXPECT_EQ(run("lists", R"({"pattern":"echo.*","cursor":"c"})").output,
            R"({"items":[],"pattern":"echo.*","cursor":"c"})");
  EXPECT_EQ(run("lists", R"({"pattern":"bad"})").code(), "invalid_request");
}

/// Runs one skill, whatever is asked for, as the call path would: a level deeper.
class OneBelow final : public registry::Caller, private registry::Completion {
 public:
  OneBelow(const registry::Skill& skill, base::Loop& loop) : below_(skill, R"({"milliseconds":1})", loop) {
    below_.invocation.depth = 1;
  }
  std::uint64_t call_tool(const registry::NestedRequest&, registry::NestedSink& sink) override {
    sink_ = &sink;
    return below_.invocation.skill->handler->invoke(below_.invocation, *this);
  }
  void cancel_tool(std::uint64_t) override {}
  base::Result<std::string> list_tools(std::string_view, std::string_view) override { return std::string(); }

 private:
  void complete(registry::Outcome&& outcome) noexcept override {
    sink_->done({.error = outcome.error,
                 .output_json = std::string(outcome.output_json.view()),
                 .rest_json = {},
                 .may_have_acted = true});
  }
  void progress(double, double, std::string_view) noexcept override {}
  bool partial(registry::Part) noexcept override { return false; }

  TestCall below_;
  registry::NestedSink* sink_ = nullptr;
};

/// Blocking skills that have one thread, and need it as long as what they wait for runs.
class HostToolsBlocking : public NativeFixture {
 protected:
  void SetUp() override {
    install("composes");
    open();
    source.reset();
    environment.blocking = &one;
    environment.nested_blocking = {&other};
    source = std::make_unique<NativeSource>(environment);
    scan();
  }
  void TearDown() override { source.reset(); }
  base::Pool one{"one", 1}, other{"other", 1};
};

TEST_F(HostToolsBlocking, ABlockingSkillWaitsForABlockingOne) {
  OneBelow caller(skill("composes", "sleeps"), loops[0]);
  TestCall above(skill("composes", "blocks"), kOnce, loops[0]);
  above.invocation.caller = &caller;
  above.start();
  EXPECT_THAT(above.wait().output, HasSubstr(R"("body":{"slept":true})"));
}

}  // namespace
}  // namespace toolrack::sources::native
