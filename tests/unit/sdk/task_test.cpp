#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

namespace toolrack::testing {
namespace {

using namespace std::chrono_literals;

/// Counts the objects of one test, to see frames come and go.
struct Tracked {
  explicit Tracked(int* alive) : alive_(alive) { ++*alive_; }
  Tracked(Tracked&& other) noexcept : alive_(other.alive_) { ++*alive_; }
  ~Tracked() { --*alive_; }
  int* alive_;
};

int alive_objects = 0;

class Tasks final : public Plugin {
 public:
  explicit Tasks(const Host& host) : Plugin(host) {
    skill<&Tasks::nested>("nested");
    skill<&Tasks::catches>("catches");
    skill<&Tasks::move_only>("move_only");
    skill<&Tasks::delegates>("delegates");
    skill<&Tasks::deep>("deep");
    skill<&Tasks::dropped_helper>("dropped_helper");
    skill<&Tasks::parallel>("parallel");
    skill<&Tasks::drops_op>("drops_op");
    skill<&Tasks::cancels_op>("cancels_op");
    skill<&Tasks::asks_two>("asks_two");
    skill<&Tasks::unwinds_with_pending>("unwinds_with_pending");
    skill<&Tasks::asks_in_helper>("asks_in_helper");
    skill<&Tasks::sleeps>("sleeps");
    skill<&Tasks::aggregate>("aggregate");
  }

 private:
  struct Pair {
    std::string a, b;
  };

  Async<std::string> fetch(Call call, std::string url) {
    const Tracked tracked(&alive_objects);
    HttpRequest request("GET", std::move(url));
    const Reply reply = co_await call.http(request);
    if (!reply.ok()) throw std::runtime_error("HTTP " + std::to_string(reply.number()));
    co_return reply.body().str();
  }
  Async<void> pause(Call call) {
    co_await call.after(1s);
    co_await call.after(1s);
  }
  Async<int> depth(Call call, int n) {
    if (n == 0) {
      co_await call.after(1ms);
      co_return 0;
    }
    const int below = co_await depth(call, n - 1);
    co_return below + 1;
  }
  Async<Pair> both(Call call) {
    co_await call.after(1ms);
    co_return Pair{"left side of the pair, long", "right side of the pair, long"};
  }

