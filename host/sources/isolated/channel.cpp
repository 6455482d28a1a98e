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

}  // namespace

Channel::Channel(base::Loop& loop, services::files::Descriptor socket, Listener listener)
    : loop_(loop),
      socket_(loop.context(), ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0)),
      listener_(std::move(listener)),
      descriptor_(socket_.native_handle()) {}

void Channel::open(std::shared_ptr<void> keeper) {
  keeper_ = std::move(keeper);
  is_open_ = true;
  wait_to_read();
}

void Channel::wait_to_read() {
  socket_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                     [this, keeper = keeper_](const boost::system::error_code& error) {
                       if (error || !is_open_) return;
                       for (int i = 0; i < kReadsPerTurn && is_open_; ++i) {
                         const auto read = read_some();
                         if (read == Read::kEnd) return;
                         if (read == Read::kNothing) break;
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
  reader_.filled(static_cast<std::size_t>(got));
  while (const auto frame = reader_.next()) listener_.on_frame(*frame);
  if (!reader_.is_broken()) return static_cast<std::size_t>(got) < room.size() ? Read::kNothing : Read::kSome;
  end("it sent bytes that are no frame");
  return Read::kEnd;
}

void Channel::end(std::string why) {
  if (!std::exchange(has_ended_, true)) listener_.on_end(std::move(why));
}

void Channel::send(std::string frame, const std::shared_ptr<void>& keeper) {
  {
    base::Lock lock(mutex_);
    if (descriptor_ < 0) return;
    if (waiting_.empty()) {
      const auto sent = ::send(descriptor_, frame.data(), frame.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent == static_cast<ssize_t>(frame.size())) return;
      if (sent < 0 && errno != EAGAIN) return;  // Its end will be told by who reads.
      sent_ = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    }
    const bool is_first = waiting_.empty();
    waiting_bytes_ += frame.size();
    waiting_.push_back(std::move(frame));
    if (!is_first && waiting_bytes_ <= kMostWaiting) return;
  }
  boost::asio::post(loop_.context(), [this, keeper] { wait_to_write(); });
}

void Channel::wait_to_write() {
  if (!is_open_) return;
  bool is_stuck = false;
  {
    base::Lock lock(mutex_);
    is_stuck = waiting_bytes_ > kMostWaiting;
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
      const auto sent = ::send(descriptor_, next.data() + sent_, next.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
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
  while (!has_ended_ && read_some() == Read::kSome) {
  }
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
