/// What a client may send, and how slowly. Where it matters that somebody is in time, the clock is the test's.
#include <boost/asio/post.hpp>
#include <chrono>
#include <thread>

#include "base/json.hpp"
#include "support/fake_clock.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Both clocks: the server looks at its own every few milliseconds of the machine's.
void let_pass(testing::FakeClock& clock, milliseconds time) {
  const auto end = steady_clock::now() + time;
  while (steady_clock::now() < end) std::this_thread::yield();
  clock.advance(time);
}

std::string code_of(const std::optional<RawReply>& reply) {
  if (!reply) return "no reply";
  const auto body = base::json::parse(reply->body);
  if (!body) return "no JSON: " + reply->body;
  return std::string(base::json::view(*base::json::at(*body, "/error/code")));
}

TEST(Limits, RefuseALongRequestLine) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("GET /" + std::string(9000, 'a'));
  const auto reply = client.read_reply();
  EXPECT_EQ(code_of(reply), "uri_too_long");
  EXPECT_EQ(reply->status, 414);
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Limits, RefuseALargeHeader) {
  TestServer server(echo);
  auto client = server.connect();
  client.send("GET / HTTP/1.1\r\nHost: h\r\nX-A: " + std::string(20000, 'a'));
  const auto reply = client.read_reply();
  EXPECT_EQ(code_of(reply), "headers_too_large");
  EXPECT_EQ(reply->status, 431);
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Limits, RefuseTooManyFields) {
  TestServer server(echo);
  auto client = server.connect();
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (int i = 0; i < 100; ++i) many += "A: b\r\n";
  client.send(many + "\r\n");
  EXPECT_EQ(code_of(client.read_reply()), "headers_too_large");
}

TEST(Limits, RefuseALargeBodyBeforeItIsRead) {
  std::atomic<int> handled{0};
  TestServer server([&](const Request& request, Exchange& exchange) {
    ++handled;
    echo(request, exchange);
  });
  auto client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4194305\r\nExpect: 100-continue\r\n\r\n");
  const auto reply = client.read_reply();
  EXPECT_EQ(code_of(reply), "body_too_large");
  EXPECT_EQ(reply->status, 413);
  EXPECT_NE(reply->body.find("4194304"), std::string::npos);
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_EQ(handled, 0);
}

/// The client is in the middle of sending when it is refused; it must be able to read why.
TEST(Limits, LetARefusedUploaderReadTheReply) {
  auto limits = short_limits();
  limits.linger = milliseconds(2000);
  TestServer server(echo, limits);
  auto client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
  for (int i = 0; i < 3; ++i) client.send(std::string(50'000, 'x'));
  EXPECT_EQ(code_of(client.read_reply()), "body_too_large");
}

TEST(Limits, LetAFastUploaderReadTheReplyAfterAllThatWasUnderWay) {
  const testing::FakeClock clock;
  TestServer server(echo, short_limits(), 1, clock);
  auto client = server.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n");
  // As much as the system's buffers may hold before a client looks at what came back.
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 32; ++i) ASSERT_TRUE(client.send(piece)) << i << " MiB were taken";
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 413);
}