  Task nested(Call call) {
    co_await pause(call);
    const std::string first = co_await fetch(call, "https://a.test/");
    const std::string second = co_await fetch(call, "https://b.test/" + first);
    co_return Reply::json(json_quote(first + second));
  }
  Task catches(Call call) {
    std::string what;
    try {
      co_await fetch(call, "https://a.test/");
    } catch (const std::exception& e) {
      what = e.what();
    }
    co_await call.after(1s);  // The frame goes on after the exception.
    co_return Reply::json(json_quote(what));
  }
  Task move_only(Call call) {
    auto owned = std::make_unique<std::string>("moved through");
    co_await call.after(1s);
    auto moved = std::move(owned);
    const Tracked tracked(&alive_objects);
    co_await call.after(1s);
    co_return Reply::json(json_quote(*moved));
  }
  Task delegates(Call call) {
    Reply reply = co_await move_only(call);
    co_return reply;
  }
  Task deep(Call call) {
    const int n = co_await depth(call, 1000);
    co_return Reply::json(std::to_string(n));
  }
  Task dropped_helper(Call call) {
    { auto never_awaited = fetch(call, "https://never.test/"); }
    co_return Reply::json("1");
  }
  Task parallel(Call call) {
    HttpRequest one("GET", "https://a.test/"), two("GET", "https://b.test/");
    Op first = call.http(one);
    Op second = call.http(two);
    const Reply b = co_await second;
    const Reply a = co_await first;
    co_return Reply::json("[\"" + a.body() + "\",\"" + b.body() + "\"]");
  }
  Task drops_op(Call call) {
    const HttpRequest request("GET", "https://slow.test/");
    {
      Op forgotten = call.http(request);
      static_cast<void>(forgotten.is_done());
    }
    co_return Reply::json("1");
  }
  Task cancels_op(Call call) {
    const HttpRequest request("GET", "https://slow.test/");
    Op op = call.http(request);
    op.cancel();
    const Reply reply = co_await op;
    co_return Reply::json(std::to_string(reply.status()));
  }
  Task asks_two(Call call) {
    const Tracked tracked(&alive_objects);
    Op name = call.ask_form("name", "Name?", "{}");
    Op color = call.ask_form("color", "Colour?", "{}");
    const Reply first = co_await name;
    const Reply second = co_await color;
    co_return Reply::json("[" + first.body() + "," + second.body() + "]");
  }
  Task unwinds_with_pending(Call call) {
    const Tracked tracked(&alive_objects);
    const HttpRequest request("GET", "https://slow.test/");
    Op slow = call.http(request);  // Its done comes when this frame is long gone.
    const Reply answer = co_await call.ask_form("sure", "Sure?", "{}");
    const Reply reply = co_await slow;
    co_return Reply::json("[" + answer.body() + "," + reply.body() + "]");
  }
  Async<std::string> ask_name(Call call) {
    const Tracked tracked(&alive_objects);
    const Reply reply = co_await call.ask_form("name", "Name?", "{}");
    co_return reply.body().str();
  }
  Task asks_in_helper(Call call) {
    const Tracked tracked(&alive_objects);
    const std::string name = co_await ask_name(call);
    co_return Reply::json(name);
  }
  Task sleeps(Call call) {
    const Tracked tracked(&alive_objects);
    const Reply reply = co_await call.after(1h);
    if (reply.status() == TR_CANCELLED) co_return reply;
    co_return Reply::json(std::to_string(reply.status()));
  }
  Task aggregate(Call call) {
    const Pair pair = co_await both(call);
    co_return Reply::json(json_quote(pair.a + pair.b));
  }
};

class TaskFixture : public ::testing::Test {
 protected:
  void SetUp() override { alive_objects = 0; }
  void TearDown() override { EXPECT_EQ(alive_objects, 0) << "a frame was not destroyed"; }
  FakeHost host{entry_of<Tasks>()};
};

TEST_F(TaskFixture, AwaitsHelpersThatAwaitTheHost) {
  host.on_http("GET", "https://a.test/", FakeReply(200, "one").delay(1s));
  host.on_http("GET", "https://b.test/one", FakeReply(200, "two"));
  EXPECT_EQ(host.run("nested", "{}").output, "\"onetwo\"");
}

TEST_F(TaskFixture, CarriesExceptionsFromHelpersToTheirCallers) {
  host.on_http("GET", "https://a.test/", FakeReply(500, ""));
  EXPECT_EQ(host.run("catches", "{}").output, "\"HTTP 500\"");
  host.on_http("GET", "https://a.test/", FakeReply(404, ""));
  EXPECT_EQ(host.run("nested", "{}").message, "HTTP 404");
}

TEST_F(TaskFixture, KeepsMoveOnlyLocalsAcrossWaits) {
  EXPECT_EQ(host.run("move_only", "{}").output, "\"moved through\"");
  EXPECT_EQ(host.run("delegates", "{}").output, "\"moved through\"");
}

TEST_F(TaskFixture, ReturnsAggregatesFromHelpers) {
  EXPECT_EQ(host.run("aggregate", "{}").output, "\"left side of the pair, longright side of the pair, long\"");
}

TEST_F(TaskFixture, GoesAThousandFramesDeep) { EXPECT_EQ(host.run("deep", "{}").output, "1000"); }

TEST_F(TaskFixture, ForgetsAHelperThatNobodyAwaited) { EXPECT_TRUE(host.run("dropped_helper", "{}").ok()); }

TEST_F(TaskFixture, RunsOperationsSideBySide) {
  host.on_http("GET", "https://a.test/", FakeReply(200, "a").delay(3s).always());
  host.on_http("GET", "https://b.test/", FakeReply(200, "b").delay(2s).always());
  for (int i = 0; i < 8; ++i) EXPECT_EQ(host.run("parallel", "{}").output, R"(["a","b"])");
}

TEST_F(TaskFixture, DroppingAnOperationCancelsIt) {
  host.on_http("GET", "https://slow.test/", FakeReply(200, "late").delay(1h));
  EXPECT_TRUE(host.run("drops_op", "{}").ok());
}

TEST_F(TaskFixture, ACancelledOperationStillAnswers) {
  host.on_http("GET", "https://slow.test/", FakeReply(200, "late").delay(1h));
  EXPECT_EQ(host.run("cancels_op", "{}").output, "1");
}

TEST_F(TaskFixture, QuestionsOfOneFrameTravelTogether) {
  host.answer("name", "\"Ada\"");
  host.answer("color", "\"red\"");
  const Outcome outcome = host.run("asks_two", "{}");
  EXPECT_EQ(outcome.output, R"(["Ada","red"])");
  EXPECT_EQ(outcome.questions.size(), 2u);
  EXPECT_EQ(outcome.runs, 2);
}

TEST_F(TaskFixture, UnwindsWhileAnotherOperationIsUnderWay) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    HostOptions options;
    FakeHost other(entry_of<Tasks>(), options.seed(seed));
    other.on_http("GET", "https://slow.test/", FakeReply(200, "7").delay(seed % 2 == 0 ? 0s : 5s).always());
    other.answer("sure", "true");
    EXPECT_EQ(other.run("unwinds_with_pending", "{}").output, "[true,7]");
  }
}

