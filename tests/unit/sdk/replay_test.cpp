/// Skills that are answered from recorded calls.
#include <toolrack/testing.hpp>

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace toolrack::testing {
namespace {

using namespace std::chrono_literals;

class Skills final : public Plugin {
 public:
  explicit Skills(const Host& host) : Plugin(host) {
    skill<&Skills::orders>("orders");
    skill<&Skills::looks_around>("looks_around");
    skill<&Skills::races>("races");
    skill<&Skills::gives_up>("gives_up");
    skill<&Skills::streams>("streams");
    skill<&Skills::uploads>("uploads");
  }

 private:
  static std::string hex(std::uint64_t value) {
    char text[24];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
    return text;
  }
  /// Sends its input.
  Task orders(Call call) {
    HttpRequest request("POST", "/orders");
    request.header("x-kind", "order").json(call.input().str());
    const Reply reply = co_await call.http(request);
    if (!reply.ok()) co_return Reply::error(reply.status(), reply.code().str(), reply.message().str());
    co_return Reply::json(reply.body().str());
  }
  Task looks_around(Call call) {
    const std::int64_t now = call.unix_time().count();
    const std::int64_t later = call.unix_time().count();
    const std::int64_t left = (*call.deadline() - call.monotonic()).count();
    const std::uint64_t chance = call.random();
    const Reply waited = co_await call.after(1h);
    co_return Reply::json("[" + std::to_string(now) + "," + std::to_string(later) + "," + std::to_string(left) + ",\"" +
                          hex(chance) + "\"," + std::to_string(waited.status()) + "]");
  }
  class Noter final : public HttpSink {
   public:
    Noter(std::string& order, char letter) : order_(order), letter_(letter) {}
    Flow head(const Reply&) noexcept override {
      order_ += letter_;
      return Flow::kMore;
    }
    Flow chunk(std::string_view) noexcept override { return Flow::kMore; }

   private:
    std::string& order_;
    const char letter_;
  };
  /// Three requests side by side; says in which order they were answered.
  Task races(Call call) {
    const HttpRequest first("GET", "https://a.test/1"), second("GET", "https://a.test/2");
    const HttpRequest third("GET", "https://a.test/3");
    std::string order;
    Noter one(order, '1'), two(order, '2'), three(order, '3');
    Op op_one = call.stream(first, one), op_two = call.stream(second, two), op_three = call.stream(third, three);
    co_await op_one;
    co_await op_two;
    co_await op_three;
    co_return Reply::json(order);
  }
  /// Waits for a minute, unless the far end is faster; then the minute is taken back.
  Task gives_up(Call call) {
    Op minute = call.after(60s);
    const HttpRequest request("GET", "https://a.test/1");
    const Reply reply = co_await call.http(request);
    const bool was_over = minute.is_done();
    minute.cancel();
    const Reply timer = co_await minute;
    co_return Reply::json(std::string(was_over ? "[true," : "[false,") + std::to_string(timer.status()) + "," +
                          std::to_string(reply.number()) + "]");
  }
  Task uploads(Call call) {
    const Reply put = co_await call.asset_put("a.txt", "text/plain", "0123");
    HttpRequest request("PUT", "https://a.test/1");
    const std::string before = "<", after = ">";
    request.body_borrowed(before).body_asset("asset-1").body_borrowed(after).to_asset("b.txt", "text/plain");
    const Reply reply = co_await call.http(request);
    co_return Reply::json(reply.body().str());
  }
  class Keeper final : public HttpSink {
   public:
    Flow head(const Reply& reply) noexcept override {
      status = reply.number();
      return Flow::kMore;
    }
    Flow chunk(std::string_view bytes) noexcept override {
      text += bytes;
      return text.size() < 4 || !stops ? Flow::kMore : Flow::kStop;
    }
    std::int64_t status = 0;
    bool stops = false;
    std::string text;
  };
  /// What came, and how it ended; input "stop": it has enough after the first bytes.
  Task streams(Call call) {
    Keeper keeper;
    keeper.stops = call.input().str() == "\"stop\"";
    const HttpRequest request("GET", "https://a.test/1");
    const Reply reply = co_await call.stream(request, keeper);
    co_return Reply::json("[" + std::to_string(keeper.status) + "," + json_quote(keeper.text) + "," +
                          std::to_string(reply.status()) + "," + std::to_string(reply.result_flags()) + "]");
  }
};

class Replay : public ::testing::Test {
 protected:
  Replay() : file_(::testing::TempDir() + "toolrack-replay-" + std::to_string(::getpid()) + ".json") {}
  ~Replay() override { std::filesystem::remove(file_); }

  /// A file of one call.
  const std::string& record(const std::string& skill, const std::string& operations, const std::string& output,
                            const std::string& input = "{}") {
    return write(R"({"toolrack_recording":1,"toolrack":"0.1.0","tool":"t","version":"1.0.0","skill":")" + skill +
                 R"(","call":{"tool":"t","skill":")" + skill + R"(","input":)" + input + R"(},"operations":[)" +
                 operations + R"(],"outcome":{"status":"success","output":)" + output + "}}");
  }
  const std::string& write(const std::string& text) {
    std::ofstream(file_) << text;
    return file_;
  }
  static std::string get(int number, int ended, const std::string& more = {}) {
    const std::string url = "\"https://a.test/" + std::to_string(number) + '"';
    return R"({"service":"http.send","request":{"headers":[],"method":"GET","url":)" + url +
           R"(},"reply":{"status":200,"url":)" + url + R"(,"headers":[],"body":"abcdefgh","bytes_received":8)" + more +
           R"(},"ended":)" + std::to_string(ended) + '}';
  }
  const std::string& order_of_two() {
    return record("orders",
                  R"({"service":"http.send","request":{"body":"{\"n\":2}","credential":"shop",
                      "headers":[["x-kind","order"],["content-type","application/json"]],"method":"POST",
                      "url":"https://shop.test/v2/orders"},
                      "reply":{"status":200,"url":"https://shop.test/v2/orders","headers":[],"body":"{\"id\": 7}",
                      "bytes_received":9},"ended":1})",
                  R"({"id":7})", R"({"n":2})");
  }
  static CallOptions shop() { return CallOptions().backend("shop", "http://localhost:1/v2/"); }
  /// What replay() throws.
  template <class Run>
  static std::string divergence(Run run) {
    try {
      run();
    } catch (const Diverged& e) {
      return e.what();
    }
    return "none";
  }
  static void expect_line(const std::string& said, const std::string& line) {
    EXPECT_NE(said.find(line), std::string::npos) << said;
  }

  FakeHost host{entry_of<Skills>()};

 private:
  const std::string file_;
};

