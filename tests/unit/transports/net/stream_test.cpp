#include <boost/asio/post.hpp>
#include <memory>

#include "support/fake_clock.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

TEST(Stream, ArrivesPieceByPiece) {
  std::atomic<Exchange*> stream{nullptr};
  Event begun;
  TestServer server([&](const Request&, Exchange& exchange) {
    exchange.begin(200, "text/event-stream", {{"Cache-Control", "no-store"}});
    EXPECT_EQ(exchange.write("data: 1\n\n"), Written::kTaken);
    stream = &exchange;
    begun.set();
  });
  auto client = server.connect();
  client.send(get());
  std::string seen;
  while (seen.find("data: 1\n\n") == std::string::npos) ASSERT_TRUE(client.read_more(seen));
  EXPECT_NE(seen.find("Content-Type: text/event-stream"), std::string::npos);
  EXPECT_NE(seen.find("Cache-Control: no-store"), std::string::npos);
  EXPECT_EQ(seen.find("Content-Length"), std::string::npos);
  ASSERT_TRUE(begun.wait());
  auto* exchange = stream.load();
  boost::asio::post(exchange->loop().context(), [exchange] {
    EXPECT_EQ(exchange->write("data: 2\n\n"), Written::kTaken);
    exchange->end();
  });
  while (seen.find("0\r\n\r\n") == std::string::npos) ASSERT_TRUE(client.read_more(seen));
  EXPECT_TRUE(seen.ends_with("9\r\ndata: 1\n\n\r\n9\r\ndata: 2\n\n\r\n0\r\n\r\n"));
}

TEST(Stream, SilenceOfEventsIsFilledWithComments) {
  auto limits = short_limits();
  limits.silence = std::chrono::milliseconds(20);
  Exchange* stream = nullptr;  // This and the next are of the loop.
  Exchange* other = nullptr;
  TestServer server(
      [&](const Request& request, Exchange& exchange) {
        const bool is_of_events = request.path == "/events";
        (is_of_events ? stream : other) = &exchange;
        exchange.begin(200, is_of_events ? kEventStreamType : "text/plain");
        EXPECT_EQ(exchange.write("data: 1\n\n"), Written::kTaken);
      },
      limits);
  auto plain = server.connect();
  plain.send(get("/plain"));
  std::string seen;
  while (seen.find("data: 1\n\n") == std::string::npos) ASSERT_TRUE(plain.read_more(seen));

  auto client = server.connect();
  client.send(get("/events"));
  std::string heard;
  const auto hear = [&](std::string_view what) {
    while (heard.find(what) == std::string::npos)
      if (!client.read_more(heard)) return false;
    return true;
  };
  ASSERT_TRUE(hear("9\r\ndata: 1\n\n\r\n3\r\n:\n\n\r\n3\r\n:\n\n\r\n")) << heard;
  boost::asio::post(server.loops[0].context(), [&] { EXPECT_EQ(stream->write("data: 2\n\n"), Written::kTaken); });
  ASSERT_TRUE(hear("9\r\ndata: 2\n\n\r\n3\r\n:\n\n\r\n")) << heard;
  boost::asio::post(server.loops[0].context(), [&] {
    stream->end();
    other->end();
  });
  ASSERT_TRUE(hear("\r\n0\r\n\r\n"));
  while (!seen.ends_with("\r\n0\r\n\r\n")) ASSERT_TRUE(plain.read_more(seen));
  EXPECT_TRUE(seen.ends_with("9\r\ndata: 1\n\n\r\n0\r\n\r\n")) << "nothing is added to what is not of events";
}

TEST(Stream, LeavesTheConnectionForTheNextRequest) {
  TestServer server([&](const Request& request, Exchange& exchange) {
    if (request.path != "/stream") return echo(request, exchange);
    exchange.begin(200, "text/event-stream");
    EXPECT_EQ(exchange.write("data: x\n\n"), Written::kTaken);
    exchange.end();
  });
  auto client = server.connect();
  client.send(get("/stream") + get("/next"));
  EXPECT_EQ(client.read_reply()->body, "data: x\n\n");
  EXPECT_EQ(client.read_reply()->body, "GET /next ");
}

TEST(Stream, EndsWithTheConnectionInHttp10) {
  TestServer server([&](const Request&, Exchange& exchange) {
    exchange.begin(200, "text/event-stream");
    EXPECT_EQ(exchange.write("data: x\n\n"), Written::kTaken);
    exchange.end();
  });
  auto client = server.connect();
  client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("connection"), "close");
  EXPECT_FALSE(reply->headers.contains("transfer-encoding"));
  EXPECT_EQ(reply->body, "data: x\n\n");
}

TEST(Stream, SendsOnlyTheHeadForHead) {
  TestServer server([&](const Request&, Exchange& exchange) {
    exchange.begin(200, "text/event-stream");
    EXPECT_EQ(exchange.write("data: x\n\n"), Written::kTaken);
    exchange.end();
  });
  auto client = server.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  ASSERT_TRUE(client.read_reply(true));
  client.shut_down_sending();
  EXPECT_TRUE(client.is_closed_by_peer());
}

/// Writes pieces as fast as it may, waiting whenever it is told to.
struct Pump {
  static constexpr std::size_t kPiece = 100'000;
  std::size_t pieces;
  std::atomic<std::size_t> written{0};
  std::atomic<std::size_t> waits{0};
  std::atomic<bool> was_closed{false};
  Event first_wait;
  Event done;

