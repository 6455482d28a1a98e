#include <boost/asio/post.hpp>
#include <memory>
#include <thread>

#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using std::chrono::milliseconds;

TEST(Drain, ClosesIdleConnectionsAndStopsAccepting) {
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