TEST_F(Replay, RunsTheRecordedCall) {
  const Outcome outcome = host.replay(order_of_two(), shop());
  EXPECT_TRUE(outcome.ok()) << outcome.message;
  EXPECT_EQ(outcome.output, R"({"id": 7})");
  ASSERT_EQ(host.requests().size(), 1u);
  EXPECT_EQ(host.requests().front().body, R"({"n":2})");
}

TEST_F(Replay, ShowsWhichMemberOfARequestIsAnother) {
  const std::string file = order_of_two();
  const std::string said = divergence([&] { host.replay(file, "orders", R"({"n":3})", shop()); });
  expect_line(said, "the call asked for http.send");
  expect_line(said, "which is not in the record; the nearest there is operation 1:\n  /body/n: recorded 2, asked 3");
  expect_line(said, "the call did not ask for operation 1: http.send");
  expect_line(said, "/status: recorded \"success\", asked \"error\"");
  const std::string other_path =
      divergence([&] { host.replay(file, CallOptions().backend("shop", "https://shop.test/v1")); });
  expect_line(other_path, "/url: recorded \"https://shop.test/v2/orders\", asked \"https://shop.test/v1/orders\"");
}

TEST_F(Replay, TakesPathsFromTheManifestToo) {
  const std::string file = order_of_two();
  FakeHost other(entry_of<Skills>(), HostOptions().manifest(R"({"providers":{"shop":{"base_url":"https://x/v2"}}})"));
  expect_line(divergence([&] { other.replay(file); }), "asked \"https://shop.test/orders\"");  // It names no provider.
  EXPECT_TRUE(other.replay(file, shop()).ok());
}

TEST_F(Replay, TellsTimeAndChanceOfTheRecord) {
  const std::string file = record("looks_around",
                                  R"({"service":"clock.unix_ns","request":{},"reply":{"ns":1000},"ended":1},
                                     {"service":"clock.unix_ns","request":{},"reply":{"ns":2000},"ended":2},
                                     {"service":"clock.monotonic_ns","request":{},"reply":{"ns":-5000},"ended":3},
                                     {"service":"clock.random","request":{"bytes":8},"reply":{"base64":"AQIDBAUGBwg="},"ended":4},
                                     {"service":"clock.after","request":{"delay_ns":3600000000000},"reply":{},"ended":5})",
                                  R"([1000,2000,5000,"0807060504030201",0])");
  const Outcome outcome = host.replay(file, CallOptions().deadline_in(10s));
  EXPECT_EQ(outcome.output, R"([1000,2000,5000,"0807060504030201",0])") << "an hour passes within a deadline of 10 s";
}

TEST_F(Replay, NotesTimeAndChanceThatAreNotInTheRecord) {
  const std::string file = record("looks_around", "", "null");
  const std::string said = divergence([&] { host.replay(file, CallOptions().deadline_in(10s)); });
  expect_line(said, "the record has no further clock.unix_ns");
  expect_line(said, "the record has no further clock.random");
  expect_line(said, "clock.after {\"delay_ns\":3600000000000}, which is not in the record");
}

TEST_F(Replay, EndsWhatRanSideBySideInTheRecordedOrder) {
  const std::string file = record("races", get(1, 3) + ',' + get(2, 1) + ',' + get(3, 2), "231");
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    FakeHost other(entry_of<Skills>(), HostOptions().seed(seed));
    EXPECT_EQ(other.replay(file).output, "231");
  }
}