TEST(Limits, CountAChunkedBody) {
  auto limits = short_limits();
  limits.body_bytes = 10;
  TestServer server(echo, limits);
  auto client = server.connect();
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  client.send(head + "a\r\n0123456789\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_reply()->status, 200);
  client.send(head + "9\r\n012345678\r\n2\r\n");
  EXPECT_EQ(code_of(client.read_reply()), "body_too_large");
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Limits, AreTheHandlersPerRoute) {
  TestServer server(echo);
  server.handler.limit = [](const Request& head) -> base::Result<std::size_t> {
    if (head.path == "/none") return base::fail(base::ErrorCode::kRouteNotFound, "There is no /none.");
    return head.path == "/large" ? 8u << 20 : 5u;
  };
  auto client = server.connect();
  client.send(post(std::string(5 << 20, 'x'), "/large"));
  EXPECT_EQ(client.read_reply()->status, 200);
  client.send(post("12345", "/small"));
  EXPECT_EQ(client.read_reply()->status, 200);
  client.send(post("123456", "/small"));
  EXPECT_EQ(code_of(client.read_reply()), "body_too_large");
  auto other = server.connect();
  other.send(post("1", "/none"));
  EXPECT_EQ(code_of(other.read_reply()), "route_not_found");
}

TEST(Limits, EndASlowHeader) {
  auto limits = short_limits();
  limits.header_deadline = milliseconds(60);
  testing::FakeClock clock;
  const auto start = clock.monotonic_ns();
  TestServer server(echo, limits, 1, clock);
  auto client = server.connect();
  client.send("GET / HTTP/1.1\r\nHost:");
  ASSERT_TRUE(client.wait_until_delivered());
  for (const auto end = steady_clock::now() + toolrack::test::kPatience;
       server.refused("request_timeout") == 0 && steady_clock::now() < end;)
    let_pass(clock, milliseconds(1));
  EXPECT_GE(clock.monotonic_ns() - start, std::chrono::nanoseconds(limits.header_deadline).count());
  const auto reply = client.read_reply();
  EXPECT_EQ(code_of(reply), "request_timeout");
  EXPECT_EQ(reply->status, 408);
  client.shut_down_sending();
  EXPECT_TRUE(client.is_closed_by_peer());
}

/// One byte now and then must not push the deadline back.
TEST(Limits, EndADrippingHeader) {
  auto limits = short_limits();
  limits.header_deadline = milliseconds(60);
  testing::FakeClock clock;
  TestServer server(echo, limits, 1, clock);
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(client.read_reply());
  const std::string drip = "GET / HTTP/1.1\r\nX-A: " + std::string(10'000, 'a');
  for (std::size_t sent = 0; server.refused("request_timeout") == 0; ++sent) {
    ASSERT_LT(sent, drip.size()) << "each byte bought more time";
    client.send({drip.data() + sent, 1});
    let_pass(clock, milliseconds(1));
  }
  EXPECT_EQ(code_of(client.read_reply()), "request_timeout");
}

TEST(Limits, EndASilentConnectionWithoutAWord) {
  auto limits = short_limits();
  limits.header_deadline = milliseconds(30);
  TestServer server(echo, limits);
  auto client = server.connect();
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Limits, EndAnIdleConnectionWithoutAWord) {
  auto limits = short_limits();
  limits.idle = milliseconds(30);
  TestServer server(echo, limits);
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(client.read_reply());
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Limits, EndASlowBody) {
  auto limits = short_limits();
  limits.body_window = milliseconds(40);
  TestServer server(echo, limits);
  auto client = server.connect();
  const auto start = steady_clock::now();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\nxyz");
  const auto reply = client.read_reply();
  EXPECT_EQ(code_of(reply), "request_timeout");
  EXPECT_GE(steady_clock::now() - start, milliseconds(70)) << "the first window is free";
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Limits, BearABodyThatComesSteadily) {
  auto limits = short_limits();
  limits.body_window = milliseconds(100);
  testing::FakeClock clock;
  TestServer server(echo, limits, 1, clock);
  auto client = server.connect();
  constexpr int kPieces = 70;
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(kPieces * 100) + "\r\n\r\n");
  for (int i = 0; i < kPieces; ++i) {
    client.send(std::string(100, 'x'));
    ASSERT_TRUE(client.wait_until_delivered());
    let_pass(clock, milliseconds(4));
  }
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 200);
}

TEST(Limits, DoNotHurryAHandler) {
  auto limits = short_limits();
  limits.header_deadline = limits.idle = limits.body_window = limits.write_stall = milliseconds(10);
  std::atomic<Exchange*> held{nullptr};
  Event arrived;
  testing::FakeClock clock;
  TestServer server(
      [&](const Request&, Exchange& exchange) {
        held = &exchange;
        arrived.set();
      },
      limits, 1, clock);
  auto client = server.connect();
  client.send(post("x"));
  ASSERT_TRUE(arrived.wait());
  auto silent = server.connect();
  ASSERT_TRUE(server.wait_for_connections(2));
  clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(silent.is_closed_by_peer()) << "the control: who owes a request is hurried";
  boost::asio::post(held.load()->loop().context(),
                    [&] { held.load()->respond(200, "text/plain", std::string("late")); });
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "late");
}

TEST(Limits, CutOffAPeerThatTakesNothing) {
  auto limits = short_limits();
  limits.write_stall = milliseconds(60);
  Event answered;
  TestServer server(
      [&](const Request&, Exchange& exchange) {
        exchange.respond(200, "text/plain", std::string(64 << 20, 'x'));
        answered.set();
      },
      limits);
  auto client = server.connect(4096);
  client.send(get());
  ASSERT_TRUE(answered.wait());
  EXPECT_TRUE(server.wait_until_idle());
}

TEST(Limits, RefuseConnectionsAboveTheCap) {
  auto limits = short_limits();
  limits.connections = 2;
  TestServer server(echo, limits);
  auto first = server.connect();
  auto second = server.connect();
  first.send(get());
  second.send(get());
  ASSERT_TRUE(first.read_reply());
  ASSERT_TRUE(second.read_reply());
  auto third = server.connect();
  third.send(get());
  const auto reply = third.read_reply();
  EXPECT_EQ(code_of(reply), "unavailable");
  EXPECT_EQ(reply->status, 503);
  EXPECT_EQ(reply->headers.at("retry-after"), "1");
  EXPECT_TRUE(third.is_closed_by_peer());
  third.close();
  first.close();
  // Room again once one has left.
  for (;;) {
    auto fourth = server.connect();
    fourth.send(get());
    const auto again = fourth.read_reply();
    ASSERT_TRUE(again);
    if (again->status == 200) break;
  }
  EXPECT_GE(server.refused("unavailable"), 1u);
}

}  // namespace
}  // namespace toolrack::net
