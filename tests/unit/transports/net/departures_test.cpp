/// Clients that leave, in every state a connection can be in and in every way there is; and one that vanishes.
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstdlib>
#include <thread>

#include "support/network_namespace.hpp"
#include "support/patience.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using std::chrono::milliseconds;

/// Requests to /later wait for `release`, those to /stream get a stream that stays open, those to /large more than the
/// kernel holds.
class Departures : public ::testing::Test {
 protected:
  void handle(const Request& request, Exchange& exchange) {
    if (request.path == "/large") return exchange.respond(200, "text/plain", std::string(32 << 20, 'x'));
    if (request.path != "/later" && request.path != "/stream") return echo(request, exchange);
    const bool is_stream = request.path == "/stream";
    // Leaving is the only thing that ends these.
    exchange.on_disconnect([this, &exchange, is_stream] {
      ++told_;
      if (is_stream)
        exchange.end();
      else
        exchange.respond(200, "text/plain", std::string("into the void"));
    });
    if (is_stream) {
      exchange.begin(200, "text/event-stream");
      EXPECT_EQ(exchange.write("data: 1\n\n"), Written::kTaken);
    }
    arrived_.set();
  }

  /// A connection closes first, then its handler is told.
  bool is_told(int times) const {
    for (const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience; told_ != times;) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  std::atomic<int> told_{0};
  Event arrived_;
};

struct State {
  const char* name;
  std::string sent;
  bool is_handled = false;  ///< The handler has the request when the client leaves ...
  std::size_t reads = 0;    ///< ... or the client has read so many bytes.
};

std::vector<State> states() {
  const std::string refused = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n";
  return {
      {.name = "connected", .sent = ""},
      {.name = "part of the request line", .sent = "GET /"},
      {.name = "part of the header", .sent = "GET / HTTP/1.1\r\nHost: h\r\nX-A:"},
      {.name = "header without its body", .sent = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n"},
      {.name = "part of the body", .sent = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nhello"},
      {.name = "asked for the body",
       .sent = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n",
       .reads = 20},
      {.name = "part of a chunk", .sent = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"},
      {.name = "before the last chunk",
       .sent = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
      {.name = "handled", .sent = get("/later"), .is_handled = true},
      {.name = "handled, with more sent", .sent = get("/later") + get("/next"), .is_handled = true},
      {.name = "streaming", .sent = get("/stream"), .is_handled = true},
      {.name = "stream half read", .sent = get("/stream"), .is_handled = true, .reads = 50},
      {.name = "large answer unread", .sent = get("/large"), .reads = 1},
      {.name = "answered", .sent = get(), .reads = 1},
      {.name = "answers unread", .sent = get() + get() + get()},
      {.name = "refused", .sent = refused, .reads = 1},
      {.name = "refused, with more sent", .sent = refused + std::string(100'000, 'x'), .reads = 1}};
}

enum class Way { kReset, kClose, kHalfClose };

TEST_F(Departures, LeaveNothingBehind) {
  for (const auto way : {Way::kReset, Way::kClose, Way::kHalfClose})
    for (const auto& state : states()) {
      SCOPED_TRACE(std::string(state.name) + ", way " + std::to_string(static_cast<int>(way)));
      arrived_.clear();
      told_ = 0;
      TestServer server([this](const Request& request, Exchange& exchange) { handle(request, exchange); });
      auto client = server.connect(4096);
      client.send(state.sent);
      if (state.is_handled) ASSERT_TRUE(arrived_.wait());
      std::string seen;
      while (seen.size() < state.reads) ASSERT_TRUE(client.read_more(seen));
      switch (way) {
        case Way::kReset:
          client.reset();
          break;
        case Way::kClose:
          client.close();
          break;
        case Way::kHalfClose:
          // What is left to say comes, and then the end.
          client.shut_down_sending();
          EXPECT_TRUE(client.read_to_end());
          client.close();
          break;
      }
      EXPECT_TRUE(server.wait_until_idle());
      EXPECT_TRUE(is_told(state.is_handled ? 1 : 0)) << told_;
      auto other = server.connect();
      other.send(get("/good"));
      const auto reply = other.read_reply();
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->body, "GET /good ");
    }
}

/// The cable is cut: no end, no reset, and the server has nothing to send. Only asking the peer finds that out.
TEST_F(Departures, OfAVanishedClientAreNoticed) {
  TOOLRACK_TEST_IN_NAMESPACE();
  auto limits = short_limits();
  limits.lost_peer = std::chrono::seconds(3);
  TestServer server([this](const Request& request, Exchange& exchange) { handle(request, exchange); }, limits);
  auto client = server.connect();
  client.send(get("/stream"));
  ASSERT_TRUE(arrived_.wait());
  ASSERT_EQ(std::system("ip link set lo down"), 0);
  EXPECT_TRUE(server.wait_until_idle());
  EXPECT_TRUE(is_told(1)) << told_;
}

/// The control: a client that is silent but there keeps its stream for longer than that.
TEST_F(Departures, AreNotSeenInASilentClient) {
  auto limits = short_limits();
  limits.lost_peer = std::chrono::seconds(1);
  TestServer server([this](const Request& request, Exchange& exchange) { handle(request, exchange); }, limits);
  auto client = server.connect();
  client.send(get("/stream"));
  ASSERT_TRUE(arrived_.wait());
  std::string seen;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(3);
  while (std::chrono::steady_clock::now() < end) {
    ASSERT_EQ(told_, 0);
    std::this_thread::sleep_for(milliseconds(50));
  }
  client.close();
  EXPECT_TRUE(server.wait_until_idle());
  EXPECT_TRUE(is_told(1)) << told_;
}

}  // namespace
}  // namespace toolrack::net