TEST_F(Replay, LeavesOpenWhatWasTakenBackUntilItIsTakenBackAgain) {
  const std::string minute = R"({"service":"clock.after","request":{"delay_ns":60000000000},"reply":null,"ended":)";
  EXPECT_EQ(host.replay(record("gives_up", minute + "0}," + get(1, 1), "[false,1,200]")).output, "[false,1,200]");
  const std::string file = record("gives_up", minute + "1}," + get(1, 2), "[true,0,200]");
  EXPECT_EQ(host.replay(file).output, "[true,0,200]") << "the control: a timer that ended first";
}

TEST_F(Replay, GivesASinkWhatCameBeforeTheEnd) {
  EXPECT_EQ(host.replay(record("streams", get(1, 1), R"([200,"abcdefgh",0,0])")).output, R"([200,"abcdefgh",0,0])");
  const std::string failure =
      R"(,"failure":{"code":"provider_error","name":"broke_off","message":"gone","hint":"","sent":"maybe"})";
  const std::string broken =
      "[200,\"abcdefgh\"," + std::to_string(TR_UNAVAILABLE) + ',' + std::to_string(TR_RESULT_MAYBE_SENT) + ']';
  EXPECT_EQ(host.replay(record("streams", get(1, 1, failure), broken)).output, broken);
  const std::string enough = "[200,\"abcdefgh\",0," + std::to_string(TR_RESULT_CUT) + ']';
  EXPECT_EQ(host.replay(record("streams", get(1, 0, failure), enough, "\"stop\"")).output, enough);
}

TEST_F(Replay, ComparesBodiesMadeOfAssetsAndTellsAssetsBySize) {
  const auto uploads = [&](const std::string& body, int size) {
    return record("uploads",
                  R"({"service":"http.send","request":{"body":")" + body +
                      R"(","headers":[],"method":"PUT","url":"https://a.test/1"},
                  "reply":{"status":200,"headers":[["content-type","text/plain"]],"body":"abc"},"ended":1})",
                  R"({"id":"as_00000000000000000000000000000000","media_type":"text/plain","bytes":)" +
                      std::to_string(size) + R"(,"sha256":"00"})");
  };
  const std::string file = uploads("<0123>", 3);
  host.replay(file);
  EXPECT_EQ(host.asset(2), "abc");
  FakeHost second(entry_of<Skills>()), third(entry_of<Skills>());
  expect_line(divergence([&] { second.replay(uploads("<>", 3)); }), "/body: recorded \"<>\", asked \"<0123>\"");
  expect_line(divergence([&] { third.replay(uploads("<0123>", 4)); }), "/output/bytes: recorded 4, asked 3");
}