  void run(Exchange& exchange) {
    while (written < pieces) {
      const std::string piece(kPiece, static_cast<char>('a' + written % 26));
      switch (exchange.write(piece)) {
        case Written::kTaken:
          ++written;
          continue;
        case Written::kFull:
          ++waits;
          exchange.on_writable([this, &exchange] { run(exchange); });
          first_wait.set();
          return;
        case Written::kClosed:
          was_closed = true;
          exchange.end();
          done.set();
          return;
      }
    }
    exchange.end();
    done.set();
  }
};

TEST(Stream, PausesItsWriterWhileThePeerTakesNothingAndLosesNothing) {
  Pump pump{.pieces = 300};
  TestServer server([&](const Request&, Exchange& exchange) {
    exchange.begin(200, "text/event-stream");
    pump.run(exchange);
  });
  auto client = server.connect(4096);
  client.send(get());
  ASSERT_TRUE(pump.first_wait.wait());
  // The peer has read nothing: what is written sits in the kernel and in one bounded buffer.
  EXPECT_LT(pump.written, pump.pieces);
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  ASSERT_EQ(reply->body.size(), pump.pieces * Pump::kPiece);
  for (std::size_t i = 0; i < pump.pieces; ++i)
    ASSERT_EQ(reply->body[i * Pump::kPiece + i], static_cast<char>('a' + i % 26)) << i;
  EXPECT_TRUE(pump.done.wait());
  EXPECT_GT(pump.waits, 1u);
}

TEST(Stream, HoldsNoMoreThanItsBuffer) {
  auto limits = short_limits();
  limits.stream_buffer_bytes = 10'000;
  std::atomic<std::size_t> taken{0};
  Event full;
  std::atomic<Exchange*> stream{nullptr};
  TestServer server(
      [&](const Request&, Exchange& exchange) {
        exchange.begin(200, "text/event-stream");
        // Fill the kernel's buffers first, with one piece that is larger than all of them.
        EXPECT_EQ(exchange.write(std::string(32 << 20, 'x')), Written::kTaken) << "a single piece is always taken";
        while (exchange.write("0123456789") == Written::kTaken) ++taken;
        stream = &exchange;
        full.set();
      },
      limits);
  auto client = server.connect(4096);
  client.send(get());
  ASSERT_TRUE(full.wait());
  EXPECT_EQ(taken, 0u) << "the large piece alone is above the limit";
  auto* exchange = stream.load();
  boost::asio::post(exchange->loop().context(), [exchange] { exchange->end(); });
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body.size(), std::size_t{32} << 20);
}

TEST(Stream, CutsOffAPeerThatTakesNothing) {
  auto limits = short_limits();
  limits.write_stall = std::chrono::milliseconds(60);
  Pump pump{.pieces = 100'000};
  Event gone;
  TestServer server(
      [&](const Request&, Exchange& exchange) {
        exchange.on_disconnect([&] { gone.set(); });
        exchange.begin(200, "text/event-stream");
        pump.run(exchange);
      },
      limits);
  auto client = server.connect(4096);
  client.send(get());
  EXPECT_TRUE(gone.wait());
  EXPECT_TRUE(pump.done.wait());
  EXPECT_TRUE(pump.was_closed);
  EXPECT_TRUE(server.wait_until_idle());
}

TEST(Stream, TellsItsWriterThatThePeerLeft) {
  Event gone;
  TestServer server([&](const Request&, Exchange& exchange) {
    exchange.begin(200, "text/event-stream");
    EXPECT_EQ(exchange.write("data: 1\n\n"), Written::kTaken);
    exchange.on_disconnect([&] {
      EXPECT_TRUE(exchange.is_disconnected());
      exchange.end();
      gone.set();
    });
  });
  auto client = server.connect();
  client.send(get());
  std::string seen;
  while (seen.find("data: 1\n\n") == std::string::npos) ASSERT_TRUE(client.read_more(seen));
  EXPECT_FALSE(gone.is_set());
  client.close();
  EXPECT_TRUE(gone.wait());
  EXPECT_TRUE(server.wait_until_idle());
}

TEST(Stream, OutlivesTheIdleDeadline) {
  auto limits = short_limits();
  limits.idle = limits.write_stall = limits.header_deadline = std::chrono::milliseconds(20);
  std::atomic<Exchange*> stream{nullptr};
  Event begun;
  testing::FakeClock clock;
  TestServer server(
      [&](const Request&, Exchange& exchange) {
        exchange.begin(200, "text/event-stream");
        stream = &exchange;
        begun.set();
      },
      limits, 1, clock);
  auto client = server.connect();
  client.send(get());
  ASSERT_TRUE(begun.wait());
  auto silent = server.connect();
  ASSERT_TRUE(server.wait_for_connections(2));
  clock.advance(std::chrono::hours(1));
  EXPECT_TRUE(silent.is_closed_by_peer()) << "the control: who says nothing does not outlive it";
  boost::asio::post(stream.load()->loop().context(), [&] {
    EXPECT_EQ(stream.load()->write("data: late\n\n"), Written::kTaken);
    stream.load()->end();
  });
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_TRUE(reply->body.ends_with("data: late\n\n")) << reply->body << ": comments may stand before it";
}

}  // namespace
}  // namespace toolrack::net
