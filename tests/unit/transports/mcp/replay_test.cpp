/// Streams of legacy sessions that a client takes up again, over HTTP.
#include "transports/mcp/replay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "mcp_fixture.hpp"
#include "support/fake_clock.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(EventIdTest, ReadsWhatItWritesAndNothingElse) {
  const EventId id{.loop = 3, .stream = 1'234, .event = 0};
  const auto read = EventId::parse(id.text("run"), "run");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->loop, 3u);
  EXPECT_EQ(read->stream, 1'234u);
  EXPECT_EQ(read->event, 0u);
  for (const auto* bad :
       {"", "1", "1-2", "1-2-", "1-2-3-", "1-2-3-4", "-1-2-3", "1-2-x", "a", "1--2", "99999999999999999999-1-1"})
    EXPECT_FALSE(EventId::parse("run-" + std::string(bad), "run")) << bad;
  for (const auto* bad : {"", "run", "1-2-3", "-1-2-3", "ru-1-2-3", "runs-1-2-3", "nur-1-2-3"})
    EXPECT_FALSE(EventId::parse(bad, "run")) << bad;
}

class ReplayStreamsTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kMiB = 1 << 20;

  /// Of a stream that ends at once, with an answer of that size.
  EventId answer(std::size_t bytes = 10) {
    streams_.open("session", Revision::k20251125)->finish(std::string(bytes, 'x'));
    return {.loop = 0, .stream = ++opened_, .event = 1};
  }
  bool has(const EventId& id) const { return streams_.has(id, "session"); }

  base::Loop loop_{0};
  testing::FakeClock clock_;
  ReplayStreams streams_{loop_, clock_, "run"};
  std::uint64_t opened_ = 0;
};

TEST_F(ReplayStreamsTest, ForgetsAnAnswerAfterAMinute) {
  const auto first = answer();
  clock_.advance(base::Nanoseconds(ReplayStreams::kKeptNs / 2));
  const auto second = answer();
  EXPECT_TRUE(has(first));
  clock_.advance(base::Nanoseconds(ReplayStreams::kKeptNs / 2 + 1));
  const auto third = answer();
  EXPECT_FALSE(has(first));
  EXPECT_TRUE(has(second));
  EXPECT_TRUE(has(third));
}

TEST_F(ReplayStreamsTest, KeepsTheEventsOfACallThatGoesOn) {
  const auto running = streams_.open("session", Revision::k20251125);
  const EventId id{.loop = 0, .stream = ++opened_, .event = 1};
  running->send("{}");
  const auto ended = answer();
  clock_.advance(base::Nanoseconds(10 * ReplayStreams::kKeptNs));
  answer();
  EXPECT_FALSE(has(ended));
  EXPECT_TRUE(has(id));
}

TEST_F(ReplayStreamsTest, ForgetsTheOldestFirstWhenThereIsTooMuch) {
  std::vector<EventId> all;
  for (int i = 0; i < 5; ++i) all.push_back(answer(20 * kMiB));
  EXPECT_FALSE(has(all[0]));
  EXPECT_FALSE(has(all[1]));
  for (int i = 2; i < 5; ++i) EXPECT_TRUE(has(all[static_cast<std::size_t>(i)])) << i;
}

TEST_F(ReplayStreamsTest, KeepsTheLastAnswerHoweverLargeItIs) {
  const auto small = answer();
  const auto large = answer(ReplayStreams::kMostBytes + kMiB);
  EXPECT_FALSE(has(small));
  EXPECT_TRUE(has(large)) << "its client may be about to come back for it";
  const auto next = answer();
  EXPECT_FALSE(has(large));
  EXPECT_TRUE(has(next));
}

/// What the thread has worked to send that many events on a stream that goes on.
double seconds_for_events(ReplayStreams& streams, int events) {
  const auto stream = streams.open("session", Revision::k20251125);
  const auto worked = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
  };
  const auto before = worked();
  for (int i = 0; i < events; ++i) stream->send("{}");
  return worked() - before;
}

