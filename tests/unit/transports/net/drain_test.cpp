#include <boost/asio/post.hpp>
#include <memory>
#include <thread>

#include "support/fake_clock.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using std::chrono::milliseconds;

/// Begins to drain, and returns when every loop has begun.
void begin_drain(TestServer& server, Event& done) {
  server.server.drain(milliseconds(5000), [&] { done.set(); });
  for (std::size_t i = 0; i < server.loops.size(); ++i) {
    Event begun;
    boost::asio::post(server.loops[i].context(), [&] { begun.set(); });
    EXPECT_TRUE(begun.wait());
  }
}

TEST(Drain, ClosesIdleConnectionsAfterAMomentAndStopsAccepting) {
  TestServer server(echo, short_limits(), 2);
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(client.read_reply());
  Event done;
  server.server.drain(milliseconds(5000), [&] { done.set(); });
  EXPECT_TRUE(client.is_closed_by_peer());
  ASSERT_TRUE(done.wait());
  EXPECT_FALSE(server.connect().is_connected());
}

/// A client that keeps its connection may send its next request before it can know.
TEST(Drain, AnswersOneMoreRequestOverAConnectionThatIsKept) {
  const testing::FakeClock clock;  // The moment does not pass.
  TestServer server(echo, short_limits(), 2, clock);
  auto client = server.connect();
  client.send(get("/first"));
  ASSERT_TRUE(client.read_reply());
  Event done;
  begin_drain(server, done);
  client.send(get("/second"));
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "GET /second ");
  EXPECT_EQ(reply->headers.at("connection"), "close");
  EXPECT_TRUE(client.is_closed_by_peer());
  EXPECT_TRUE(done.wait());
}

TEST(Drain, AnswersARequestAfterAnAnswerThatSaidTheConnectionIsKept) {
  std::atomic<Exchange*> held{nullptr};
  Event arrived;
  const testing::FakeClock clock;  // The moment does not pass.
  TestServer server(
      [&](const Request& request, Exchange& exchange) {
        if (request.path != "/slow") return echo(request, exchange);
        exchange.begin(200, "text/plain", {});
        held = &exchange;
        arrived.set();
      },
      short_limits(), 1, clock);
  auto client = server.connect();
  client.send(get("/slow"));
  ASSERT_TRUE(arrived.wait());
  Event done;
  begin_drain(server, done);
  boost::asio::post(held.load()->loop().context(), [&] { held.load()->end(); });
  const auto slow = client.read_reply();
  ASSERT_TRUE(slow);
  EXPECT_FALSE(slow->headers.contains("connection"));
  client.send(get("/next"));
  const auto next = client.read_reply();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->body, "GET /next ");
  EXPECT_EQ(next->headers.at("connection"), "close");
  EXPECT_TRUE(done.wait());
}

TEST(Drain, GivesAHeadThatBeginsInTheLastMomentTheTimeOfEveryHead) {
  testing::FakeClock clock;
  TestServer server(echo, short_limits(), 1, clock);
  auto client = server.connect();
  auto idle = server.connect();
  for (auto* one : {&client, &idle}) {
    one->send(get());
    ASSERT_TRUE(one->read_reply());
  }
  Event done;
  begin_drain(server, done);
  client.send("GET /slow HTTP/1.1\r\n");
  ASSERT_TRUE(client.wait_until_delivered());
  clock.advance(std::chrono::seconds(1));
  ASSERT_TRUE(idle.is_closed_by_peer()) << "the moment is over";
  EXPECT_FALSE(done.is_set());
  client.send("Host: localhost\r\n\r\n");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "GET /slow ");
  EXPECT_TRUE(done.wait());
}

TEST(Drain, WaitsForRunningExchanges) {
  std::atomic<Exchange*> held{nullptr};
  Event arrived;
  TestServer server([&](const Request&, Exchange& exchange) {
    held = &exchange;
    arrived.set();
  });
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(arrived.wait());
  Event done;
  server.server.drain(milliseconds(5000), [&] { done.set(); });
  EXPECT_FALSE(done.is_set());
  boost::asio::post(held.load()->loop().context(),
                    [&] { held.load()->respond(200, "text/plain", std::string("late")); });
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "late");
  EXPECT_EQ(reply->headers.at("connection"), "close");
  EXPECT_TRUE(done.wait());
}

TEST(Drain, CutsOffWhatDoesNotFinish) {
  Event arrived;
  Event gone;
  TestServer server([&](const Request&, Exchange& exchange) {
    exchange.on_disconnect([&] {
      gone.set();
      exchange.respond(200, "text/plain", std::string("nobody reads this"));
    });
    arrived.set();
  });
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(arrived.wait());
  Event done;
  server.server.drain(milliseconds(50), [&] { done.set(); });
  EXPECT_TRUE(gone.wait());
  EXPECT_TRUE(done.wait());
  EXPECT_TRUE(client.is_closed_by_peer());
}

TEST(Drain, LetsTheServerGoWhileTheLoopsRun) {
  base::Metrics metrics;
  base::Loops loops(2);
  FunctionHandler handler(echo);
  loops.start();
  for (int i = 0; i < 20; ++i) {
    auto server = std::make_unique<Server>(loops, metrics, short_limits());
    const auto port = server->listen_tcp("127.0.0.1", 0, handler);
    ASSERT_TRUE(port);
    auto client = RawClient::tcp(*port);
    client.send(get());
    ASSERT_TRUE(client.read_reply());
    if (i % 5 != 0) client.close();  // One that stays has a moment more.
    Event done;
    server->drain(milliseconds(1000), [&] { done.set(); });
    ASSERT_TRUE(done.wait());
    server.reset();
  }
  loops.stop();
}

/// What was accepted is answered: a request that was on its way when the drain began is not dropped.
TEST(Drain, AnswersEveryRequestThatWasOnItsWay) {
  for (int round = 0; round < 10; ++round) {
    TestServer server(echo, short_limits(), 2);
    std::vector<RawClient> clients;
    for (int i = 0; i < 20; ++i) clients.push_back(server.connect());
    for (auto& client : clients) client.send(get());
    Event done;
    server.server.drain(milliseconds(5000), [&] { done.set(); });
    for (auto& client : clients) {
      const auto reply = client.read_reply();
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->status, 200);
    }
    clients.clear();
    ASSERT_TRUE(done.wait());
  }
}

}  // namespace
}  // namespace toolrack::net
