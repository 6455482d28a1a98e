/// Streams of news over real sockets: what is sent when nothing happens, and readers that stop and go on.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include <future>
#include <map>
#include <memory>
#include <string>

#include "support/event_reader.hpp"
#include "support/http_client.hpp"
#include "support/test_server.hpp"
#include "transports/mcp/streams.hpp"

namespace toolrack::mcp {
namespace {

using testing::at;
using ::testing::HasSubstr;
using testing::next_event;
using testing::parsed;

/// Passes everything on, and sees what was taken.
class WatchedExchange final : public net::Exchange {
 public:
  explicit WatchedExchange(net::Exchange& exchange) : exchange_(exchange) {}
  const net::Request& request() const noexcept override { return exchange_.request(); }
  base::Loop& loop() noexcept override { return exchange_.loop(); }
  void respond(int status, std::string_view type, net::ReplyBody body,
               std::span<const net::HeaderField> headers) override {
    exchange_.respond(status, type, std::move(body), headers);
  }
  void begin(int status, std::string_view type, std::span<const net::HeaderField> headers) override {
    exchange_.begin(status, type, headers);
  }
  void begin_sized(int status, std::string_view type, std::uint64_t length,
                   std::span<const net::HeaderField> headers) override {
    exchange_.begin_sized(status, type, length, headers);
  }
  net::Written write(std::string_view bytes) override {
    const auto written = exchange_.write(bytes);
    if (written == net::Written::kFull) was_full.set();
    if (written == net::Written::kTaken && bytes.find("resources/updated") != std::string_view::npos) ++updates;
    return written;
  }
  void on_writable(std::function<void()> ready) override { exchange_.on_writable(std::move(ready)); }
  void end() override { exchange_.end(); }
  void on_disconnect(std::function<void()> gone) override { exchange_.on_disconnect(std::move(gone)); }
  bool is_disconnected() const noexcept override { return exchange_.is_disconnected(); }

  net::Event was_full;
  std::size_t updates = 0;  ///< Of the loop.