TEST_F(ReplayStreamsTest, SendsAnEventAtTheSameCostHoweverManyAnswersAreKept) {
  constexpr int kRounds = 5, kEvents = 2'000;
  ReplayStreams many(loop_, clock_, "run");
  for (int i = 0; i < 30'000; ++i) many.open("session", Revision::k20251125)->finish("{}");
  double least_of_none = 1e9, least_of_many = 1e9;
  for (int i = 0; i < kRounds; ++i) {
    least_of_none = std::min(least_of_none, seconds_for_events(streams_, kEvents));
    least_of_many = std::min(least_of_many, seconds_for_events(many, kEvents));
  }
  EXPECT_LT(least_of_many, 20 * least_of_none) << "to look at each answer takes hundreds of times as long";
}

/// Tells of each step that a test has it take, and ends when the test says so.
class SteppedSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    loop_ = invocation.loop;
    completion_ = &completion;
    invoked.add();
    return 1;
  }
  void cancel(std::uint64_t) override {}
  void step(int number) {
    boost::asio::post(loop_->context(), [completion = completion_, number] {
      completion->progress(number, number, "");  // The whole of it, which is never left out.
    });
  }
  /// Without effect when it has not begun, or has ended.
  void end() {
    if (auto* completion = std::exchange(completion_, nullptr))
      boost::asio::post(loop_->context(), [completion] { completion->complete(testing::success("{}")); });
  }
  testing::Count invoked;

 private:
  base::Loop* loop_ = nullptr;
  registry::Completion* completion_ = nullptr;
};

class ReplayTest : public McpTest {
 protected:
  explicit ReplayTest(testing::RackOptions options = {.loops = 2}) : McpTest(options) {}
  ~ReplayTest() override {
    fake_.waiting->release();
    rack_.rack.wait_for_calls();
  }
  /// Starts a call that tells its progress, and reads until `what` has come.
  net::RawClient call(const std::string& session, const std::string& skill, std::string_view what) {
    auto client = net::RawClient::tcp(port_);
    client.send(testing::http_request("POST", "/mcp", legacy_headers(session, "2025-11-25"),
                                      R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":")" + skill +
                                          R"(","_meta":{"progressToken":1}}})"));
    heard_.clear();
    while (heard_.find(what) == std::string::npos && client.read_more(heard_)) {
    }
    return client;
  }
  std::string id_of(std::string_view number) const {
    const auto at = heard_.find("id: ");
    const auto id = heard_.substr(at + 4, heard_.find('\n', at) - at - 4);
    return id.substr(0, id.rfind('-') + 1) + std::string(number);
  }
  std::string take_up(const std::string& session, const std::string& last) {
    auto headers = legacy_headers(session, "2025-11-25");
    headers.emplace_back("Last-Event-ID", last);
    return testing::http_request("GET", "/mcp", headers, "");
  }
  net::RawReply resume(const std::string& session, const std::string& last) {
    auto client = net::RawClient::tcp(port_);
    client.send(take_up(session, last));
    return client.read_reply().value_or(net::RawReply{});
  }
  /// All that a session hears that has nothing to take up, up to the end of the gateway's streams.
  std::string news(const std::string& session, const std::string& last, McpHandler& mcp) {
    auto client = net::RawClient::tcp(port_);
    client.send(take_up(session, last));
    std::string heard;
    while (heard.find("\r\n\r\n") == std::string::npos && client.read_more(heard)) {
    }
    mcp.end_streams();
    while (heard.find("\r\n0\r\n\r\n") == std::string::npos && client.read_more(heard)) {
    }
    return heard;
  }
  std::string heard_;
  std::uint16_t port_ = rack_.port;
};

TEST_F(ReplayTest, FirstSaysWhereTheStreamBegins) {
  const auto client = call(open_session("2025-11-25"), "fake_progress", "\"result\"");
  const auto body = heard_.substr(heard_.find("id: "));
  EXPECT_THAT(body, ::testing::StartsWith("id: " + id_of("0") + "\ndata: \n\n")) << "before any message";
  EXPECT_THAT(body, HasSubstr("event: message\nid: " + id_of("1") + "\ndata: {"));
}

