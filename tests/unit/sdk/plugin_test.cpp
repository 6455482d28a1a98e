#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <stdexcept>

namespace toolrack::testing {
namespace {

class Shapes final : public Plugin {
 public:
  explicit Shapes(const Host& host) : Plugin(host) {
    skill<&Shapes::plain>("plain");
    skill<&Shapes::by_value>("by_value");
    skill<&Shapes::coroutine>("coroutine");
    skill<&Shapes::throws>("throws");
    skill<&Shapes::throws_int>("throws_int");
    skill<&Shapes::coroutine_throws>("coroutine_throws");
    skill<&Shapes::empty>("empty");
    skill<&Shapes::facts>("facts");
    on<&Shapes::resource>(TR_RESOURCE);
  }

 private:
  Reply plain(Call& call) { return Reply::borrowed(call.input()); }
  Reply by_value(Call call) const { return Reply::json("[" + call.input() + "]"); }
  Task coroutine(Call call) { co_return Reply::borrowed(call.input()); }
  Reply throws(Call&) { throw std::runtime_error("skill bug"); }
  Reply throws_int(Call&) { throw 7; }
  Task coroutine_throws(Call call) {
    co_await call.after(std::chrono::seconds(1));
    throw std::runtime_error("late bug");
  }
  Reply empty(Call&) { return Reply(); }
  Reply facts(Call& call) {
    return Reply::json("{\"id\":" + json_quote(call.info(TR_INFO_CALL_ID)) + ",\"index\":" +
                       std::to_string(call.index()) + ",\"left\":" + std::to_string(call.remaining().count()) +
                       ",\"random\":" + (call.random() != call.random() ? "true" : "false") +
                       ",\"cancelled\":" + (call.cancelled() ? "true" : "false") + ",\"provider\":\"" +
                       view(call.backend().provider) + "\"}");
  }
  Reply resource(Call& call) {
    Reply reply;
    reply.part(Part::resource_text(call.name(), "text", "text/plain")).ttl(std::chrono::seconds(5));
    return reply;
  }
};

/// Lists its skills itself, and does not know their names beforehand.
class Lists final : public Plugin {
 public:
  explicit Lists(const Host& host) : Plugin(host) {
    other_skills<&Lists::other>();
    skill<&Lists::known>("known");
    on<&Lists::list>(TR_LIST_SKILLS);
  }

 private:
  Reply known(Call&) { return Reply::json("\"known\""); }
  Reply other(Call& call) { return Reply::json(json_quote(call.name())); }
  Reply list(Call& call) { return Reply::json("{\"items\":[],\"next\":" + json_quote(call.name() + "+") + "}"); }
};

class DoubledSkill final : public Plugin {
 public:
  explicit DoubledSkill(const Host& host) : Plugin(host) {
    skill<&DoubledSkill::run>("twice");
    skill<&DoubledSkill::run>("twice");
  }

 private:
  Reply run(Call&) { return Reply(); }
};

class Controlled final : public Plugin {
 public:
  explicit Controlled(const Host& host) : Plugin(host) {
    skill<&Controlled::count>("count");
    skill<&Controlled::config>("config");
  }
  tr_status start(const tr_start& in) override {
    config_ = view(in.config_json).str();
    if (config_ == "bad") {
      explain("the configuration says bad");
      return TR_INVALID_ARGUMENT;
    }
    if (config_ == "throw") throw std::runtime_error("cannot start");
    return TR_OK;
  }
  tr_status configure(std::string_view config_json) override {
    config_ = config_json;
    return TR_OK;
  }
  void secret_changed(std::string_view name) override { host().log(TR_LOG_NOTICE, "rotated " + std::string(name)); }
  tr_status save(std::uint32_t, std::string& out) override {
    out = std::to_string(count_);
    return TR_OK;
  }
  tr_status load(std::uint32_t, std::string_view saved) override {
    if (saved.empty()) return TR_INVALID_ARGUMENT;
    count_ = std::stoi(std::string(saved));
    return TR_OK;
  }