 private:
  net::Exchange& exchange_;
};

class StreamDeliveryTest : public ::testing::Test {
 protected:
  ~StreamDeliveryTest() override {
    on_loop([this] { streams_.end_all(); });
    server_.loops.stop();
  }
  /// Opens a stream, and reads until its first message is there.
  net::RawClient open(std::string subscription, Interest interest) {
    auto principal = std::make_shared<accounts::Principal>();
    principal->account = "local";
    on_loop([&] {
      opening_ = {.subscription = std::move(subscription),
                  .session = {},
                  .exposure = {},
                  .interest = std::move(interest),
                  .principal = std::move(principal),
                  .closed = {},
                  .first_json = R"({"first":true})"};
    });
    auto client = server_.connect(kReceiveBuffer);
    client.send(net::get());
    EXPECT_EQ(next_event(client, heard_), R"({"first":true})");
    on_loop([] {});  // What the loop has written is ours to read.
    return client;
  }
  static Interest everything() {
    Interest interest;
    interest.lists.fill(true);
    return interest;
  }
  /// Done, like everything that was posted before, when it returns.
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(server_.loops[0].context(), [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  void task_changed(const std::string& status) {
    streams_.task_changed("local", "job_1",
                          std::make_shared<const std::string>(R"("taskId":"job_1","status":")" + status + "\""));
  }
  void hear_comments(net::RawClient& client) {
    constexpr std::string_view kComment = ":\n\n";
    for (int i = 0; i < 3; ++i) {
      while (heard_.find(kComment) == std::string::npos) ASSERT_TRUE(client.read_more(heard_)) << heard_;
      heard_.erase(0, heard_.find(kComment) + kComment.size());
    }
  }

  /// Given, so that the kernel does not let it grow; several packets of the loopback, so that none waits for another.
  static constexpr int kReceiveBuffer = 1 << 20;

  Streams::Opening opening_;  // This and the next are of the loop.
  std::unique_ptr<WatchedExchange> watched_;
  net::TestServer server_{[this](const net::Request&, net::Exchange& exchange) {
                            watched_ = std::make_unique<WatchedExchange>(exchange);
                            streams_.open(*watched_, std::move(opening_));
                          },
                          [] {
                            auto limits = net::short_limits();
                            limits.silence = std::chrono::milliseconds(20);
                            return limits;
                          }()};
  Streams streams_{server_.loops[0], [](auto, const auto&, auto) { return 1; },
                   [](auto, const auto&, auto) { return true; }, [](auto, auto) { return true; }};
  std::string heard_;
};

TEST_F(StreamDeliveryTest, SilenceIsFilledWithComments) {
  auto listening = open("1", everything());
  hear_comments(listening);
  on_loop([this] { streams_.list_changed(ListKind::kTools, "test/fake@1.0.0", ""); });
  EXPECT_THAT(next_event(listening, heard_), HasSubstr("notifications/tools/list_changed"));
  hear_comments(listening);
}

TEST_F(StreamDeliveryTest, SilenceOfASessionIsFilledWithComments) {
  auto session = open("", everything());
  hear_comments(session);
}

/// The resources' names are long, so that more is told than sockets hold for a reader that does not read.
TEST_F(StreamDeliveryTest, AReaderThatStopsAndGoesOnHearsEverythingOnce) {
  constexpr std::size_t kResources = 100, kNameBytes = 256 << 10;
  auto interest = everything();
  for (std::size_t i = 0; i < kResources; ++i)
    interest.uris.push_back(fmt::format("test://{}/", i) + std::string(kNameBytes, 'x'));
  const auto uris = interest.uris;
  interest.uris.emplace_back("test://late");
  interest.tasks.emplace_back("job_1");
  auto client = open(R"("s")", std::move(interest));
  const auto update_all = [&] {
    for (const auto& uri : uris) streams_.resource_updated(uri, "", {});
  };
  on_loop(update_all);
  ASSERT_TRUE(watched_->was_full.wait());
  std::size_t told = 0;
  on_loop([&] {  // What was not told yet is told once, however often it happens; what was told is told again.
    told = watched_->updates;
    update_all();
    streams_.resource_updated("test://late", "", {});
    for (int twice = 0; twice < 2; ++twice)
      for (const auto kind : {ListKind::kTools, ListKind::kPrompts, ListKind::kResources})
        streams_.list_changed(kind, "test/fake@1.0.0", "");
    task_changed("working");
    task_changed("completed");
  });
  ASSERT_LT(told, kResources) << "the reader is behind";

  std::map<std::string, std::size_t> times;
  std::size_t updates = 0;
  for (std::string method; method != "notifications/tasks";) {
    const auto message = parsed(next_event(client, heard_));
    method = at(message, "/method");
    ASSERT_NE(method, "(absent)");
    EXPECT_EQ(at(message, "/params/_meta/io.modelcontextprotocol~1subscriptionId"), "s");
    if (method == "notifications/resources/updated") {
      const auto uri = at(message, "/params/uri");
      ++times[uri.substr(0, uri.find('/', std::string_view("test://").size()))];
      ++updates;
    } else {
      ++times[method];
    }
    if (method == "notifications/tasks") EXPECT_EQ(at(message, "/params/status"), "completed");
  }
  for (const auto* list : {"tools", "prompts", "resources"})
    EXPECT_EQ(times[fmt::format("notifications/{}/list_changed", list)], 1U) << list;
  EXPECT_EQ(times["test://late"], 1U);
  for (std::size_t i = 0; i < kResources; ++i) EXPECT_GE(times[fmt::format("test://{}", i)], 1U) << i;
  EXPECT_EQ(updates, kResources + told + 1);
  hear_comments(client);
}

}  // namespace
}  // namespace toolrack::mcp
