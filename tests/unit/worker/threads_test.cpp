/// A worker's threads: what comes on their sockets runs once, whether they look for it or sleep until it has come.
#include "worker/threads.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/patience.hpp"

namespace toolrack::worker {
namespace {

constexpr int kChannels = 2;
constexpr unsigned kRunners = 2;

std::vector<std::uint64_t> from(std::uint64_t first, int count) {
  std::vector<std::uint64_t> out;
  for (int i = 0; i < count; ++i) out.push_back(first + static_cast<std::uint64_t>(i));
  return out;
}

/// The other ends of the sockets of threads that answer each call with its number; they run to the end of the program,
/// as they do in a worker.
class Answering {
 public:
  static Answering& instance() {
    static auto& one = *new Answering();
    return one;
  }
  /// Calls of the numbers from `first` on, in one piece.
  void send(std::size_t channel, std::uint64_t first, int count = 1) {
    std::string frames;
    for (const auto number : from(first, count)) frames += FrameWriter(FrameType::kInvoke, number).take();
    EXPECT_EQ(::send(ours_[channel], frames.data(), frames.size(), MSG_NOSIGNAL), static_cast<ssize_t>(frames.size()));
  }
  /// The numbers of the next answers, sorted; fewer when no more came.
  std::vector<std::uint64_t> take(std::size_t channel, int count) {
    std::vector<std::uint64_t> numbers;
    auto& reader = readers_[channel];
    for (;;) {
      while (const auto frame = reader.next()) numbers.push_back(frame->id);
      if (numbers.size() >= static_cast<std::size_t>(count)) break;
      const auto room = reader.room();
      const auto got = ::recv(ours_[channel], room.data(), room.size(), 0);
      if (got <= 0) break;  // For kPatience.
      reader.filled(static_cast<std::size_t>(got));
    }
    std::ranges::sort(numbers);
    return numbers;
  }
  /// A call of this number is not answered between `hold` and `release`.
  static constexpr std::uint64_t kHeld = 1'000'000;
  void hold() {
    const std::lock_guard lock(mutex_);
    is_held_ = true;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    is_held_ = false;
    changed_.notify_all();
  }

 private:
  struct Answer final : Runnable {
    Answer(Answering& owner, std::size_t channel, std::uint64_t number)
        : owner(owner), channel(channel), number(number) {}
    void run() override {
      if (number == kHeld) owner.wait_for_release();
      owner.sockets_[channel]->send(FrameWriter(FrameType::kComplete, number).take());
    }
    Answering& owner;
    const std::size_t channel;
    const std::uint64_t number;
  };

  Answering() {
    for (int i = 0; i < kChannels; ++i) {
      int ends[2] = {-1, -1};
      EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
      const timeval patience{std::chrono::duration_cast<std::chrono::seconds>(toolrack::test::kPatience).count(), 0};
      ::setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      ours_.push_back(ends[0]);
      sockets_.push_back(std::make_unique<Socket>(ends[1], -1));
    }
    threads_ = std::make_unique<Threads>(sockets_, kRunners, [this](std::size_t channel, const Frame& frame) {
      threads_->post(std::make_shared<Answer>(*this, channel, frame.id), tally_);
    });
    threads_->start();
  }
  void wait_for_release() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !is_held_; });
  }

  std::vector<int> ours_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  FrameReader readers_[kChannels];
  std::unique_ptr<Threads> threads_;
  Tally tally_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_held_ = false;
};

/// One after the other, so that the threads look and find; then many at once, so that several run.
void call_in_turns(std::size_t channel, int rounds) {
  auto& threads = Answering::instance();
  std::uint64_t next = 0;
  for (int round = 0; round < rounds; ++round) {
    for (const int count : {1, 1, 1, 1, 7, 1, 40}) {
      threads.send(channel, next, count);
      ASSERT_EQ(threads.take(channel, count), from(next, count));
      next += static_cast<std::uint64_t>(count);
    }
  }
}

TEST(Threads, AnswerEachCallOnceHoweverTheyFollowEachOther) {
  std::vector<std::jthread> callers;
  for (std::size_t channel = 0; channel < kChannels; ++channel)
    callers.emplace_back([channel] { call_in_turns(channel, 500); });
}

TEST(Threads, GoOnReadingWhileACallHoldsTheOneThatHasReadIt) {
  call_in_turns(0, 1);
  auto& threads = Answering::instance();
  threads.hold();
  threads.send(0, Answering::kHeld);
  for (std::size_t channel = 0; channel < kChannels; ++channel) {
    threads.send(channel, 1);
    EXPECT_EQ(threads.take(channel, 1), from(1, 1));
  }
  threads.release();
  EXPECT_EQ(threads.take(0, 1), from(Answering::kHeld, 1));
}

}  // namespace
}  // namespace toolrack::worker
