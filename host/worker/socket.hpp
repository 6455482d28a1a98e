/// A worker's end of a socket to the gateway.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "worker/frame.hpp"
#include "worker/memory.hpp"

namespace toolrack::worker {

/// The gateway has gone: so do we, at once and without a word, whatever other threads do.
[[noreturn]] void end_with_gateway() noexcept;

/// Threads: `send` any; `read_some` and `next` one at a time.
class Socket {
 public:
  /// Of frames, and of descriptors beside them.
  Socket(int frames, int memory) : frames_(frames), memory_socket_(memory) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int descriptor() const noexcept { return frames_; }
  /// Waits while the gateway has not read what came before; it always reads.
  void send(std::string frame);
  /// Reads once what is there; with `waits` until something is. False: there was no more, and the next bytes will be
  /// told by epoll as new ones.
  bool read_some(bool waits);
  /// The next whole frame, valid until the next one is asked for or more is read.
  std::optional<Frame> next();
  /// Sends a question and waits for its answer, one at a time. For a socket that nobody else reads.
  std::string ask(std::string frame);

 private:
  void send_locked(std::string_view bytes);
  std::optional<Frame> take_from_memory(const Frame& announced);

  const int frames_, memory_socket_;
  std::mutex mutex_;  // Of those who send.
  FrameReader reader_;
  std::optional<SealedMemory> memory_;  // Of the last frame that `next` has given.
};

}  // namespace toolrack::worker
