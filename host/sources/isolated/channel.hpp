/// The gateway's end of a socket to a worker.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "sources/isolated/launch.hpp"
#include "worker/frame.hpp"
#include "worker/memory.hpp"

namespace toolrack::sources::isolated {

/// Frames that wait because the worker does not read: more than that, and it never will.
inline constexpr std::size_t kMostWaiting = 256U << 20;

/// Owner: the process it belongs to, which everything that is posted keeps. Threads: `send` any; the rest on `loop`.
class Channel {
 public:
  /// What the process is told, on the loop.
  struct Listener {
    std::function<void(const worker::Frame&)> on_frame;
    /// No more will come: noise, or a worker that does not read; an empty `why` is the end of the stream. Once.
    std::function<void(std::string why)> on_end;
  };

  Channel(base::Loop& loop, ChannelSockets sockets, Listener listener);

  base::Loop& loop() const noexcept { return loop_; }
  /// Whom what is posted keeps; before anybody sends.
  void belong_to(std::weak_ptr<void> owner) { owner_ = std::move(owner); }
  /// Begins to read; the owner is kept until the channel is closed.
  void open();
  /// At once when the socket takes it, else later; nothing once it is closed.
  void send(std::string frame);
  /// The process has ended: takes what it had sent before, then closes.
  void drain_and_close();
  bool is_open() const noexcept { return is_open_; }

 private:
  /// `kAll`: something, and there was no more.
  enum class Read : std::uint8_t { kSome, kAll, kNothing, kEnd };
  using Stream = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  void wait_to_read();
  void wait_to_write();
  Read read_some();
  void write_some();
  void end(std::string why);
  void take(const worker::Frame& frame);
  void take_from_memory(const worker::Frame& announced);
  ssize_t try_send(std::string_view bytes) TR_REQUIRES(mutex_);

  base::Loop& loop_;
  Stream socket_;
  const Descriptor memory_;  // Its socket of descriptors.
  Listener listener_;
  std::weak_ptr<void> owner_;  // Constant from the first frame on.

  // Of the loop's thread.
  worker::FrameReader reader_;
  std::shared_ptr<void> keeper_;  // The owner, while we are open.
  bool is_open_ = false;
  bool has_ended_ = false;

  std::atomic<std::uint32_t> sends_{0};  // Frames that were to be sent.
  base::Mutex mutex_;
  std::deque<std::string> waiting_ TR_GUARDED_BY(mutex_);
  std::size_t sent_ TR_GUARDED_BY(mutex_) = 0;  // Of the first one that waits.
  std::size_t waiting_bytes_ TR_GUARDED_BY(mutex_) = 0;
  std::uint64_t untaken_bytes_ TR_GUARDED_BY(mutex_) = 0;  // In memory that the worker does not have yet.
  int descriptor_ TR_GUARDED_BY(mutex_) = -1;              // Open.
};

}  // namespace toolrack::sources::isolated