TEST_F(TaskFixture, UnwindsThroughHelpers) {
  const Outcome open = host.run("asks_in_helper", "{}");
  EXPECT_EQ(open.status, TR_SUSPENDED);
  EXPECT_EQ(alive_objects, 0) << "the frames are destroyed while the question is open";
  host.answer("name", "\"Ada\"");
  host.drain();
  EXPECT_EQ(host.outcome(0).output, "\"Ada\"");
}

TEST_F(TaskFixture, CancellationReachesTheCoroutine) {
  const std::size_t call = host.begin("sleeps", "{}");
  host.cancel(call);
  host.drain();
  EXPECT_EQ(host.outcome(call).status, TR_CANCELLED);
}

TEST_F(TaskFixture, DeadlineEndsTheWait) {
  CallOptions options;
  EXPECT_EQ(host.run("sleeps", "{}", options.deadline_in(10s)).status, TR_CANCELLED);
}

TEST_F(TaskFixture, CarriesAThousandSuspendedCallsAtOnce) {
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    HostOptions options;
    FakeHost crowd(entry_of<Tasks>(), options.seed(seed));
    crowd.on_http("GET", "https://a.test/", FakeReply(200, "a").delay(3s).always());
    crowd.on_http("GET", "https://b.test/*", FakeReply(200, "b").delay(2s).always());
    std::vector<std::size_t> calls;
    for (int i = 0; i < 500; ++i) {
      calls.push_back(crowd.begin("nested", "{}"));
      calls.push_back(crowd.begin("parallel", "{}"));
    }
    for (const std::size_t call : calls) EXPECT_FALSE(crowd.is_finished(call));
    crowd.drain();
    for (std::size_t i = 0; i < calls.size(); ++i) {
      EXPECT_EQ(crowd.outcome(calls[i]).output, i % 2 == 0 ? "\"ab\"" : R"(["a","b"])");
    }
  }
}

TEST_F(TaskFixture, AThousandOpenQuestionsHoldNoFrames) {
  for (int i = 0; i < 1000; ++i) host.begin("asks_in_helper", "{}");
  host.drain();
  EXPECT_EQ(alive_objects, 0);
  host.answer("name", "1");
  host.drain();
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(host.outcome(i).output, "1");
}

}  // namespace
}  // namespace toolrack::testing
