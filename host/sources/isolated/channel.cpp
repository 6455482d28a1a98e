#include "sources/isolated/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include <cerrno>
#include <utility>

namespace toolrack::sources::isolated {
namespace {

/// Reads of one turn of the loop: a worker that sends without end must not keep others from it.
constexpr int kReadsPerTurn = 8;

using worker::FrameType;

}  // namespace

Channel::Channel(base::Loop& loop, ChannelSockets sockets, Listener listener)
    : loop_(loop),
      socket_(loop.context().get_executor(), ::fcntl(sockets.frames.get(), F_DUPFD_CLOEXEC, 0)),
      memory_(std::move(sockets.memory)),
      listener_(std::move(listener)),
      descriptor_(socket_.native_handle()) {}

void Channel::open() {
  keeper_ = owner_.lock();
  is_open_ = true;
  wait_to_read();
}

void Channel::wait_to_read() {
  socket_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this, keeper = keeper_](const boost::system::error_code& error) {
                       if (error || !is_open_) return;
                       for (int i = 0; i < kReadsPerTurn && is_open_; ++i) {
                         const auto sends = sends_.load(std::memory_order_relaxed);
                         const auto read = read_some();
                         if (read == Read::kEnd) return;
                         // What we have answered with is often answered by now: a worker that the kernel wakes on our
                         // processor runs before we do, and a look costs less than waiting to be told.
                         const bool may_be_answered = sends_.load(std::memory_order_relaxed) != sends;
                         if (read == Read::kNothing || (read == Read::kAll && !may_be_answered)) break;
                       }
                       if (is_open_ && !has_ended_) wait_to_read();
                     });
}

Channel::Read Channel::read_some() {
  const auto room = reader_.room();
  const auto got = ::recv(socket_.native_handle(), room.data(), room.size(), MSG_DONTWAIT);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return errno == EINTR ? Read::kSome : Read::kNothing;
  if (got <= 0) {
    end("");
    return Read::kEnd;
  }
  const bool may_be_more = static_cast<std::size_t>(got) == room.size();
  // What comes may answer what another thread has sent: all that it did before happened before. The kernel knows that,
  // the language has to be told.
  [[maybe_unused]] const auto seen = sends_.load(std::memory_order_acquire);
  reader_.filled(static_cast<std::size_t>(got));
  while (const auto frame = has_ended_ ? std::nullopt : reader_.next()) take(*frame);
  if (has_ended_) return Read::kEnd;
  if (!reader_.is_broken()) return may_be_more ? Read::kSome : Read::kAll;
  end("it sent bytes that are no frame");
  return Read::kEnd;
}

void Channel::end(std::string why) {
  if (!std::exchange(has_ended_, true)) listener_.on_end(std::move(why));
}

void Channel::take(const worker::Frame& frame) {
  if (frame.type == FrameType::kInMemory) return take_from_memory(frame);
  if (frame.type != FrameType::kMemoryTaken) return listener_.on_frame(frame);
  worker::FieldReader in(frame.payload);
  const auto bytes = in.u64();
  base::Lock lock(mutex_);
  if (in.is_whole() && bytes <= untaken_bytes_) untaken_bytes_ -= bytes;
}

/// Read where it lies, like what comes by the stream; nobody can change it meanwhile.
void Channel::take_from_memory(const worker::Frame& announced) {
  worker::FieldReader in(announced.payload);
  const auto size = in.u64();
  const Descriptor descriptor(worker::take_descriptor(memory_.get()));
  if (!in.is_whole() || !descriptor || size > worker::kLongestFrame + sizeof(std::uint32_t))
    return end("it announced a frame in memory that is not there");
  const auto memory = worker::SealedMemory::map(descriptor.get(), size);
  if (!memory) return end("it sent memory that is not sealed");
  const auto frame = worker::read_frame(memory->bytes());
  if (!frame || frame->type == FrameType::kInMemory || frame->type == FrameType::kMemoryTaken)
    return end("it sent bytes that are no frame");
  listener_.on_frame(*frame);
}

ssize_t Channel::try_send(std::string_view bytes) {
  return ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Channel::send(std::string frame) {
  sends_.fetch_add(1, std::memory_order_release);
  Descriptor memory;
  if (frame.size() > worker::kLongestStreamed) memory = Descriptor(worker::make_sealed(frame));
  {
    base::Lock lock(mutex_);
    if (descriptor_ < 0) return;
    // Where there is no memory to be had for it, or no way for one more, it goes through the stream.
    if (memory && worker::give_descriptor(memory_.get(), memory.get())) {
      untaken_bytes_ += frame.size();
      worker::FrameWriter announced(FrameType::kInMemory, 0);
      announced.u64(frame.size());
      frame = std::move(announced).take();
    }
    const bool is_first = waiting_.empty();
    const auto sent = is_first ? try_send(frame) : 0;
    if (sent < 0 && errno != EAGAIN) return;  // Its end will be told by who reads.
    const bool is_sent = sent == static_cast<ssize_t>(frame.size());
    if (!is_sent) {
      if (is_first) sent_ = sent < 0 ? 0 : static_cast<std::size_t>(sent);
      waiting_bytes_ += frame.size();
      waiting_.push_back(std::move(frame));
    }
    const bool is_too_much = waiting_bytes_ > kMostWaiting || untaken_bytes_ > kMostWaiting;
    if ((is_sent || !is_first) && !is_too_much) return;
  }
  if (auto keeper = owner_.lock())
    boost::asio::post(loop_.context(), [this, keeper = std::move(keeper)] { wait_to_write(); });
}

void Channel::wait_to_write() {
  if (!is_open_) return;
  bool is_stuck = false;
  {
    base::Lock lock(mutex_);
    is_stuck = waiting_bytes_ > kMostWaiting || untaken_bytes_ > kMostWaiting;
  }
  if (is_stuck) return end("it does not read what it is sent");
  socket_.async_wait(boost::asio::posix::descriptor_base::wait_write,
                     [this, keeper = keeper_](const boost::system::error_code& error) {
                       if (!error && is_open_) write_some();
                     });
}

void Channel::write_some() {
  {
    base::Lock lock(mutex_);
    while (!waiting_.empty()) {
      const auto& next = waiting_.front();
      const auto sent = try_send(std::string_view(next).substr(sent_));
      if (sent < 0 && errno == EAGAIN) break;
      if (sent < 0) return;
      sent_ += static_cast<std::size_t>(sent);
      if (sent_ < next.size()) continue;
      waiting_bytes_ -= next.size();
      waiting_.pop_front();
      sent_ = 0;
    }
    if (waiting_.empty()) return;
  }
  wait_to_write();
}

void Channel::drain_and_close() {
  if (!is_open_) return;
  for (auto read = Read::kSome; !has_ended_ && (read == Read::kSome || read == Read::kAll);) read = read_some();
  has_ended_ = true;
  is_open_ = false;
  {
    base::Lock lock(mutex_);
    descriptor_ = -1;
    waiting_.clear();
    waiting_bytes_ = 0;
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
  keeper_.reset();
}

}  // namespace toolrack::sources::isolated
