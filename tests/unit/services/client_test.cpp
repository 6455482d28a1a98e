#include "services/http/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

using testing::HasSubstr;
using testing::Pair;

TEST(Client, GetsABodyWithItsHeadersInLowerCase) {
  ScriptedHttpServer server;
  server.on("/prices", Reply::json(R"({"btc":1})").header("X-Part", "a").header("x-part", "b"));
  HttpFixture http;
  const auto outcome = http.get(server.url("/prices?x=1"));
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->status, 200);
  EXPECT_EQ(outcome->body, R"({"btc":1})");
  EXPECT_EQ(outcome->url, server.url("/prices?x=1"));
  EXPECT_FALSE(outcome->cut);
  std::vector<std::pair<std::string, std::string>> headers;
  for (const auto& header : outcome->headers) headers.emplace_back(header.name, header.value);
  EXPECT_THAT(headers, testing::ElementsAre(Pair("content-type", "application/json"), Pair("content-length", "9"),
                                            Pair("x-part", "a"), Pair("x-part", "b")));
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.target, "/prices?x=1");
  EXPECT_EQ(request.header("user-agent"), "toolrack/0.1");
}

TEST(Client, HoldsEveryRequestToThePolicyOfItsTime) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http;
  EXPECT_TRUE(http.get(server.url("/")));
  http.policy.publish(make_policy({}));
  const auto refused = http.get(server.url("/"));  // Over the connection that was kept, too.
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code(), ErrorCode::kEgressRefused);
  EXPECT_EQ(server.requests().size(), 1u);
  http.policy.publish(make_policy({.allow = {"127.0.0.0/8"}}));
  EXPECT_TRUE(http.get(server.url("/")));
}

TEST(Client, SendsMethodHeadersAndBodyAsGiven) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http;
  const std::string body = std::string("a\0b", 3) + std::string(2 << 20, 'x');
  for (const std::string method : {"POST", "PUT", "PATCH", "DELETE"}) {
    const auto outcome = http.send({.method = method,
                                    .url = server.url(),
                                    .headers = {{"X-Key", "k"}, {"X-Empty", ""}, {"User-Agent", "mine"}},
                                    .body = body});
    ASSERT_TRUE(outcome) << outcome.error().error.message();
    const auto request = server.requests().back();
    EXPECT_EQ(request.method, method);
    EXPECT_EQ(request.body.size(), body.size());
    EXPECT_TRUE(request.body == body);
    EXPECT_EQ(request.header("x-key"), "k");
    EXPECT_TRUE(request.has_header("x-empty"));
    EXPECT_EQ(request.header("user-agent"), "mine");
    EXPECT_FALSE(request.has_header("expect"));
    EXPECT_FALSE(request.has_header("content-type")) << "the client must not invent one";
  }
}

TEST(Client, SaysThatAnEmptyPostIsEmpty) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http;
  ASSERT_TRUE(http.send({.method = "POST", .url = server.url()}));
  EXPECT_EQ(server.requests().at(0).header("content-length"), "0");
}

TEST(Client, AnswersHeadWithoutABody) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("four"));
  HttpFixture http;
  const auto outcome = http.send({.method = "HEAD", .url = server.url()});
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, "");
  EXPECT_EQ(header_of(*outcome, "content-length"), "4");
}

TEST(Client, ReusesAConnection) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(http.get(server.url()));
  EXPECT_EQ(server.connections_accepted(), 1u);
}

TEST(Client, RunsManyRequestsAtOnceWithinItsLimitOfConnections) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http({.allow_loopback = true}, {.max_connections_per_host = 4});
  int done = 0;
  for (int i = 0; i < 200; ++i) {
    http.client->send({.url = server.url()}, nullptr,
                      [&](Outcome outcome) { done += outcome && outcome->body == "ok"; });
  }
  ASSERT_TRUE(http.run_until([&] { return done == 200; })) << done;
  EXPECT_LE(server.connections_accepted(), 4u);
}

