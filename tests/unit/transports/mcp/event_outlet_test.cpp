/// What a reader is behind with, and when it is cut off.
#include "transports/mcp/event_outlet.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.hpp"

namespace toolrack::mcp {
namespace {

/// Takes everything, or one piece and no more until it is asked to go on.
class Reader final : public net::Exchange {
 public:
  const net::Request& request() const noexcept override { return request_; }
  base::Loop& loop() noexcept override { return loop_; }
  void respond(int, std::string_view, net::ReplyBody, std::span<const net::HeaderField>) override {}
  void begin(int, std::string_view, std::span<const net::HeaderField>) override {}
  void begin_sized(int, std::string_view, std::uint64_t, std::span<const net::HeaderField>) override {}
  net::Written write(std::string_view bytes) override {
    if (is_busy) return net::Written::kFull;
    read.emplace_back(bytes);
    is_busy = is_slow;
    return net::Written::kTaken;
  }
  void on_writable(std::function<void()> ready) override { ready_ = std::move(ready); }
  void end() override { has_ended = true; }
  void on_disconnect(std::function<void()>) override {}
  bool is_disconnected() const noexcept override { return false; }

  /// Takes the next piece, if one waits.
  void go_on() {
    is_busy = false;
    if (const auto ready = std::exchange(ready_, nullptr)) ready();
  }

  bool is_slow = false, is_busy = false, has_ended = false;
  std::vector<std::string> read;

 private:
  net::Request request_;
  base::Loop loop_{0};
  std::function<void()> ready_;
};

class EventOutletTest : public ::testing::Test {
 protected:
  Reader reader_;
  int times_gone_ = 0;
  std::shared_ptr<EventOutlet> outlet_ = EventOutlet::open(reader_, [this] { ++times_gone_; });
  const std::string large_ = std::string(EventOutlet::kMostWaiting + (1 << 20), 'x');
};

TEST_F(EventOutletTest, GivesAReaderAnEventThatIsLargerThanWhatMayWait) {
  outlet_->send(large_);
  outlet_->send("behind it");
  outlet_->finish();
  ASSERT_EQ(reader_.read.size(), 2u);
  EXPECT_EQ(reader_.read[0].size(), large_.size());
  EXPECT_TRUE(reader_.has_ended);
  EXPECT_EQ(times_gone_, 0);
}

TEST_F(EventOutletTest, KeepsALargeEventAndWhatFollowsForAReaderThatTakesItsTime) {
  reader_.is_slow = true;
  outlet_->send("first");
  outlet_->send(large_);
  for (const auto* text : {"a", "b", "c"}) outlet_->send(text);
  outlet_->finish();
  EXPECT_TRUE(outlet_->is_open());
  while (!reader_.has_ended) {
    const auto before = reader_.read.size();
    reader_.go_on();
    ASSERT_TRUE(reader_.has_ended || reader_.read.size() > before);
  }
  ASSERT_EQ(reader_.read.size(), 5u);
  EXPECT_EQ(reader_.read[1].size(), large_.size());
  EXPECT_EQ(reader_.read[4], "c");
  EXPECT_EQ(times_gone_, 0);
}

TEST_F(EventOutletTest, CutsAReaderOffThatDoesNotRead) {
  constexpr std::size_t kPiece = 1 << 20;
  reader_.is_slow = true;
  std::size_t sent = 0;
  for (; outlet_->is_open() && sent < 4 * EventOutlet::kMostWaiting; sent += kPiece)
    outlet_->send(std::string(kPiece, 'x'));
  EXPECT_FALSE(outlet_->is_open());
  EXPECT_GT(sent, EventOutlet::kMostWaiting);
  EXPECT_LE(sent, EventOutlet::kMostWaiting + 4 * kPiece);
  EXPECT_TRUE(reader_.has_ended);
  EXPECT_EQ(times_gone_, 1);
}

TEST_F(EventOutletTest, CutsAReaderOffThatLeavesManyLargeEventsUnread) {
  reader_.is_slow = true;
  int sent = 0;
  for (; outlet_->is_open() && sent < 10; ++sent) outlet_->send(large_);
  EXPECT_EQ(sent, 4) << "one is taken, one does not count, and one more is too much";
}

}  // namespace
}  // namespace toolrack::mcp
