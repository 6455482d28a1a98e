#include <toolrack/testing.hpp>

#include <gtest/gtest.h>

#include <stdexcept>

namespace toolrack::testing {
namespace {

using namespace std::chrono_literals;

class Collector final : public HttpSink {
 public:
  Flow head(const Reply& reply) noexcept override {
    status = reply.number();
    return status == 200 ? Flow::kMore : Flow::kStop;
  }
  Flow chunk(std::string_view bytes) noexcept override {
    ++chunks;
    text += bytes;
    return chunks == 2 ? Flow::kPause : Flow::kMore;
  }
  std::int64_t status = 0;
  int chunks = 0;
  std::string text;
};

class Uses final : public Plugin {
 public:
  explicit Uses(const Host& host) : Plugin(host) {
    skill<&Uses::reports>("reports");
    skill<&Uses::streams>("streams");
    skill<&Uses::drops_stream>("drops_stream");
    skill<&Uses::fetches>("fetches");
    skill<&Uses::calls_tool>("calls_tool");
    skill<&Uses::composes>("composes");
    skill<&Uses::uses_kv>("uses_kv");
    skill<&Uses::uses_assets>("uses_assets");
    skill<&Uses::reads_up>("reads_up");
    skill<&Uses::blocks>("blocks");
    skill<&Uses::waits>("waits");
    skill<&Uses::checkpoints>("checkpoints");
    skill<&Uses::checkpoints_much>("checkpoints_much");
    skill<&Uses::asks_all>("asks_all");
    skill<&Uses::pays_once>("pays_once");
    skill<&Uses::repeats_itself>("repeats_itself");
  }
  tr_status start(const tr_start&) override {
    spawn(poll(background()));
    return TR_OK;
  }

 private:
  Task poll(Call call) {
    int rounds = 0;
    while (true) {
      const Reply tick = co_await call.after(60s);
      if (!tick.ok()) break;
      host().list_changed(TR_LIST_SKILLS);
      if (++rounds == 3) throw std::runtime_error("background work may fail");
    }
    co_return Reply();
  }