TEST(Client, DecodesGzip) {
  ScriptedHttpServer server;
  const std::string body(100'000, 'a');
  server.on("/", Reply::gzip(body));
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_TRUE(outcome->body == body);
  EXPECT_LT(outcome->bytes_received, 2000);
  EXPECT_GT(outcome->bytes_received, 100);
}

TEST(Client, JoinsChunks) {
  ScriptedHttpServer server;
  server.on("/", Reply::chunked({"one", "two", "three"}));
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, "onetwothree");
}

TEST(Client, TakesAnErrorStatusForAnAnswer) {
  ScriptedHttpServer server;
  server.on("/", Reply::json("{}", 503).header("Retry-After", "7"));
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->status, 503);
  EXPECT_EQ(header_of(*outcome, "retry-after"), "7");
}

TEST(Client, SkipsInterimAnswers) {
  ScriptedHttpServer server;
  server.on("/", Reply::raw("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                            "HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 2\r\n\r\nok"));
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, "ok");
  EXPECT_EQ(header_of(*outcome, "link"), "");
  EXPECT_EQ(header_of(*outcome, "a"), "1");
}

TEST(Client, CountsEveryOutcome) {
  ScriptedHttpServer server;
  ScriptedHttpServer forbidden;
  server.on("/", Reply::text("ok"));
  HttpFixture http({.allow_loopback = true, .ports = {server.port()}});
  ASSERT_TRUE(http.get(server.url()));
  ASSERT_FALSE(http.get(forbidden.url()));
  ASSERT_FALSE(http.get("file:///etc/passwd"));
  EXPECT_EQ(http.metric("toolrack_http_requests_total{outcome=\"ok\"}"), "1");
  EXPECT_EQ(http.metric("toolrack_http_requests_total{outcome=\"egress_refused\"}"), "1");
  EXPECT_EQ(http.metric("toolrack_http_requests_total{outcome=\"invalid_request\"}"), "1");
  EXPECT_EQ(http.metric("toolrack_http_egress_refused_total"), "1");
  EXPECT_EQ(http.metric("toolrack_http_request_duration_seconds_count"), "3");
}

TEST(Client, CancelsWhatRunsWhenItIsDestroyed) {
  ScriptedHttpServer server;
  server.on("/", Reply::held(Reply::text("late")));
  HttpFixture http;
  std::vector<ErrorCode> codes;
  for (int i = 0; i < 3; ++i) {
    http.client->send({.url = server.url()}, nullptr, [&](Outcome outcome) {
      ASSERT_FALSE(outcome);
      codes.push_back(outcome.error().error.code());
    });
  }
  ASSERT_TRUE(http.run_until([&] { return server.requests().size() == 3; }));
  http.client.reset();
  EXPECT_THAT(codes, testing::Each(ErrorCode::kCancelled));
  EXPECT_EQ(codes.size(), 3u);
  EXPECT_TRUE(server.wait_for_open(0));
}

TEST(Client, MayBeDestroyedByItsOwnCaller) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http;
  int done = 0;
  for (int i = 0; i < 4; ++i) {
    http.client->send({.url = server.url()}, nullptr, [&](Outcome) {
      ++done;
      http.client.reset();
    });
  }
  ASSERT_TRUE(http.run_until([&] { return done == 4; }));
  http.loop.context().poll();
}

TEST(Client, TakesNewRequestsFromInsideDone) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http;
  int done = 0;
  std::function<void(Outcome)> again = [&](Outcome outcome) {
    ASSERT_TRUE(outcome);
    if (++done < 10) http.client->send({.url = server.url()}, nullptr, again);
  };
  http.client->send({.url = server.url()}, nullptr, again);
  ASSERT_TRUE(http.run_until([&] { return done == 10; }));
}

}  // namespace
}  // namespace toolrack::test
