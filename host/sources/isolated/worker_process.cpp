#include "sources/isolated/worker_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <latch>
#include <set>
#include <utility>

#include "worker/board.hpp"

namespace toolrack::sources::isolated {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;
using worker::FrameType;
using worker::FrameWriter;

/// An answer may be late on a machine that has other things to do; a process that stands still never gives one.
constexpr int kMostIntervalsLate = 3;

std::vector<std::string> names_of(const std::vector<std::shared_ptr<Seat>>& seats) {
  std::set<std::string> names;
  for (const auto& seat : seats) names.insert(seat->tool());
  return {names.begin(), names.end()};
}

}  // namespace

Result<std::shared_ptr<WorkerProcess>> WorkerProcess::start(base::Loops& loops, const WorkerProgram& program,
                                                            const worker::Options& options, std::string name) {
  auto launched = TRY(launch(program, options));
  const std::shared_ptr<WorkerProcess> made(new WorkerProcess(loops, std::move(launched), std::move(name)));
  made->watch();
  return made;
}

WorkerProcess::WorkerProcess(base::Loops& loops, Launched launched, std::string name)
    : loops_(loops),
      id_(launched.id),
      name_(std::move(name)),
      board_(std::move(launched.board)),
      handle_(std::move(launched.handle)),
      exit_(loops[0].context(), ::fcntl(handle_.get(), F_DUPFD_CLOEXEC, 0)),
      output_(loops[0], std::move(launched.output), name_),
      next_ping_(loops[0].context()),
      seats_of_loop_(loops.size()),
      open_channels_(launched.channels.size()) {
  for (std::size_t i = 0; i < launched.channels.size(); ++i) {  // That of questions on the first loop.
    channels_.push_back(std::make_unique<Channel>(
        loops[i % loops.size()], std::move(launched.channels[i]),
        Channel::Listener{.on_frame = [this, i](const worker::Frame& frame) { on_frame(i, frame); },
                          .on_end = [this](std::string why) { kill(std::move(why)); }}));
  }
}

WorkerProcess::~WorkerProcess() = default;

void WorkerProcess::watch() {
  for (auto& channel : channels_) {
    channel->belong_to(weak_from_this());
    boost::asio::post(channel->loop().context(), [self = shared_from_this(), one = channel.get()] { one->open(); });
  }
  boost::asio::post(loops_[0].context(), [self = shared_from_this()] {
    self->output_.open(self);
    self->exit_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                           [self](const boost::system::error_code& error) {
                             if (!error) self->on_exit();
                           });
  });
}

// ---- Who sits in it.

/// Runs it for what each loop knows of the seats, and returns when all have done so: a frame that a loop takes
/// afterwards finds it changed, and none is under way that found it otherwise.
void WorkerProcess::change_on_loops(const std::function<void(Seats&)>& change) {
  const auto done = std::make_shared<std::latch>(static_cast<std::ptrdiff_t>(loops_.size()));
  for (std::size_t i = 0; i < loops_.size(); ++i)
    boost::asio::post(loops_[i].context(), [self = shared_from_this(), i, change, done] {
      change(self->seats_of_loop_[i]);
      done->count_down();
    });
  done->wait();
}

std::shared_ptr<Seat> WorkerProcess::join(std::string tool, Seat::Listener listener) {
  std::shared_ptr<Seat> seat;
  {
    base::Lock lock(mutex_);
    if (is_over_) return nullptr;
    // Numbers come again after as many seats as there are numbers: nobody speaks of the one who had it any more.
    auto guest = static_cast<std::uint16_t>(ever_joined_.fetch_add(1, std::memory_order_relaxed));
    while (std::ranges::any_of(seats_, [&](const auto& one) { return one->guest() == guest; }))
      guest = static_cast<std::uint16_t>(ever_joined_.fetch_add(1, std::memory_order_relaxed));
    seat = std::make_shared<Seat>(shared_from_this(), guest, std::move(tool), std::move(listener));
    seats_.push_back(seat);
  }
  change_on_loops([seat](Seats& seats) { seats.push_back(seat); });
  return seat;
}