  Task reports(Call call) {
    call.progress(1, 2, "half");
    call.log(TR_LOG_WARNING, "careful", R"({"a":1})");
    call.meter("page", 3'000'000);
    call.meter("page", 1'000'000);
    int paused = 0;
    for (int i = 0; i < 9; ++i) {
      const Call::Flow flow = call.emit(Part::text(std::to_string(i)));
      if (flow == Call::Flow::kStop) break;
      if (flow == Call::Flow::kPause) {
        ++paused;
        co_await call.writable();
      }
    }
    co_return Reply::json(std::to_string(paused));
  }
  Task streams(Call call) {
    Collector sink;
    const HttpRequest request("GET", "https://big.test/");
    Op op = call.stream(request, sink);
    while (sink.chunks < 2 && !op.is_done()) co_await call.after(1ms);
    op.resume();
    const Reply reply = co_await op;
    co_return Reply::json("[" + std::to_string(sink.status) + "," + std::to_string(sink.text.size()) + "," +
                          std::to_string(reply.status()) + "," + std::to_string(reply.body().size()) + "]");
  }
  Task drops_stream(Call call) {
    {
      Collector sink;
      const HttpRequest request("GET", "https://big.test/");
      Op op = call.stream(request, sink);
      while (sink.chunks < 1) co_await call.after(1ms);
    }
    co_await call.after(1s);  // Chunks that still come find no sink.
    co_return Reply::json("1");
  }
  Task fetches(Call call) {
    HttpRequest request("POST", "/v1/items");
    const std::string piece = "borrowed";
    request.json("{}").body_borrowed(piece).body_asset("asset-1").header("X-Trace", "1").provider("shop");
    request.credential("other").timeout(250ms).max_bytes(5).no_redirect().no_retry();
    const Reply reply = co_await call.http(request);
    co_return Reply::json("[" + json_quote(reply.body()) + "," + std::to_string(reply.result_flags()) + "]");
  }
  Task calls_tool(Call call) {
    const Reply links = co_await call.tool("firecrawl.links", R"({"url":"x"})");
    if (!links.ok()) co_return links;
    const Reply list = co_await call.list_tools("seo.*");
    co_return Reply::json("[" + links.body() + "," + list.body() + "]");
  }
  /// Two at once; what the second costs is told by the first's reply.
  Task composes(Call call) {
    Op one = call.tool("shop.price", R"({"id":1})");
    Op other = call.tool("shop.price", R"({"id":2})", R"({"max_price":"0.01","backend":{"sort":"price"}})");
    const Reply first = co_await one;
    const Reply second = co_await other;
    if (second.status() == TR_PAYMENT_REQUIRED) co_return Reply::json("[" + first.body() + ",null]");
    co_return Reply::json("[" + first.body() + "," + second.body() + "," + first.meta() + "]");
  }
  Task uses_kv(Call call) {
    const Reply absent = co_await call.kv_get(TR_KV_ACCOUNT, "a");
    co_await call.kv_put(TR_KV_ACCOUNT, "a", "1");
    co_await call.kv_put(TR_KV_ACCOUNT, "ab", "2", 10s);
    const std::string_view wrong = "9", right = "1";
    const Reply lost = co_await call.kv_replace(TR_KV_ACCOUNT, "a", &wrong, "5");
    const Reply won = co_await call.kv_replace(TR_KV_ACCOUNT, "a", &right, "5");
    const Reply taken = co_await call.kv_replace(TR_KV_ACCOUNT, "a", nullptr, "6");
    const Reply rows = co_await call.kv_scan(TR_KV_ACCOUNT, "a", "", 10);
    co_await call.after(11s);
    const Reply expired = co_await call.kv_get(TR_KV_ACCOUNT, "ab");
    co_await call.kv_remove(TR_KV_ACCOUNT, "a");
    const Reply gone = co_await call.kv_get(TR_KV_ACCOUNT, "a");
    std::string out;
    for (const Reply* reply : {&absent, &lost, &won, &taken, &expired, &gone})
      out += std::to_string(reply->status()) + ",";
    co_return Reply::json("[" + out + std::to_string(rows.fields().size()) + "," + lost.body() + "]");
  }
  Task reads_up(Call call) {
    const Reply scripted = co_await call.knowledge("why is it slow", 2);
    if (!scripted.ok()) co_return scripted;
    const Reply none = co_await call.knowledge(call.input());
    co_return Reply::json("[" + scripted.body() + "," + none.body() + "]");
  }
  Task uses_assets(Call call) {
    const Reply put = co_await call.asset_put("a.txt", "text/plain", "0123456789");
    const Reply writer = co_await call.asset_open("b.txt", "text/plain");
    co_await call.asset_append(writer.number(), "ab");
    co_await call.asset_append(writer.number(), "cd");
    const Reply closed = co_await call.asset_close(writer.number());
    const Reply middle = co_await call.asset_read("asset-1", 2, 3);
    const Reply stat = co_await call.asset_stat("asset-2");
    const Reply none = co_await call.asset_stat("asset-9");
    co_return Reply::json("[" + json_quote(middle.body()) + "," + stat.body() + "," + std::to_string(none.status()) +
                          "," + (put.ok() && closed.ok() ? "true" : "false") + "]");
  }
  Task blocks(Call call) {
    std::string text = "computed elsewhere, longer than a small string";
    auto work = [text] { return text + "!"; };
    const std::string result = co_await call.blocking(work);
    auto fails = [] { throw std::runtime_error("disk full"); };
    std::string what;
    try {
      co_await call.blocking(fails);
    } catch (const std::exception& e) {
      what = e.what();
    }
    co_return Reply::json("[" + json_quote(result) + "," + json_quote(what) + "]");
  }
  /// A straight-line function: for skills whose manifest says `mode: blocking`.
  Reply waits(Call& call) {
    const HttpRequest one("GET", "https://a.test/"), two("GET", "https://b.test/");
    Op first = call.http(one), second = call.http(two);
    const Reply b = second.wait();
    if (!b.ok()) return b;
    const Reply a = first.wait();
    return Reply::json("\"" + a.body() + b.body() + "\"");
  }
  Task checkpoints(Call call) {
    if (!call.checkpoint().empty()) co_return Reply::json("\"resumed at " + call.checkpoint() + "\"");
    co_await call.save_checkpoint("page 7");
    throw std::runtime_error("crash");
  }
  Task checkpoints_much(Call call) {
    const std::string bytes = call.input().str().substr(std::string("{\"bytes\":").size());
    const std::string state(std::stoul(bytes), 'x');
    co_return co_await call.save_checkpoint(state);
  }
  Task asks_all(Call call) {
    Op url = call.ask_url("pay", "Pay there", "https://pay.test/");
    Op sample = call.ask_sample("guess", R"({"messages":[]})");
    Op roots = call.ask_roots("roots");
    const Reply a = co_await url, b = co_await sample, c = co_await roots;
    const std::string guess = b.ok() ? b.body().str() : "null";
    co_return Reply::json("[" + std::to_string(a.status()) + "," + guess + "," + std::to_string(c.status()) + "]");
  }
  Task pays_once(Call call) {
    const Reply begun = co_await call.once_begin("pay");
    if (!begun.ok()) co_return begun;
    if (!stored(begun)) {
      const HttpRequest request("POST", "https://pay.test/");
      const Reply paid = co_await call.http(request);
      co_await call.once_end("pay", paid);
      if (!paid.ok()) co_await call.ask_form("retry", "Again?", "{}");
    }
    const Reply again = co_await call.once_begin("pay");
    co_return Reply::json("[" + std::to_string(again.status()) + "," + (stored(again) ? "true" : "false") + "]");
  }
  Task repeats_itself(Call call) {
    const auto first = call.unix_time();
    const std::uint64_t dice = call.random();
    co_await call.after(5s);
    const auto second = call.unix_time();
    co_await call.ask_form("go", "Go?", "{}");
    co_return Reply::json("[" + std::to_string(first.count()) + "," + std::to_string(dice) + "," +
                          std::to_string((second - first) / 1s) + "]");
  }
};

class CallFixture : public ::testing::Test {
 protected:
  FakeHost host{entry_of<Uses>()};
};

TEST_F(CallFixture, ReportsProgressLogsMetersAndPartials) {
  const Outcome outcome = host.run("reports", "{}");
  EXPECT_EQ(outcome.output, "2");
  ASSERT_EQ(outcome.progress.size(), 1u);
  EXPECT_EQ(outcome.progress[0].note, "half");
  EXPECT_EQ(outcome.meters.at("page"), 4'000'000);
  EXPECT_EQ(outcome.partials.size(), 9u);
  ASSERT_EQ(host.logs().size(), 1u);
  EXPECT_EQ(host.logs()[0].level, TR_LOG_WARNING);
}

TEST_F(CallFixture, StopsWhenNobodyListens) {
  CallOptions options;
  const Outcome outcome = host.run("reports", "{}", options.flags(0));
  EXPECT_TRUE(outcome.partials.empty());
  EXPECT_TRUE(outcome.progress.empty());
}

TEST_F(CallFixture, StreamsWithPauses) {
  host.on_http("GET", "https://big.test/", FakeReply(200, std::string(50'000, 'x')).chunk_size(1000));
  EXPECT_EQ(host.run("streams", "{}").output, "[200,50000,0,0]");
}

TEST_F(CallFixture, EndsAStreamThatTheSinkDoesNotWant) {
  host.on_http("GET", "https://big.test/", FakeReply(404, "not found"));
  EXPECT_EQ(host.run("streams", "{}").output, "[404,0,0,0]");
}

TEST_F(CallFixture, ADroppedStreamLeavesItsSinkAlone) {
  host.on_http("GET", "https://big.test/", FakeReply(200, std::string(50'000, 'x')).chunk_size(1000));
  EXPECT_TRUE(host.run("drops_stream", "{}").ok());
}

TEST_F(CallFixture, SendsEverythingARequestSays) {
  host.on_http("POST", "/v1/items", FakeReply(201, "0123456789"));
  EXPECT_EQ(host.run("fetches", "{}").output, R"(["01234",4])");
  ASSERT_EQ(host.requests().size(), 1u);
  const SentRequest& sent = host.requests()[0];
  EXPECT_EQ(sent.body, "{}borrowed");
  EXPECT_EQ(sent.body_assets, std::vector<std::string>{"asset-1"});
  EXPECT_EQ(sent.header("Content-Type"), "application/json");
  EXPECT_EQ(sent.header("x-trace"), "1");
  EXPECT_EQ(sent.provider, "shop");
  EXPECT_EQ(sent.credential, "other");
  EXPECT_EQ(sent.timeout_ms, 250u);
  EXPECT_EQ(sent.flags, std::uint32_t{TR_HTTP_NO_REDIRECT | TR_HTTP_NO_RETRY});
}

TEST_F(CallFixture, KeepsLargeBodiesWithoutCopyAndReleasesThem) {
  host.on_tool("firecrawl.links", FakeReply(0, '"' + std::string(100'000, 'l') + '"'));
  EXPECT_EQ(host.run("calls_tool", "{}").output.size(), 100'017u);
  EXPECT_EQ(host.tool_calls()[0].second, R"({"url":"x"})");
}

TEST_F(CallFixture, CallsSeveralToolsAtOnceWithOptions) {
  host.on_tool("shop.price", FakeReply(0, "5").meta(R"({"cost":0.01})"));
  host.on_tool("shop.price", FakeReply(0, "7"));
  EXPECT_EQ(host.run("composes", "{}").output, R"([5,7,{"cost":0.01}])");
  EXPECT_EQ(host.tool_options(), (std::vector<std::string>{"", R"({"max_price":"0.01","backend":{"sort":"price"}})"}));
}

TEST_F(CallFixture, SeesThatAToolIsTooDear) {
  host.on_tool("shop.price", FakeReply(0, "5"));
  host.on_tool("shop.price", FakeReply::failure(TR_PAYMENT_REQUIRED, "price_too_high", "too dear", TR_RESULT_NOT_SENT));
  EXPECT_EQ(host.run("composes", "{}").output, "[5,null]");
}

TEST_F(CallFixture, PassesAnotherToolsFailureOn) {
  host.on_tool("firecrawl.links", FakeReply::failure(TR_TOOL_ERROR, "firecrawl.blocked", "robots.txt").hint("ask"));
  const Outcome outcome = host.run("calls_tool", "{}");
  EXPECT_EQ(outcome.status, TR_TOOL_ERROR);
  EXPECT_EQ(outcome.code, "firecrawl.blocked");
  EXPECT_EQ(outcome.hint, "ask");
}

TEST_F(CallFixture, KeepsValues) { EXPECT_EQ(host.run("uses_kv", "{}").output, "[5,10,0,10,5,5,2,1]"); }

TEST_F(CallFixture, WritesAndReadsAssets) {
  EXPECT_EQ(host.run("uses_assets", "{}").output,
            R"(["234",{"id":"asset-2","media_type":"text/plain","bytes":4},5,true])");
  EXPECT_EQ(host.asset(2), "abcd");
}

TEST_F(CallFixture, SearchesWhatItsToolBrings) {
  host.on_knowledge("why is it *", FakeReply(0, R"({"results":[{"document":"speed"}],"method":"words"})"));
  EXPECT_EQ(host.run("reads_up", R"({"a":"\"quoted\""})").output,
            R"([{"results":[{"document":"speed"}],"method":"words"},{"results":[],"method":"words"}])");
  HostOptions options;
  FakeHost poor(entry_of<Uses>(), options.without(TR_SERVICE_X_KNOWLEDGE));
  EXPECT_EQ(poor.run("reads_up", "{}").status, TR_UNIMPLEMENTED);
}

TEST_F(CallFixture, BlocksInThePoolAndBringsBackValuesAndExceptions) {
  EXPECT_EQ(host.run("blocks", "{}").output, R"(["computed elsewhere, longer than a small string!","disk full"])");
}

TEST_F(CallFixture, WaitsInPlaceInABlockingSkill) {
  host.on_http("GET", "https://a.test/", FakeReply(200, "a").delay(2s));
  host.on_http("GET", "https://b.test/", FakeReply(200, "b").delay(1s));
  CallOptions options;
  EXPECT_EQ(host.run("waits", "{}", options.blocking()).output, "\"ab\"");
}

TEST_F(CallFixture, RefusesToWaitInPlaceElsewhere) {
  host.on_http("GET", "https://a.test/", FakeReply(200, "a").delay(2s));
  host.on_http("GET", "https://b.test/", FakeReply(200, "b").delay(1s));
  const std::size_t call = host.begin("waits", "{}");
  EXPECT_EQ(host.outcome(call).code, "wait_outside_blocking");
  EXPECT_EQ(host.take_misuse().size(), 1u);
  host.drain();
}

TEST_F(CallFixture, ResumesFromItsCheckpoint) {
  CallOptions options;
  const Outcome crashed = host.run("checkpoints", "{}", options.job());
  EXPECT_EQ(crashed.status, TR_INTERNAL);
  EXPECT_EQ(host.run("checkpoints", "{}", options.checkpoint(crashed.checkpoint)).output, "\"resumed at page 7\"");
}

TEST_F(CallFixture, KeepsNoCheckpointOfACallThatIsNoJob) {
  const Outcome refused = host.run("checkpoints_much", R"({"bytes":1})");
  EXPECT_EQ(refused.status, TR_FAILED_PRECONDITION);
  EXPECT_EQ(refused.code, "not_a_job");
  EXPECT_EQ(refused.checkpoint, "");
}

TEST_F(CallFixture, KeepsNoCheckpointAboveTheLimit) {
  CallOptions options;
  options.job();
  EXPECT_EQ(host.run("checkpoints_much", R"({"bytes":1048576})", options).checkpoint.size(), 1'048'576U);
  const Outcome refused = host.run("checkpoints_much", R"({"bytes":1048577})", options);
  EXPECT_EQ(refused.status, TR_INVALID_ARGUMENT);
  EXPECT_EQ(refused.code, "checkpoint_too_large");
  EXPECT_EQ(refused.checkpoint, "");
}

TEST_F(CallFixture, AsksInEveryForm) {
  host.answer("pay", "{}");
  host.answer("guess", "{\"role\":\"assistant\"}");
  host.dismiss("roots");
  const Outcome outcome = host.run("asks_all", "{}");
  EXPECT_EQ(outcome.output, R"([0,{"role":"assistant"},1003])");
  ASSERT_EQ(outcome.questions.size(), 3u);
  EXPECT_EQ(outcome.questions[0].url, "https://pay.test/");
}

TEST_F(CallFixture, LearnsThatAClientCannotBeAsked) {
  CallOptions options;
  EXPECT_EQ(host.run("asks_all", "{}", options.flags(0)).output, "[12,null,12]");
}

TEST_F(CallFixture, NeverPaysAgainWhenThePaymentMayHaveArrived) {
  host.on_http("POST", "https://pay.test/", FakeReply::failure(TR_UNAVAILABLE, "reset", "cut", TR_RESULT_MAYBE_SENT));
  host.answer("retry", "{}");
  const Outcome outcome = host.run("pays_once", "{}");
  EXPECT_EQ(outcome.status, TR_ABORTED);
  EXPECT_EQ(host.requests().size(), 1u);
}

TEST_F(CallFixture, PaysOnceWhenAllGoesWell) {
  host.on_http("POST", "https://pay.test/", FakeReply(200, "receipt"));
  EXPECT_EQ(host.run("pays_once", "{}").output, "[0,true]");
}

TEST_F(CallFixture, SeesTheSameTimesAndNumbersInEveryRun) {
  const Outcome open = host.run("repeats_itself", "{}");
  EXPECT_EQ(open.status, TR_SUSPENDED);
  host.advance(1h);
  host.answer("go", "{}");
  host.drain();
  const Outcome outcome = host.outcome(0);
  EXPECT_EQ(outcome.runs, 2);
  const std::string output = outcome.output;
  EXPECT_NE(output.find(",5]"), std::string::npos) << output;
  EXPECT_EQ(output.find("[1700000001"), 0u) << output;
}

TEST_F(CallFixture, AMissingServiceIsAReplyThatNamesIt) {
  HostOptions options;
  FakeHost poor(entry_of<Uses>(), options.without(TR_SERVICE_TOOLS));
  const Outcome outcome = poor.run("calls_tool", "{}");
  EXPECT_EQ(outcome.status, TR_UNIMPLEMENTED);
  EXPECT_NE(outcome.message.find("toolrack.tools/1"), std::string::npos);
}

TEST_F(CallFixture, BackgroundWorkRunsUntilThePluginStops) {
  host.advance(150s);
  EXPECT_EQ(host.changed_lists().size(), 2u);
  host.close();
  EXPECT_EQ(host.changed_lists().size(), 2u);
}

TEST_F(CallFixture, BackgroundWorkThatThrowsEndsQuietly) {
  host.advance(1h);
  EXPECT_EQ(host.changed_lists().size(), 3u);
}

}  // namespace
}  // namespace toolrack::testing