TEST_F(ReplayTest, OlderSessionsGetNoEventWithoutData) {
  auto client = net::RawClient::tcp(rack_.port);
  client.send(legacy_call(open_session(), "1", "fake_progress", R"({"progressToken":1})"));
  const auto reply = client.read_reply().value_or(net::RawReply{});
  EXPECT_THAT(reply.body, Not(HasSubstr("data: \n")));
  EXPECT_THAT(reply.body, HasSubstr("\nid: ")) << "they can resume as well";
}

TEST_F(ReplayTest, GivesWhatCameAfterTheLastEventThatTheClientSaw) {
  const auto session = open_session("2025-11-25");
  const auto client = call(session, "fake_progress", "\"result\"");
  const auto all = resume(session, id_of("0"));
  EXPECT_THAT(all.body, HasSubstr("notifications/progress"));
  EXPECT_THAT(all.body, HasSubstr("\"result\""));
  const auto rest = resume(session, id_of("1"));
  EXPECT_THAT(rest.body, Not(HasSubstr("notifications/progress")));
  EXPECT_THAT(rest.body, HasSubstr("\"result\""));
}

TEST_F(ReplayTest, GivesNothingToAnotherSession) {
  const auto session = open_session("2025-11-25");
  const auto client = call(session, "fake_progress", "\"result\"");
  const auto heard = news(open_session("2025-11-25"), id_of("0"), rack_.front.mcp);
  EXPECT_THAT(heard, Not(HasSubstr("\"result\""))) << "it got a stream for news of its own";
  EXPECT_THAT(heard, HasSubstr("text/event-stream"));
}

class RestartTest : public ReplayTest {
 protected:
  RestartTest() : ReplayTest({.loops = 1}) {}
};

TEST_F(RestartTest, AnIdOfTheProcessBeforeFindsNoOtherCallsAnswer) {
  const auto session = open_session("2025-11-25");
  const auto client = call(session, "fake_progress", "\"result\"");
  const auto before = id_of("0");
  // As after a restart: the same sessions, and whatever is counted begins anew.
  testing::RackFront next(rack_.rack);
  net::Server server(rack_.rack.loops, rack_.rack.metrics, net::Limits{});
  port_ = server.listen_tcp("127.0.0.1", 0, next).value_or(0);
  const auto other = call(session, "fake_progress", "\"result\"");
  EXPECT_NE(id_of("0"), before);
  const auto again = resume(session, id_of("0"));
  EXPECT_THAT(again.body, HasSubstr("\"result\"")) << "the control: its own id does find it";
  const auto heard = news(session, before, next.mcp);
  EXPECT_THAT(heard, Not(HasSubstr("\"result\"")));
  EXPECT_THAT(heard, HasSubstr("text/event-stream"));
  rack_.rack.loops.stop();  // Before what they serve goes.
}

/// A call that takes several steps, and its client's connections.
class CutTest : public ReplayTest {
 protected:
  explicit CutTest(testing::RackOptions options = {.loops = 2}) : ReplayTest(options) {
    rack_.rack.publish({fake_.make(), testing::make_tool("stepped", {{.name = "walk", .handler = skill_}})});
    session_ = open_session("2025-11-25");
    client_.send(testing::http_request("POST", "/mcp", legacy_headers(session_, "2025-11-25"),
                                       R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":)"
                                       R"("stepped_walk","_meta":{"progressToken":1}}})"));
    heard_.clear();
    if (!skill_->invoked.wait_for(1)) return;
    take_step(1);
    while (heard_.find(step(1)) == std::string::npos && heard_.find("retry: ") == std::string::npos)
      if (!client_.read_more(heard_)) return;
  }
  ~CutTest() override { skill_->end(); }
  void take_step(int number) { skill_->step(number); }
  static std::string step(int number) { return "\"progress\":" + std::to_string(number) + ","; }
  static bool read(net::RawClient& client, std::string& heard, std::string_view what) {
    while (heard.find(what) == std::string::npos)
      if (!client.read_more(heard)) return false;
    return true;
  }
  /// A connection that is not served by the loop of the call; the kernel chooses, so it may take several.
  net::RawClient connect_to_another_loop() {
    const auto loop = loop_of(id_of("0"));
    for (int i = 0; i < 200; ++i) {
      auto client = net::RawClient::tcp(port_);
      client.send(testing::http_request("POST", "/mcp", legacy_headers(session_, "2025-11-25"),
                                        R"({"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":)"
                                        R"("fake_progress","_meta":{"progressToken":2}}})"));
      const auto reply = client.read_reply().value_or(net::RawReply{});
      const auto at = reply.body.find("id: ");
      if (at == std::string::npos) continue;
      if (loop_of(reply.body.substr(at + 4, reply.body.find('\n', at) - at - 4)) != loop) return client;
    }
    ADD_FAILURE() << "every connection came to the loop of the call";
    return net::RawClient::tcp(port_);
  }
  static std::size_t loop_of(const std::string& id) {
    const auto read = EventId::parse(id, id.substr(0, id.find('-')));
    EXPECT_TRUE(read) << id;
    return read ? read->loop : 0;
  }