std::size_t WorkerProcess::leave(Seat& seat) {
  const auto take_away = [&seat](Seats& seats) {
    std::erase_if(seats, [&](const auto& one) { return one.get() == &seat; });
  };
  std::size_t left = 0;
  bool is_told = false;
  {
    base::Lock lock(mutex_);
    take_away(seats_);
    left = seats_.size();
    is_told = are_told_;
  }
  if (is_told) {
    wait_until_ended();
  } else {
    change_on_loops(take_away);
    seat.forget_listener();
  }
  return left;
}

std::vector<std::string> WorkerProcess::plugins() const {
  base::Lock lock(mutex_);
  return names_of(seats_);
}

void WorkerProcess::send(std::size_t channel, FrameWriter frame, std::uint16_t guest) {
  if (frame.is_too_long()) return kill("it would have been sent more than a frame holds", guest);
  channels_[channel]->send(std::move(frame).take(guest));
}

void WorkerProcess::kill(std::string why, std::optional<std::uint16_t> guest) {
  {
    base::Lock lock(mutex_);
    if (is_over_) return;
    if (why_.empty()) {
      why_ = std::move(why);
      why_guest_ = guest;
    }
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
      self->send(0, FrameWriter(FrameType::kPing, ++self->pings_), 0);
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
  if (frame.type != FrameType::kReply) {
    for (const auto& seat : seats_of_loop_[channel % loops_.size()])
      if (seat->guest() == frame.guest) return seat->listener().on_frame(*seat, channel, frame);
    // Of one that has left it was on its way.
    if (frame.guest >= ever_joined_.load(std::memory_order_relaxed)) kill("it sent a frame that makes no sense");
    return;
  }
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
                                           std::chrono::milliseconds patience, std::uint16_t guest) {
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
  send(0, std::move(frame), guest);
  if (answer.wait_for(patience) != std::future_status::ready) {
    kill(fmt::format("it did not answer within {} ms", patience.count()), guest);
    wait_until_ended();
    return fail(ErrorCode::kTimeout, fmt::format("its worker process did not answer within {} ms", patience.count()));
  }
  return answer.get();
}

void WorkerProcess::on_exit() {
  auto how = reap(handle_);
  const auto running = board_ ? worker::read_board(board_.get()) : std::vector<std::uint16_t>();
  {
    base::Lock lock(mutex_);
    // Who ended by himself, whatever we were about to do, is told as that.
    const bool is_killed = !why_.empty() && how.starts_with("SIGKILL");
    how_ = is_killed ? why_ : std::move(how);
    if (board_) how_ += blame(is_killed ? why_guest_ : std::nullopt, running);
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

/// Settles whose doing the end is, for those who have a seat, and says so: of several, that is.
std::string WorkerProcess::blame(std::optional<std::uint16_t> guest, const std::vector<std::uint16_t>& running) {
  Seats guilty;
  for (const auto& seat : seats_) {
    const bool is_guilty = guest ? *guest == seat->guest() : std::ranges::binary_search(running, seat->guest());
    if (is_guilty) guilty.push_back(seat);
  }
  if (guilty.empty()) return seats_.size() < 2 ? "" : ", and which of its plugins did it cannot be said";
  for (const auto& seat : guilty) blamed_.push_back(seat->guest());
  return fmt::format("{} {}", guest ? ":" : " while", fmt::join(names_of(guilty), " or ")) + (guest ? ""
                                                                                              : guilty.size() == 1
                                                                                                  ? " was running"
                                                                                                  : " were running");
}

void WorkerProcess::all_is_read() {
  std::map<std::uint64_t, std::promise<Result<WorkerReply>>> requests;
  Seats seats;
  {
    base::Lock lock(mutex_);
    requests.swap(requests_);
    seats.swap(seats_);
    are_told_ = true;
  }
  for (auto& [id, promise] : requests)
    promise.set_value(fail(ErrorCode::kPluginFailed, fmt::format("its worker process ended: {}", how_)));
  for (const auto& seat : seats) {
    const bool is_blamed = blamed_.empty() || std::ranges::find(blamed_, seat->guest()) != blamed_.end();
    seat->listener().on_ended(*seat, how_, is_blamed);
    seat->forget_listener();
  }
  // They keep us.
  for (std::size_t i = 0; i < loops_.size(); ++i)
    boost::asio::post(loops_[i].context(), [self = shared_from_this(), i] { self->seats_of_loop_[i].clear(); });
  ended_.set_value();
}

void WorkerProcess::wait_until_ended() { has_ended_.wait(); }

}  // namespace toolrack::sources::isolated
