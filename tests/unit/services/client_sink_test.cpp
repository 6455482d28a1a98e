#include <gtest/gtest.h>

#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

/// Notes what it is given, and says what the test tells it to.
class TestSink : public Sink {
 public:
  Next head(const Response& response) override {
    ++heads;
    status = response.status;
    content_type = header_of(response, "content-type");
    return on_head ? on_head() : Next::kMore;
  }
  Next body(std::string_view bytes) override {
    ++parts;
    text.append(bytes);
    return on_body ? on_body() : Next::kMore;
  }

  std::function<Next()> on_head, on_body;
  int heads = 0, parts = 0, status = 0;
  std::string content_type, text;
};

TEST(ClientSink, GetsTheBodyAsItComes) {
  ScriptedHttpServer server;
  server.on("/", Reply::held_between({"one", "two"}).header("Content-Type", "text/event-stream"));
  HttpFixture http;
  TestSink sink;
  std::optional<Outcome> outcome;
  http.client->send({.url = server.url()}, &sink, [&](Outcome result) { outcome = std::move(result); });
  ASSERT_TRUE(http.run_until([&] { return sink.text == "one"; })) << "the first part must not wait for the second";
  EXPECT_EQ(sink.heads, 1);
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.content_type, "text/event-stream");
  EXPECT_FALSE(outcome);
  server.release();
  ASSERT_TRUE(http.run_until([&] { return outcome.has_value(); }));
  ASSERT_TRUE(*outcome);
  EXPECT_EQ(sink.text, "onetwo");
  EXPECT_EQ((*outcome)->body, "");
}

TEST(ClientSink, HoldsAPausedTransferUntilItIsResumed) {
  ScriptedHttpServer server;
  server.on("/", Reply::endless(std::string(10'000, 'x')));
  HttpFixture http;
  TestSink sink;
  sink.on_body = [] { return Sink::Next::kPause; };
  std::optional<Outcome> outcome;
  const auto id = http.client->send({.url = server.url(), .max_bytes = 1ull << 40}, &sink,
                                    [&](Outcome result) { outcome = std::move(result); });
  for (int turn = 1; turn <= 20; ++turn) {
    ASSERT_TRUE(http.run_until([&] { return sink.parts == turn; })) << turn;
    EXPECT_FALSE(http.run_until([&] { return sink.parts > turn; }, 20ms)) << "paused, yet bytes came";
    http.client->resume(id);
    EXPECT_EQ(sink.parts, turn) << "the sink was called inside resume";
  }
  sink.on_body = [] { return Sink::Next::kStop; };
  ASSERT_TRUE(http.run_until([&] { return outcome.has_value(); }));
  EXPECT_TRUE(*outcome) << "a stop by the sink is a success";
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(ClientSink, LosesNothingOverPauses) {
  std::string body;
  for (int i = 0; i < 200'000; ++i) body += std::to_string(i) + ",";
  for (const bool is_compressed : {false, true}) {
    ScriptedHttpServer server;
    server.on("/", is_compressed ? Reply::gzip(body) : Reply::text(body));
    HttpFixture http;
    TestSink sink;
    RequestId id = 0;
    bool is_paused = false;
    sink.on_body = [&] {
      is_paused = sink.parts % 3 == 0;
      return is_paused ? Sink::Next::kPause : Sink::Next::kMore;
    };
    std::optional<Outcome> outcome;
    id = http.client->send({.url = server.url()}, &sink, [&](Outcome result) { outcome = std::move(result); });
    ASSERT_TRUE(http.run_until([&] {
      if (std::exchange(is_paused, false)) http.client->resume(id);
      return outcome.has_value();
    }));
    ASSERT_TRUE(*outcome) << outcome->error().error.message();
    EXPECT_GT(sink.parts, 3);
    EXPECT_TRUE(sink.text == body);
  }
}

TEST(ClientSink, MayPauseBeforeTheBody) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("body"));
  HttpFixture http;
  TestSink sink;
  sink.on_head = [] { return Sink::Next::kPause; };
  std::optional<Outcome> outcome;
  const auto id = http.client->send({.url = server.url()}, &sink, [&](Outcome result) { outcome = std::move(result); });
  ASSERT_TRUE(http.run_until([&] { return sink.heads == 1; }));
  EXPECT_FALSE(http.run_until([&] { return sink.parts > 0 || outcome; }, 30ms));
  http.client->resume(id);
  ASSERT_TRUE(http.run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(sink.text, "body");
}

TEST(ClientSink, MayStopAtTheHead) {
  ScriptedHttpServer server;
  server.on("/", Reply::endless("x"));
  HttpFixture http;
  TestSink sink;
  sink.on_head = [] { return Sink::Next::kStop; };
  const auto outcome = http.send({.url = server.url()}, &sink);
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->status, 200);
  EXPECT_EQ(sink.parts, 0);
}

TEST(ClientSink, IsCutAtMaxBytesToo) {
  ScriptedHttpServer server;
  server.on("/", Reply::endless("0123456789"));
  HttpFixture http;
  TestSink sink;
  const auto outcome = http.send({.url = server.url(), .max_bytes = 25}, &sink);
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_TRUE(outcome->cut);
  EXPECT_EQ(sink.text, "0123456789012345678901234");
}

TEST(ClientSink, MayCancelAndSendFromInside) {
  ScriptedHttpServer server;
  server.on("/", Reply::endless("x"));
  server.on("/other", Reply::text("other"));
  HttpFixture http;
  TestSink sink;
  RequestId id = 0;
  std::optional<Outcome> outcome, other;
  sink.on_body = [&] {
    http.client->cancel(id);
    if (sink.parts == 1) {
      http.client->send({.url = server.url("/other")}, nullptr, [&](Outcome result) { other = std::move(result); });
    }
    return Sink::Next::kMore;
  };
  id = http.client->send({.url = server.url()}, &sink, [&](Outcome result) { outcome = std::move(result); });
  ASSERT_TRUE(http.run_until([&] { return outcome && other; }));
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().error.code(), ErrorCode::kCancelled);
  EXPECT_EQ(sink.parts, 1) << "no byte after the cancel";
  ASSERT_TRUE(*other);
  EXPECT_EQ((*other)->body, "other");
}

TEST(ClientSink, IsCancelledWhilePaused) {
  ScriptedHttpServer server;
  server.on("/", Reply::endless(std::string(10'000, 'x')));
  HttpFixture http;
  TestSink sink;
  sink.on_body = [] { return Sink::Next::kPause; };
  std::optional<Outcome> outcome;
  const auto id = http.client->send({.url = server.url()}, &sink, [&](Outcome result) { outcome = std::move(result); });
  ASSERT_TRUE(http.run_until([&] { return sink.parts == 1; }));
  http.client->resume(id);
  http.client->cancel(id);
  ASSERT_TRUE(http.run_until([&] { return outcome.has_value(); }));
  EXPECT_EQ(outcome->error().error.code(), ErrorCode::kCancelled);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(ClientSink, IsNotAskedAboutRedirects) {
  ScriptedHttpServer server;
  server.on("/", Reply::redirect("/real"));
  server.on("/real", Reply::text("real"));
  HttpFixture http;
  TestSink sink;
  ASSERT_TRUE(http.send({.url = server.url()}, &sink));
  EXPECT_EQ(sink.heads, 1);
  EXPECT_EQ(sink.status, 200);
  EXPECT_EQ(sink.text, "real");
}

}  // namespace
}  // namespace toolrack::test
