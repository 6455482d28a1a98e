/// What a worker writes to its standard output and error: lines of the gateway's log with the plugin's name, so many of
/// them and no longer than a line of a log should be.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/loop.hpp"
#include "services/files/descriptor.hpp"

namespace toolrack::sources::isolated {

/// Cuts bytes into lines and lets through as many as its bounds say. One thread at a time.
class BoundedLines {
 public:
  using Clock = std::chrono::steady_clock;
  struct Bounds {
    std::size_t line_bytes = 1000;  ///< The rest of a longer line is left out.
    std::uint32_t lines = 50;       ///< In each window.
    std::chrono::milliseconds window{10'000};
  };
  struct Sink {
    std::function<void(std::string_view line)> line;
    /// So many lines of the window that has ended were left out.
    std::function<void(std::uint64_t lines)> left_out;
  };
  BoundedLines(Bounds bounds, Sink sink) : bounds_(bounds), sink_(std::move(sink)) {}

  void take(std::string_view bytes, Clock::time_point now);
  /// Nothing follows: tells a line that has no end, and what was left out.
  void end();

 private:
  void give();
  void close_window();

  const Bounds bounds_;
  const Sink sink_;
  std::string line_;  // Its first bytes.
  bool is_cut_ = false;
  Clock::time_point window_began_;
  std::uint32_t given_ = 0;  // In this window.
  std::uint64_t left_out_ = 0;
};

/// The gateway's end of a worker's standard output and error. A worker that writes without end is read slowly, so that
/// it waits and nobody else does. Owner: the process, which what is posted keeps. Threads: the loop's.
class ErrorOutput {
 public:
  ErrorOutput(base::Loop& loop, services::files::Descriptor pipe, std::string tool);
  /// Begins to read; `keeper` is held while anything is pending.
  void open(std::shared_ptr<void> keeper);
  /// The process has ended: takes what it had written, then closes.
  void drain_and_close();

 private:
  enum class Read : std::uint8_t { kSome, kNothing, kEnd };
  Read read_some();
  void wait_to_read();
  void rest();

  boost::asio::posix::stream_descriptor pipe_;
  boost::asio::steady_timer pause_;
  const std::string tool_;
  BoundedLines lines_;
  std::shared_ptr<void> keeper_;
};

}  // namespace toolrack::sources::isolated
