#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

#include <functional>

namespace toolrack::testing {
namespace {

/// A plugin in plain C fashion whose invoke() is one lambda: it can break every rule that the C++ face keeps.
class RawPlugin {
 public:
  using Invoke = std::function<void(const tr_host*, const tr_call_api&, tr_call, const tr_invocation&)>;

  explicit RawPlugin(Invoke invoke) : invoke_(std::move(invoke)) { current_ = this; }
  ~RawPlugin() { current_ = nullptr; }

  static const tr_entry* entry() {
    static constexpr tr_entry kEntry = {sizeof(tr_entry), TR_ABI_MAJOR, TR_ABI_MINOR, 0, 0, &RawPlugin::create};
    return &kEntry;
  }

 private:
  static tr_status create(const tr_host* host, const tr_plugin** out) noexcept {
    current_->host_ = host;
    current_->plugin_.struct_size = sizeof(tr_plugin);
    current_->plugin_.self = current_;
    current_->plugin_.invoke = [](void* self, tr_call call, const tr_invocation* in) noexcept {
      auto* me = static_cast<RawPlugin*>(self);
      const auto* calls = static_cast<const tr_call_api*>(me->host_->get_service(me->host_, TR_SERVICE_CALL));
      me->invoke_(me->host_, *calls, call, *in);
    };
    current_->plugin_.destroy = [](void*) noexcept {};
    *out = &current_->plugin_;
    return TR_OK;
  }

