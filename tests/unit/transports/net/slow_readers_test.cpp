/// Clients that read their answers slowly, or send without reading: what waits for them is bounded, and so is the time.
#include <thread>

#include "support/fake_clock.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using std::chrono::milliseconds;

/// Reads `step` bytes, pauses, and so on, to the end. How many bytes came.
std::size_t read_slowly(RawClient& client, std::size_t step, milliseconds pause) {
  std::string seen;
  std::size_t total = 0;
  while (client.read_more(seen, step)) {
    total += std::exchange(seen, {}).size();
    std::this_thread::sleep_for(pause);
  }
  return total;
}

constexpr std::size_t kLarge = 64 << 20;

/// In each window a reader must take its share; a byte now and then does not keep a connection.
TEST(SlowReaders, OfALargeAnswerAreCutOff) {
  auto limits = short_limits();
  limits.write_stall = milliseconds(200);
  limits.body_bytes_per_second = 8 << 20;
  TestServer server(
      [](const Request&, Exchange& exchange) { exchange.respond(200, "text/plain", std::string(kLarge, 'x')); },
      limits);
  auto client = server.connect(4096);
  client.send(get());
  EXPECT_LT(read_slowly(client, 2048, milliseconds(5)), kLarge) << "at this speed the whole takes minutes";
  EXPECT_TRUE(server.wait_until_idle());
}

TEST(SlowReaders, OfAStreamAreCutOff) {
  auto limits = short_limits();
  limits.write_stall = milliseconds(200);
  limits.body_bytes_per_second = 8 << 20;
  limits.stream_buffer_bytes = 64 << 10;
  Event gone;
  std::function<void(Exchange&)> pump = [&](Exchange& exchange) {
    for (;;) switch (exchange.write(std::string(16 << 10, 'x'))) {
        case Written::kTaken:
          break;
        case Written::kFull:
          return exchange.on_writable([&] { pump(exchange); });
        case Written::kClosed:
          exchange.end();
          return gone.set();
      }
  };
  TestServer server(
      [&](const Request&, Exchange& exchange) {
        exchange.begin(200, "text/event-stream");
        pump(exchange);
      },
      limits);
  auto client = server.connect(4096);
  client.send(get());
  std::thread reader([&] { read_slowly(client, 2048, milliseconds(5)); });
  EXPECT_TRUE(gone.wait());
  EXPECT_TRUE(server.wait_until_idle());
  reader.join();
}

/// The control: as slow, but fast enough for what is asked.
TEST(SlowReaders, ThatTakeTheirShareGetTheWhole) {
  auto limits = short_limits();
  limits.write_stall = milliseconds(400);
  limits.body_bytes_per_second = 1 << 10;
  constexpr std::size_t kBody = 8 << 20;
  testing::FakeClock clock;
  TestServer server(
      [](const Request&, Exchange& exchange) { exchange.respond(200, "text/plain", std::string(kBody, 'x')); }, limits,
      1, clock);
  auto client = server.connect(4096);
  client.send(get());
  std::string seen;
  for (int i = 0; i < 100 && client.read_more(seen, 1024); ++i) {
    std::this_thread::sleep_for(milliseconds(10));
    clock.advance(milliseconds(10));
  }
  client.shut_down_sending();
  while (client.read_more(seen)) {
  }
  EXPECT_GT(seen.size(), kBody);
}

/// Who sends requests without end and reads nothing is not read any more, and loses nothing when he does read.
TEST(SlowReaders, ThatPipelineWithoutEndAreHeldAndThenServed) {
  std::atomic<std::size_t> handled{0};
  TestServer server([&](const Request&, Exchange& exchange) {
    ++handled;
    exchange.respond(200, "text/plain", std::string(1000, 'x'));
  });
  auto client = server.connect(4096);
  const auto block = "GET / HTTP/1.1\r\nHost: h\r\nX-A: " + std::string(2000, 'a') + "\r\n\r\n";
  std::size_t sent = 0;
  std::size_t sent_bytes = 0;
  // Nobody reads: at some point nothing more is taken for a while.
  for (int refused = 0; refused < 200;) {
    const auto rest = sent_bytes % block.size();
    const auto taken = client.send_some(std::string_view(block).substr(rest));
    sent_bytes += taken;
    ASSERT_LT(sent_bytes, std::size_t{512} << 20) << "a server that takes everything holds it somewhere";
    refused = taken == 0 ? refused + 1 : 0;
    if (taken == 0) std::this_thread::sleep_for(milliseconds(1));
  }
  sent = sent_bytes / block.size();
  const auto held = handled.load();
  EXPECT_LT(held, sent);
  for (std::size_t i = 0; i < sent; ++i) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply) << i << " of " << sent;
    ASSERT_EQ(reply->body.size(), 1000u);
  }
}

TEST(SlowReaders, ThatPipelineAndNeverReadAreCutOff) {
  auto limits = short_limits();
  limits.write_stall = milliseconds(100);
  Event answered;
  TestServer server(
      [&](const Request&, Exchange& exchange) {
        exchange.respond(200, "text/plain", std::string(100'000, 'x'));
        answered.set();
      },
      limits);
  auto client = server.connect(4096);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += get();
  client.send(many);
  ASSERT_TRUE(answered.wait());
  EXPECT_TRUE(server.wait_until_idle());
}

}  // namespace
}  // namespace toolrack::net
