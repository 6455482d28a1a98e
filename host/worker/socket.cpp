#include "worker/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace toolrack::worker {

void end_with_gateway() noexcept { ::_exit(0); }

void Socket::send_locked(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(frames_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd wait{frames_, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      end_with_gateway();
    }
  }
}

void Socket::send(std::string frame) {
  const int memory = frame.size() > kLongestStreamed ? make_sealed(frame) : -1;
  const std::lock_guard lock(mutex_);
  // Where there is no memory to be had for it, or no way for one more, it goes through the stream.
  if (memory >= 0 && give_descriptor(memory_socket_, memory)) {
    FrameWriter announced(FrameType::kInMemory, 0);
    announced.u64(frame.size());
    frame = std::move(announced).take();
  }
  send_locked(frame);
  if (memory >= 0) ::close(memory);
}

bool Socket::read_some(bool waits) {
  const auto room = reader_.room();
  for (;;) {
    const auto got = ::recv(frames_, room.data(), room.size(), waits ? 0 : MSG_DONTWAIT);
    if (got > 0) {
      reader_.filled(static_cast<std::size_t>(got));
      return static_cast<std::size_t>(got) == room.size();
    }
    if (got < 0 && errno == EAGAIN) return false;
    if (got == 0 || errno != EINTR) end_with_gateway();
  }
}

std::optional<Frame> Socket::next() {
  memory_.reset();
  auto frame = reader_.next();
  if (reader_.is_broken()) std::abort();  // The gateway sends whole frames.
  if (!frame || frame->type != FrameType::kInMemory) return frame;
  return take_from_memory(*frame);
}

std::optional<Frame> Socket::take_from_memory(const Frame& announced) {
  FieldReader in(announced.payload);
  const auto size = in.u64();
  const int descriptor = take_descriptor(memory_socket_);
  if (descriptor < 0) std::abort();
  memory_ = SealedMemory::map(descriptor, size);
  ::close(descriptor);
  // No room for it in our address space: as for a plugin that asks for more than there is.
  if (!memory_) std::abort();
  FrameWriter taken(FrameType::kMemoryTaken, 0);
  taken.u64(size);
  send(std::move(taken).take());
  return read_frame(memory_->bytes());
}

std::string Socket::ask(std::string frame) {
  const std::lock_guard lock(mutex_);
  send_locked(frame);
  for (;;) {
    if (const auto answer = next()) return std::string(answer->payload);
    read_some(true);
  }
}

}  // namespace toolrack::worker
