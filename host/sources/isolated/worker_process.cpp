#include "sources/isolated/worker_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

namespace toolrack::sources::isolated {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using worker::FrameType;
using worker::FrameWriter;

/// An answer may be late on a machine that has other things to do; a process that stands still never gives one.
constexpr int kMostIntervalsLate = 3;

}  // namespace

Result<std::shared_ptr<WorkerProcess>> WorkerProcess::start(base::Loops& loops, const std::string& program,
                                                            const worker::Options& options, std::string tool,
                                                            Listener listener) {
  auto launched = TRY(launch(program, options));
  const std::shared_ptr<WorkerProcess> made(
      new WorkerProcess(loops, std::move(launched), std::move(tool), std::move(listener)));
  made->watch();
  return made;
}

WorkerProcess::WorkerProcess(base::Loops& loops, Launched launched, std::string tool, Listener listener)
    : loops_(loops),
      id_(launched.id),
      listener_(std::move(listener)),
      handle_(std::move(launched.handle)),
      exit_(loops[0].context(), ::fcntl(handle_.get(), F_DUPFD_CLOEXEC, 0)),
      output_(loops[0], std::move(launched.output), std::move(tool)),
      next_ping_(loops[0].context()),
      open_channels_(launched.channels.size() + 1) {
  launched.channels.push_back(std::move(launched.questions));  // On the first loop.
  for (std::size_t i = 0; i < launched.channels.size(); ++i) {
    channels_.push_back(std::make_unique<Channel>(
        loops[i % loops.size()], std::move(launched.channels[i]),
        Channel::Listener{.on_frame = [this, i](const worker::Frame& frame) { on_frame(i, frame); },
                          .on_end = [this](std::string why) { kill(std::move(why)); }}));
  }
}

WorkerProcess::~WorkerProcess() = default;

void WorkerProcess::watch() {
  for (auto& channel : channels_)
    boost::asio::post(channel->loop().context(), [self = shared_from_this(), one = channel.get()] { one->open(self); });
  boost::asio::post(loops_[0].context(), [self = shared_from_this()] {
    self->output_.open(self);
    self->exit_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                           [self](const boost::system::error_code& error) {
                             if (!error) self->on_exit();
                           });
  });
}

void WorkerProcess::send(std::size_t channel, FrameWriter frame) {
  if (frame.is_too_long()) return kill("it would have been sent more than a frame holds");
  channels_[channel]->send(std::move(frame).take(), shared_from_this());
}

void WorkerProcess::kill(std::string why) {
  {
    base::Lock lock(mutex_);
    if (is_over_) return;
    if (why_.empty()) why_ = std::move(why);
  }
  isolated::kill(handle_);
}

void WorkerProcess::ping_every(std::chrono::milliseconds interval) {
  boost::asio::post(loops_[0].context(), [self = shared_from_this(), interval] {
    self->ping_interval_ = interval;
    self->wait_to_ping();
  });
}

/// Its reading thread answers whatever the plugin does, unless the whole process stands still.
void WorkerProcess::wait_to_ping() {
  next_ping_.expires_after(ping_interval_);
  next_ping_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    {
      base::Lock lock(self->mutex_);
      if (self->is_over_) return;
    }
    if (self->pongs_ == self->pings_) {
      self->intervals_late_ = 0;
      self->send(0, FrameWriter(FrameType::kPing, ++self->pings_));
    } else if (++self->intervals_late_ == kMostIntervalsLate) {
      return self->kill(fmt::format("it did not answer for {} ms", kMostIntervalsLate * self->ping_interval_.count()));
    }
    self->wait_to_ping();
  });
}

void WorkerProcess::on_frame(std::size_t channel, const worker::Frame& frame) {
  if (frame.type == FrameType::kPong) {
    if (channel == 0) pongs_ = frame.id;
    return;
  }
  if (frame.type != FrameType::kReply) return listener_.on_frame(*this, channel, frame);
  worker::FieldReader in(frame.payload);
  WorkerReply reply;
  reply.status = in.u32();
  reply.explanation = in.text();
  reply.fields = frame.payload.substr(std::min(frame.payload.size(), 8 + reply.explanation.size()));
  base::Lock lock(mutex_);
  auto found = requests_.extract(frame.id);
  if (!found.empty() && !in.has_failed()) found.mapped().set_value(std::move(reply));
}

Result<WorkerReply> WorkerProcess::request(FrameType type, const std::function<void(FrameWriter&)>& put,
                                           std::chrono::milliseconds patience) {
  std::future<Result<WorkerReply>> answer;
  std::uint64_t id = 0;
  {
    base::Lock lock(mutex_);
    if (is_over_) return fail(ErrorCode::kPluginFailed, fmt::format("its worker process ended: {}", how_));
    id = ++last_request_;
    answer = requests_[id].get_future();
  }
  FrameWriter frame(type, id);
  put(frame);
  send(0, std::move(frame));
  if (answer.wait_for(patience) != std::future_status::ready) {
    kill(fmt::format("it did not answer within {} ms", patience.count()));
    wait_until_ended();
    return fail(ErrorCode::kTimeout, fmt::format("its worker process did not answer within {} ms", patience.count()));
  }
  return answer.get();
}

void WorkerProcess::on_exit() {
  auto how = reap(handle_);
  {
    base::Lock lock(mutex_);
    // Who ended by himself, whatever we were about to do, is told as that.
    how_ = why_.empty() || !how.starts_with("SIGKILL") ? std::move(how) : why_;
    is_over_ = true;
  }
  boost::system::error_code ignored;
  exit_.close(ignored);
  output_.drain_and_close();
  next_ping_.cancel();
  // What it had said before still counts: a call that has completed has completed.
  for (auto& channel : channels_) {
    boost::asio::post(channel->loop().context(), [self = shared_from_this(), one = channel.get()] {
      one->drain_and_close();
      if (self->open_channels_.fetch_sub(1) == 1) self->all_is_read();
    });
  }
}

void WorkerProcess::all_is_read() {
  std::map<std::uint64_t, std::promise<Result<WorkerReply>>> requests;
  {
    base::Lock lock(mutex_);
    requests.swap(requests_);
  }
  for (auto& [id, promise] : requests)
    promise.set_value(fail(ErrorCode::kPluginFailed, fmt::format("its worker process ended: {}", how_)));
  listener_.on_ended(*this, how_);
  listener_ = {};  // It may keep who keeps us.
  ended_.set_value();
}

void WorkerProcess::wait_until_ended() { has_ended_.wait(); }

}  // namespace toolrack::sources::isolated
