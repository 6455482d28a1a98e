#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <thread>

#include "support/fake_clock.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

/// Keeps what it is given, and says what the test tells it to.
class TestSink final : public BodySink {
 public:
  explicit TestSink(BodySource& source) : source_(&source) {}
  Next take(std::string_view bytes) override {
    EXPECT_FALSE(is_detached);
    text += bytes;
    most = std::max(most, bytes.size());
    return next ? next() : Next::kMore;
  }
  void detach() noexcept override {
    is_detached = true;
    if (on_detach) on_detach();
  }
  BodySource& source() { return *source_; }

  std::function<Next()> next;
  std::function<void()> on_detach;
  std::string text;
  std::size_t most = 0;
  bool is_detached = false;

 private:
  BodySource* source_;
};

struct SinkServer {
  explicit SinkServer(Limits limits = short_limits(), const base::Clock& clock = base::system_clock())
      : server(
            [](const Request& request, Exchange& exchange) {
              const auto* sink = static_cast<const TestSink*>(request.body_sink.get());
              exchange.respond(200, "text/plain",
                               sink == nullptr ? "gathered " + std::string(request.body) : "streamed " + sink->text);
            },
            limits, 1, clock) {
    server.handler.limit = [](const Request&) -> base::Result<std::size_t> { return std::size_t{64} << 20; };
    server.handler.stream = [this](const Request& head, BodySource& source) -> base::Result<std::shared_ptr<BodySink>> {
      if (head.path != "/stream") return nullptr;
      auto sink = std::make_shared<TestSink>(source);
      if (prepare) prepare(*sink);
      return sink;
    };
  }
  std::function<void(TestSink&)> prepare;
  TestServer server;
};

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(BodySink, TakesABodyThatIsLargerThanWhatIsEverHeld) {
  std::size_t most = 0;
  SinkServer server;
  server.prepare = [&](TestSink& sink) { sink.on_detach = [&] { most = sink.most; }; };
  const std::string body(8 << 20, 'x');
  auto client = server.server.connect();
  std::thread sender([&] { client.send(post("/stream", body) + post("/plain", "next")); });
  const auto reply = client.read_reply();
  sender.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "streamed " + body);
  EXPECT_LE(most, std::size_t{64} << 10);
  EXPECT_EQ(client.read_reply()->body, "gathered next") << "the connection goes on with the next request";
}

TEST(BodySink, TakesChunks) {
  SinkServer server;
  auto client = server.server.connect();
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  client.send("4\r\ndefg\r\n0\r\n\r\n" + post("/plain", "x"));
  EXPECT_EQ(client.read_reply()->body, "streamed abcdefg");
  EXPECT_EQ(client.read_reply()->body, "gathered x");
}

TEST(BodySink, RefusesABodyThatIsMalformed) {
  SinkServer server;
  auto client = server.server.connect();
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n");
  EXPECT_EQ(client.read_reply()->status, 400);
}

TEST(BodySink, IsToldThatThePeerHasGone) {
  Event gone;
  SinkServer server;
  server.prepare = [&](TestSink& sink) { sink.on_detach = [&] { gone.set(); }; };
  auto client = server.server.connect();
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc");
  client.close();
  EXPECT_TRUE(gone.wait());
}

TEST(BodySink, MakesThePeerWaitWhileItIsHeldHoweverLong) {
  Event held;
  std::atomic<TestSink*> made{nullptr};
  auto limits = short_limits();
  limits.body_window = std::chrono::milliseconds(20);
  testing::FakeClock clock;
  SinkServer server(limits, clock);
  server.prepare = [&](TestSink& sink) {
    made = &sink;
    sink.next = [&, first = true]() mutable {
      if (!std::exchange(first, false)) return BodySink::Next::kMore;
      held.set();
      return BodySink::Next::kHold;
    };
  };
  const std::string body(4 << 20, 'y');
  auto client = server.server.connect();
  std::thread sender([&] { client.send(post("/stream", body)); });
  ASSERT_TRUE(held.wait());
  // Several windows pass in which nothing is taken; the peer is not to blame.
  for (int i = 0; i < 5; ++i) {
    clock.advance(limits.body_window);
    Event passed;
    boost::asio::steady_timer timer(server.server.loops[0].context(), limits.body_window);
    timer.async_wait([&](const boost::system::error_code&) { passed.set(); });
    ASSERT_TRUE(passed.wait());
  }
  boost::asio::post(server.server.loops[0].context(), [&] {
    EXPECT_LE(made.load()->text.size(), std::size_t{64} << 10);
    made.load()->source().resume();
  });
  const auto reply = client.read_reply();
  sender.join();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body.size(), body.size() + 9);
}

TEST(BodySink, StopsABodyThatNobodyWants) {
  SinkServer server;
  server.prepare = [](TestSink& sink) { sink.next = [] { return BodySink::Next::kStop; }; };
  auto client = server.server.connect();
  client.send("POST /stream HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\nabc");
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body, "streamed abc");
  EXPECT_EQ(reply->headers.at("connection"), "close");
}

TEST(SizedStream, SaysItsLengthAndKeepsTheConnection) {
  TestServer server([](const Request&, Exchange& exchange) {
    exchange.begin_sized(200, "text/plain", 6, {});
    EXPECT_EQ(exchange.write("abc"), Written::kTaken);
    EXPECT_EQ(exchange.write("def"), Written::kTaken);
    exchange.end();
  });
  auto client = server.connect();
  client.send(get() + get());
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->headers.at("content-length"), "6");
  EXPECT_EQ(reply->body, "abcdef");
  EXPECT_EQ(client.read_reply()->body, "abcdef");
}

TEST(SizedStream, CutsThePeerOffWhenTheRestDoesNotCome) {
  TestServer server([](const Request&, Exchange& exchange) {
    exchange.begin_sized(200, "text/plain", 6, {});
    EXPECT_EQ(exchange.write("abc"), Written::kTaken);
    exchange.end();
  });
  auto client = server.connect();
  client.send(get());
  EXPECT_FALSE(client.read_reply()) << "three of six bytes are no answer";
}

}  // namespace
}  // namespace toolrack::net