  static RawPlugin* current_;
  Invoke invoke_;
  tr_plugin plugin_{};
  const tr_host* host_ = nullptr;
};
RawPlugin* RawPlugin::current_ = nullptr;

tr_outcome outcome_of(tr_status status, std::string_view output = "{}") {
  tr_outcome outcome{};
  outcome.struct_size = sizeof(outcome);
  outcome.status = status;
  outcome.output_json = {output.data(), output.size(), nullptr, nullptr};
  return outcome;
}
void ignore(void*, const tr_result*) noexcept {}

/// What FakeHost says about a plugin that does `invoke` when it is called.
std::string verdict(RawPlugin::Invoke invoke) {
  RawPlugin raw(std::move(invoke));
  FakeHost host(RawPlugin::entry());
  try {
    host.run("skill", "{}");
  } catch (const Misbehaviour& e) {
    return e.what();
  }
  return "fine";
}

TEST(FakeHost, AcceptsAPlainCPlugin) {
  EXPECT_EQ(verdict([](auto* host, auto& calls, tr_call call, auto&) {
              const tr_outcome outcome = outcome_of(TR_OK);
              calls.complete(host, call, &outcome);
            }),
            "fine");
}

TEST(FakeHost, CatchesASecondComplete) {
  const std::string said = verdict([](auto* host, auto& calls, tr_call call, auto&) {
    const tr_outcome outcome = outcome_of(TR_OK);
    calls.complete(host, call, &outcome);
    calls.complete(host, call, &outcome);
  });
  EXPECT_NE(said.find("complete() for call 1, which has completed"), std::string::npos) << said;
}

TEST(FakeHost, CatchesACallThatNeverCompletes) {
  const std::string said = verdict([](auto*, auto&, tr_call, auto&) {});
  EXPECT_NE(said.find("never completes"), std::string::npos) << said;
}

TEST(FakeHost, CatchesUseOfACallThatHasCompleted) {
  const std::string said = verdict([](auto* host, auto& calls, tr_call call, auto&) {
    const tr_outcome outcome = outcome_of(TR_OK);
    calls.complete(host, call, &outcome);
    calls.meter(host, call, lend("page"), 1);
  });
  EXPECT_NE(said.find("meter() for call 1"), std::string::npos) << said;
}

TEST(FakeHost, CatchesOutputThatIsNoJsonOrNoUtf8) {
  for (const char* output : {"{", "{\"a\":1,}", "01", "\"\xff\"", "nul", "\"\x01\"", "[1] 2"}) {
    const std::string said = verdict([&](auto* host, auto& calls, tr_call call, auto&) {
      const tr_outcome outcome = outcome_of(TR_OK, output);
      calls.complete(host, call, &outcome);
    });
    EXPECT_NE(said.find("the output is not JSON"), std::string::npos) << output;
  }
}

TEST(FakeHost, CatchesAnInventedSuspension) {
  const std::string said = verdict([](auto* host, auto& calls, tr_call call, auto&) {
    const tr_outcome outcome = outcome_of(TR_SUSPENDED, "");
    calls.complete(host, call, &outcome);
  });
  EXPECT_NE(said.find("no question was left open"), std::string::npos) << said;
}

TEST(FakeHost, CatchesAnIgnoredSuspension) {
  struct Pending {
    const tr_host* host;
    const tr_call_api* calls;
    tr_call call;
  };
  Pending pending{};
  const std::string said = verdict([&](auto* host, auto& calls, tr_call call, auto&) {
    pending = {host, &calls, call};
    const auto* asks = static_cast<const tr_ask_api*>(host->get_service(host, TR_SERVICE_ASK));
    tr_question question{};
    question.struct_size = sizeof(question);
    question.type = TR_ASK_FORM;
    question.key = lend("k");
    asks->ask(
        host, call, &question,
        [](void* user, const tr_result*) noexcept {
          auto* told = static_cast<Pending*>(user);
          const tr_outcome outcome = outcome_of(TR_OK);
          told->calls->complete(told->host, told->call, &outcome);
        },
        &pending);
  });
  EXPECT_NE(said.find("said TR_SUSPENDED, but the call went on"), std::string::npos) << said;
}

TEST(FakeHost, CatchesARequestNobodyScripted) {
  const std::string said = verdict([](auto* host, auto& calls, tr_call call, auto&) {
    const auto* http = static_cast<const tr_http_api*>(host->get_service(host, TR_SERVICE_HTTP));
    const HttpRequest request("GET", "https://nobody.test/");
    request.to_c([&](const tr_http_request& raw) { return http->send(host, call, &raw, ignore, nullptr); });
    const tr_outcome outcome = outcome_of(TR_OK);
    calls.complete(host, call, &outcome);
  });
  EXPECT_NE(said.find("no reply is scripted for \"GET https://nobody.test/\"; scripted: nothing"), std::string::npos)
      << said;
}

TEST(FakeHost, CatchesAStepThatWasBegunAndNotEnded) {
  const std::string said = verdict([](auto* host, auto& calls, tr_call call, auto&) {
    const auto* once = static_cast<const tr_once_api*>(host->get_service(host, TR_SERVICE_ONCE));
    once->begin(host, call, lend("pay"), ignore, nullptr);
    const tr_outcome outcome = outcome_of(TR_OK);
    calls.complete(host, call, &outcome);
  });
  EXPECT_NE(said.find("the step \"pay\" begun and not ended"), std::string::npos) << said;
}

TEST(FakeHost, CatchesACancelOfAnOperationThatIsOver) {
  const std::string said = verdict([](auto* host, auto& calls, tr_call call, auto&) {
    calls.cancel_op(host, 99);
    const tr_outcome outcome = outcome_of(TR_OK);
    calls.complete(host, call, &outcome);
  });
  EXPECT_NE(said.find("cancel_op() for operation 99"), std::string::npos) << said;
}

TEST(FakeHost, CatchesWaitingInAPooledSkill) {
  const std::string said = verdict([](auto* host, auto& calls, tr_call call, auto&) {
    calls.wait(host, call, 1);
    const tr_outcome outcome = outcome_of(TR_OK);
    calls.complete(host, call, &outcome);
  });
  EXPECT_NE(said.find("wait() outside"), std::string::npos) << said;
}

TEST(FakeHost, CatchesAKeptBufferThatIsNeverReleased) {
  struct Pending {
    const tr_call_api* calls;
    const tr_host* host;
    tr_call call;
    tr_buffer kept;
  };
  Pending pending{};
  RawPlugin raw([&](const tr_host* host, const tr_call_api& calls, tr_call call, const tr_invocation&) {
    pending = {&calls, host, call, {}};
    const auto* tools = static_cast<const tr_tools_api*>(host->get_service(host, TR_SERVICE_TOOLS));
    tr_tool_request request{};
    request.struct_size = sizeof(request);
    request.skill = lend("a.b");
    request.args_json = lend("{}");
    tools->call(
        host, call, &request,
        [](void* user, const tr_result* result) noexcept {
          auto* told = static_cast<Pending*>(user);
          told->calls->keep(told->host, result, &told->kept);
          const tr_outcome outcome = outcome_of(TR_OK);
          told->calls->complete(told->host, told->call, &outcome);
        },
        &pending);
  });
  FakeHost host(RawPlugin::entry());
  host.on_tool("a.b", FakeReply(0, "[]"));
  EXPECT_TRUE(host.run("skill", "{}").ok());
  EXPECT_THROW(host.close(), Misbehaviour);
  pending.kept.release(pending.kept.owner);
}

TEST(FakeHost, RefusesRequestsThatNoHostWouldSend) {
  tr_status seen = TR_OK;
  const std::string said = verdict([&](auto* host, auto& calls, tr_call call, auto&) {
    const auto* http = static_cast<const tr_http_api*>(host->get_service(host, TR_SERVICE_HTTP));
    HttpRequest request("GET", "https://a.test/");
    request.header("x", "a\r\nevil: 1");
    const auto done = [](void* user, const tr_result* result) noexcept {
      *static_cast<tr_status*>(user) = result->status;
    };
    request.to_c([&](const tr_http_request& raw) { return http->send(host, 0, &raw, done, &seen); });
    const tr_outcome outcome = outcome_of(TR_OK);
    calls.complete(host, call, &outcome);
  });
  EXPECT_EQ(said, "fine");
  EXPECT_EQ(seen, TR_CANCELLED) << "delivered at shutdown at the latest";
}

TEST(FakeHost, RunsTheSameScheduleForTheSameSeed) {
  const auto order = [](std::uint64_t seed) {
    std::string seen;
    std::vector<std::pair<std::string*, char>> users;
    users.reserve(8);
    RawPlugin raw([&](const tr_host* host, const tr_call_api& calls, tr_call call, const tr_invocation&) {
      const auto* clock = static_cast<const tr_clock_api*>(host->get_service(host, TR_SERVICE_CLOCK));
      const auto done = [](void* user, const tr_result*) noexcept {
        auto* told = static_cast<std::pair<std::string*, char>*>(user);
        *told->first += told->second;
      };
      for (char name = 'a'; name < 'i'; ++name) {
        users.emplace_back(&seen, name);
        clock->after(host, call, 0, done, &users.back());
      }
      const tr_outcome outcome = outcome_of(TR_OK);
      calls.complete(host, call, &outcome);
    });
    HostOptions options;
    FakeHost host(RawPlugin::entry(), options.seed(seed));
    host.run("skill", "{}");
    return seen;
  };
  EXPECT_EQ(order(1).size(), 8u);
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

TEST(JsonCheck, KnowsJson) {
  for (const char* good :
       {"0", "-1.5e+3", "\"\\u00e9\\n\"", "[]", "{}", " [1, {\"a\": [true, false, null]}] ", "\"\xc3\xa9\""}) {
    EXPECT_TRUE(is_json(good)) << good;
  }
  for (const char* bad :
       {"", "-", "1.", "1e", "[1,]", "{\"a\"}", "{a:1}", "\"a", "'a'", "[1 2]", "\"\\x\"", "\xc0\x80"}) {
    EXPECT_FALSE(is_json(bad)) << bad;
  }
  EXPECT_FALSE(is_json(std::string(100, '[') + std::string(100, ']')));
}

}  // namespace
}  // namespace toolrack::testing
