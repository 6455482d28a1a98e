#include "worker/socket.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace toolrack::worker {

void end_with_gateway() noexcept { ::_exit(0); }

void Socket::send_locked(std::string_view bytes, int descriptor) {
  while (!bytes.empty()) {
    const auto sent = send_with(descriptor_, bytes, descriptor, 0);
    if (sent > 0) {
      descriptor = -1;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      pollfd wait{descriptor_, POLLOUT, 0};
      ::poll(&wait, 1, -1);
    } else if (errno != EINTR) {
      end_with_gateway();
    }
  }
}

void Socket::send(std::string frame) {
  // Where there is no memory to be had for it, it goes through the stream.
  const int memory = frame.size() > kLongestStreamed ? make_sealed(frame) : -1;
  const std::lock_guard lock(mutex_);
  if (memory < 0) return send_locked(frame);
  FrameWriter announced(FrameType::kInMemory, 0);
  announced.u64(frame.size());
  send_locked(std::move(announced).take(), memory);
  ::close(memory);
}

bool Socket::read_some(bool waits) {
  const auto room = reader_.room();
  const auto descriptors = descriptors_.size();
  for (;;) {
    const auto got = receive_with(descriptor_, room, descriptors_, waits ? 0 : MSG_DONTWAIT);
    if (got > 0) {
      reader_.filled(static_cast<std::size_t>(got));
      // A message with descriptors is read alone, whatever else is there.
      return static_cast<std::size_t>(got) == room.size() || descriptors_.size() != descriptors;
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
  if (descriptors_.empty()) std::abort();
  const int descriptor = descriptors_.front();
  descriptors_.erase(descriptors_.begin());
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