 private:
  Reply count(Call&) { return Reply::json(std::to_string(++count_)); }
  Reply config(Call&) { return Reply::json(json_quote(config_)); }
  int count_ = 0;
  std::string config_;
};

TEST(Plugin, RunsPlainFunctionsAndCoroutines) {
  FakeHost host(entry_of<Shapes>());
  EXPECT_EQ(host.run("plain", R"({"a":1})").output, R"({"a":1})");
  EXPECT_EQ(host.run("by_value", R"({"a":1})").output, R"([{"a":1}])");
  EXPECT_EQ(host.run("coroutine", R"({"a":1})").output, R"({"a":1})");
}

TEST(Plugin, FindsASkillByNameWhateverItsIndex) {
  FakeHost host(entry_of<Shapes>());
  for (const std::uint32_t index : {0u, 1u, 2u, 99u, UINT32_MAX}) {
    CallOptions options;
    EXPECT_EQ(host.run("by_value", "{}", options.index(index)).output, "[{}]") << index;
  }
}

TEST(Plugin, AnswersUnimplementedForANameItHasNoHandlerFor) {
  FakeHost host(entry_of<Shapes>());
  const Outcome outcome = host.run("nonsense", "{}");
  EXPECT_EQ(outcome.status, TR_UNIMPLEMENTED);
  EXPECT_NE(outcome.message.find("\"nonsense\""), std::string::npos);
  CallOptions options;
  EXPECT_EQ(host.run("plain", "{}", options.kind(TR_PROMPT)).status, TR_UNIMPLEMENTED);
}

TEST(Plugin, TurnsExceptionsIntoInternalErrorsWithTheirText) {
  FakeHost host(entry_of<Shapes>());
  for (const auto& [skill, text] : {std::pair("throws", "skill bug"), std::pair("coroutine_throws", "late bug")}) {
    const Outcome outcome = host.run(skill, "{}");
    EXPECT_EQ(outcome.status, TR_INTERNAL);
    EXPECT_EQ(outcome.code, "exception");
    EXPECT_EQ(outcome.message, text);
  }
  EXPECT_EQ(host.run("throws_int", "{}").code, "exception");
}

TEST(Plugin, CompletesWithNothingWhenTheReplyIsEmpty) {
  FakeHost host(entry_of<Shapes>());
  const Outcome outcome = host.run("empty", "{}");
  EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(outcome.output, "");
}

TEST(Plugin, TellsASkillTheFactsOfItsCall) {
  FakeHost host(entry_of<Shapes>());
  CallOptions options;
  options.info(TR_INFO_CALL_ID, "c-1").index(7).deadline_in(std::chrono::nanoseconds(500));
  EXPECT_EQ(host.run("facts", "{}", options).output,
            R"({"id":"c-1","index":7,"left":500,"random":true,"cancelled":false,"provider":""})");
}

TEST(Plugin, ServesOtherKindsThroughOneHandlerEach) {
  FakeHost host(entry_of<Shapes>());
  CallOptions options;
  const Outcome outcome = host.run("docs://a", "{}", options.kind(TR_RESOURCE));
  ASSERT_EQ(outcome.parts.size(), 1u);
  EXPECT_EQ(outcome.parts[0].uri, "docs://a");
  EXPECT_EQ(outcome.parts[0].text, "text");
  EXPECT_EQ(outcome.ttl, std::chrono::seconds(5));
}

TEST(Plugin, HasOneHandlerForTheSkillsThatItListsItself) {
  FakeHost host(entry_of<Lists>());
  EXPECT_EQ(host.run("made up", "{}").output, "\"made up\"");
  EXPECT_EQ(host.run("known", "{}").output, "\"known\"") << "a handler of its own goes first";
  CallOptions list;
  EXPECT_EQ(host.run("2", "{}", list.kind(TR_LIST_SKILLS)).output, R"({"items":[],"next":"2+"})");
}

TEST(Plugin, ExplainsARefusedConstruction) {
  FakeHost host(entry_of<DoubledSkill>());
  EXPECT_EQ(host.start_status(), TR_INTERNAL);
  EXPECT_EQ(host.explanation(), "two handlers for skill \"twice\"");
  EXPECT_THROW(host.begin("twice", "{}"), Misbehaviour);
}

TEST(Plugin, ExplainsARefusedStart) {
  HostOptions bad, throws, poor;
  FakeHost first(entry_of<Controlled>(), bad.config("bad"));
  EXPECT_EQ(first.start_status(), TR_INVALID_ARGUMENT);
  EXPECT_EQ(first.explanation(), "the configuration says bad");
  FakeHost second(entry_of<Controlled>(), throws.config("throw"));
  EXPECT_EQ(second.start_status(), TR_INTERNAL);
  EXPECT_EQ(second.explanation(), "cannot start");
  FakeHost third(entry_of<Controlled>(), poor.without(TR_SERVICE_EXECUTOR));
  EXPECT_EQ(third.start_status(), TR_FAILED_PRECONDITION);
}

TEST(Plugin, AsksWhetherTheHostTakesExplanations) {
  tr_host shorter{};
  HostOptions options;
  options.config("bad").hand_host([&shorter](const tr_host& host) -> const tr_host* {
    shorter = host;
    shorter.struct_size = offsetof(tr_host, explain);
    return &shorter;
  });
  FakeHost host(entry_of<Controlled>(), options);
  EXPECT_EQ(host.start_status(), TR_INVALID_ARGUMENT);
  EXPECT_EQ(host.explanation(), "");
}

TEST(Plugin, ServesAHostWhoseInvocationsAreLonger) {
  struct Longer {
    tr_invocation known;
    char unknown[64];
  };
  Longer longer{};
  HostOptions options;
  options.hand_invocation([&longer](const tr_invocation& in) -> const tr_invocation* {
    longer.known = in;
    longer.known.struct_size = sizeof longer;
    return &longer.known;
  });
  FakeHost host(entry_of<Shapes>(), options);
  EXPECT_EQ(host.run("plain", R"({"a":1})").output, R"({"a":1})");
}

TEST(Plugin, TakesANewConfigurationOnlyWhenItOverridesConfigure) {
  FakeHost host(entry_of<Controlled>());
  EXPECT_EQ(host.configure(R"({"a":1})"), TR_OK);
  EXPECT_EQ(host.run("config", "{}").output, R"("{\"a\":1}")");
  host.secret_changed("kraken");
  ASSERT_EQ(host.logs().size(), 1u);
  EXPECT_EQ(host.logs()[0].text, "rotated kraken");
  FakeHost plain(entry_of<Shapes>());
  EXPECT_EQ(plain.configure("{}"), std::nullopt);
  EXPECT_EQ(plain.plugin().configure, nullptr);
}

TEST(Plugin, HandsItsStateToTheNextInstance) {
  FakeHost old_one(entry_of<Controlled>());
  old_one.run("count", "{}");
  old_one.run("count", "{}");
  const std::optional<std::string> saved = old_one.save(TR_STATE_LIVE);
  ASSERT_EQ(saved, "2");
  HostOptions options;
  FakeHost new_one(entry_of<Controlled>(), options.state(*saved));
  EXPECT_EQ(new_one.run("count", "{}").output, "3");
  EXPECT_FALSE(new_one.load(TR_STATE_FINAL, ""));
  FakeHost stateless(entry_of<Shapes>());
  EXPECT_EQ(stateless.save(TR_STATE_LIVE), std::nullopt);
}

}  // namespace
}  // namespace toolrack::testing