TEST_F(Replay, FailsAsTheFarEndDid) {
  const std::string file = write(
      R"({"toolrack_recording":1,"skill":"orders","call":{"input":{"n":2}},"operations":[
          {"service":"http.send","request":{"body":"{\"n\":2}","headers":[["x-kind","order"],["content-type","application/json"]],
           "method":"POST","url":"https://shop.test/orders"},
           "reply":{"failure":{"code":"timeout","message":"too slow","hint":"","sent":"maybe"}},"ended":1}],
          "outcome":{"status":"error","error":{"code":"timeout","message":"too slow"}}})");
  const Outcome outcome = host.replay(file);
  EXPECT_EQ(outcome.status, TR_DEADLINE_EXCEEDED);
  EXPECT_EQ(outcome.message, "too slow");
}

TEST_F(Replay, SaysWhatNobodyAskedForAndAnotherOutcome) {
  const std::string file = record("streams", get(1, 1) + ',' + get(2, 2), R"([200,"abcdefgh",0,1])");
  const std::string said = divergence([&] { host.replay(file); });
  expect_line(said, "the call did not ask for operation 2: http.send");
  expect_line(said, "the outcome differs (\"asked\" is this run): /output/3: recorded 1, asked 0");
}

TEST_F(Replay, LeavesTheHostAsItWas) {
  const std::string file = order_of_two();
  host.replay(file, shop());
  host.on_http("GET", "https://a.test/1", FakeReply(200, "scripted"));
  EXPECT_EQ(host.run("streams", "{}").output, R"([200,"scripted",0,0])");
}

TEST_F(Replay, RefusesWhatIsNoRecordingByName) {
  const auto refusal = [&](const std::string& file) -> std::string {
    try {
      host.replay(file);
    } catch (const Diverged&) {
      return "diverged";
    } catch (const std::runtime_error& e) {
      return e.what();
    }
    return "none";
  };
  expect_line(refusal("/nowhere/at/all.json"), "/nowhere/at/all.json cannot be read");
  expect_line(refusal(write("{}")), "is no recording");
  expect_line(refusal(write(R"({"toolrack_recording":2})")), "has format 2, and this SDK reads 1");
  expect_line(refusal(write(R"({"toolrack_recording":1})")), "has no call, or no operations");
  expect_line(refusal(write(R"({"toolrack_recording":1,"call":{},"operations":[{}]})")), "operation 1");
}

TEST(JsonValue, ReadsWhatIsJsonAndNothingElse) {
  const auto value = read_json(R"( {"b":[1,-2.5e3,true,null],"a":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\ud800"} )");
  ASSERT_TRUE(value);
  EXPECT_EQ(value->string_at("a"), "\"\\/\b\f\n\r\t\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd");
  EXPECT_EQ(value->find("b")->dump(), "[1,-2.5e3,true,null]");
  EXPECT_EQ(read_json(R"({"b":1,"a":2})")->dump(), R"({"a":2,"b":1})");
  for (const char* wrong :
       {"", "01", "[1,]", "{\"a\"}", "\"\\u12g4\"", "\"\\u-123\"", "nul", "1 2", "\"\x01\"", "\"\xff\""}) {
    EXPECT_FALSE(read_json(wrong)) << wrong;
  }
  EXPECT_TRUE(read_json(std::string(65, '[') + std::string(65, ']')));
  EXPECT_FALSE(read_json(std::string(66, '[') + std::string(66, ']')));
}

TEST(Base64, ReadsBackWhatItWrote) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    bytes += static_cast<char>(i * 7);
  }
  EXPECT_EQ(to_base64("toolrack"), "dG9vbHJhY2s=");
}

}  // namespace
}  // namespace toolrack::testing