  std::shared_ptr<SteppedSkill> skill_ = std::make_shared<SteppedSkill>();
  std::string session_;
  net::RawClient client_ = net::RawClient::tcp(port_);  ///< Which has heard of the first step.
};

TEST_F(CutTest, GoesOnWhereItWasCutOnAnotherLoopWhileTheCallRuns) {
  client_.reset();
  take_step(2);
  auto other = connect_to_another_loop();
  other.send(take_up(session_, id_of("1")));
  std::string rest;
  EXPECT_TRUE(read(other, rest, step(2))) << rest;
  take_step(3);
  EXPECT_TRUE(read(other, rest, step(3))) << rest;
  skill_->end();
  EXPECT_TRUE(read(other, rest, "\r\n0\r\n\r\n")) << rest;
  EXPECT_THAT(rest, Not(HasSubstr(step(1)))) << "the client has seen it";
  EXPECT_THAT(rest, HasSubstr("\"result\""));
  EXPECT_LT(rest.find(step(2)), rest.find(step(3)));
}

TEST_F(CutTest, EndsAStreamThatItsClientHasTakenUpElsewhere) {
  auto other = connect_to_another_loop();
  other.send(take_up(session_, id_of("0")));
  std::string rest;
  EXPECT_TRUE(read(other, rest, step(1))) << "asked for again: " << rest;
  EXPECT_TRUE(read(client_, heard_, "\r\n0\r\n\r\n")) << heard_;
  skill_->end();
  EXPECT_TRUE(read(other, rest, "\"result\"")) << rest;
  EXPECT_THAT(heard_, Not(HasSubstr("\"result\"")));
}

class LetGoTest : public CutTest {
 protected:
  LetGoTest() : CutTest({.loops = 2, .mcp = {.poll_after = std::chrono::milliseconds(20)}}) {}
};

TEST_F(LetGoTest, GoesOnOnAnotherLoopThanTheOneThatHasLetGo) {
  ASSERT_TRUE(read(client_, heard_, "\r\n0\r\n\r\n")) << heard_;
  EXPECT_THAT(heard_, HasSubstr("retry: 500\n\n"));
  EXPECT_THAT(heard_, Not(HasSubstr("\"result\"")));
  auto other = connect_to_another_loop();
  other.send(take_up(session_, id_of("0")));
  std::string rest;
  EXPECT_TRUE(read(other, rest, step(1))) << rest;
  take_step(2);
  EXPECT_TRUE(read(other, rest, step(2))) << rest;
  skill_->end();
  EXPECT_TRUE(read(other, rest, "\r\n0\r\n\r\n")) << rest;
  EXPECT_THAT(rest, HasSubstr("\"result\""));
  EXPECT_THAT(rest, Not(HasSubstr("retry: "))) << "it is let go of once";
}

TEST_F(CutTest, AnswersWhoComesBackWhenTheCallHasEnded) {
  client_.reset();
  take_step(2);
  skill_->end();
  rack_.rack.wait_for_calls();
  auto other = connect_to_another_loop();
  other.send(take_up(session_, id_of("1")));
  const auto rest = other.read_reply().value_or(net::RawReply{});
  EXPECT_THAT(rest.body, HasSubstr(step(2)));
  EXPECT_THAT(rest.body, HasSubstr("\"result\""));
}

}  // namespace
}  // namespace toolrack::mcp
