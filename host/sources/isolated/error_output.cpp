#include "sources/isolated/error_output.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::sources::isolated {
namespace {

namespace log = services::log;

/// As much as a pipe holds: what is there when its worker has ended is taken by so many reads.
constexpr int kReads = 16;
constexpr std::size_t kPiece = 4096;
/// After a full turn: some megabytes a second are enough for a text that nobody will read.
constexpr std::chrono::milliseconds kRest{20};

}  // namespace

void BoundedLines::take(std::string_view bytes, Clock::time_point now) {
  if (now - window_began_ >= bounds_.window) {
    close_window();
    window_began_ = now;
  }
  while (!bytes.empty()) {
    const auto end = bytes.find('\n');
    const auto piece = bytes.substr(0, end);
    const auto taken = std::min(piece.size(), bounds_.line_bytes - line_.size());
    line_.append(piece.substr(0, taken));
    is_cut_ |= taken < piece.size();
    if (end == std::string_view::npos) return;
    give();
    bytes.remove_prefix(end + 1);
  }
}

void BoundedLines::give() {
  if (line_.empty()) return;
  if (given_ >= bounds_.lines) {
    ++left_out_;
  } else {
    ++given_;
    if (std::exchange(is_cut_, false)) line_.append(" ...");
    sink_.line(line_);
  }
  line_.clear();
  is_cut_ = false;
}

void BoundedLines::close_window() {
  given_ = 0;
  if (left_out_ != 0) sink_.left_out(std::exchange(left_out_, 0));
}

void BoundedLines::end() {
  give();
  close_window();
}

ErrorOutput::ErrorOutput(base::Loop& loop, services::files::Descriptor pipe, std::string tool)
    : pipe_(loop.context(), ::fcntl(pipe.get(), F_DUPFD_CLOEXEC, 0)),
      pause_(loop.context()),
      tool_(std::move(tool)),
      lines_({},
             {.line = [this](std::string_view line) { log::write_plugin(log::Level::kNotice, tool_, "", line, ""); },
              .left_out =
                  [this](std::uint64_t lines) {
                    log::write(log::Level::kNotice, "lines that a worker process wrote are left out",
                               {{"tool", tool_}, {"lines", lines}});
                  }}) {}

void ErrorOutput::open(std::shared_ptr<void> keeper) {
  keeper_ = std::move(keeper);
  wait_to_read();
}

void ErrorOutput::wait_to_read() {
  pipe_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                   [this, keeper = keeper_](const boost::system::error_code& error) {
                     if (error || keeper_ == nullptr) return;
                     for (int i = 0; i < kReads; ++i) {
                       const auto read = read_some();
                       if (read == Read::kEnd) return;
                       if (read == Read::kNothing) return wait_to_read();
                     }
                     rest();
                   });
}

void ErrorOutput::rest() {
  pause_.expires_after(kRest);
  pause_.async_wait([this, keeper = keeper_](const boost::system::error_code& error) {
    if (!error && keeper_ != nullptr) wait_to_read();
  });
}

ErrorOutput::Read ErrorOutput::read_some() {
  std::array<char, kPiece> room{};
  const auto got = ::read(pipe_.native_handle(), room.data(), room.size());
  if (got < 0 && errno == EINTR) return Read::kSome;
  if (got < 0 && errno == EAGAIN) return Read::kNothing;
  if (got <= 0) return Read::kEnd;
  lines_.take({room.data(), static_cast<std::size_t>(got)}, BoundedLines::Clock::now());
  return Read::kSome;
}

void ErrorOutput::drain_and_close() {
  for (int i = 0; i < kReads && read_some() == Read::kSome; ++i) {
  }
  lines_.end();
  pause_.cancel();
  boost::system::error_code ignored;
  pipe_.close(ignored);
  keeper_.reset();
}

}  // namespace toolrack::sources::isolated
