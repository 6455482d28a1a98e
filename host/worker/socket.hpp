/// A worker's end of a socket to the gateway.
#pragma once

#include <mutex>
#include <string>

#include "worker/frame.hpp"

namespace toolrack::worker {

/// The gateway has gone: so do we, at once and without a word, whatever other threads do.
[[noreturn]] void end_with_gateway() noexcept;

/// Threads: `send` any; `read_some` and `reader` one at a time.
class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  /// Waits while the gateway has not read what came before; it always reads.
  void send(std::string frame);
  /// Reads once what is there; waits for it when the socket blocks.
  void read_some();
  FrameReader& reader() noexcept { return reader_; }
  /// Sends a question and waits for its answer, one at a time. For a socket that nobody else reads.
  std::string ask(std::string frame);

 private:
  void send_locked(std::string_view bytes);

  const int descriptor_;
  std::mutex mutex_;  // Of those who send.
  FrameReader reader_;
};

}  // namespace toolrack::worker
