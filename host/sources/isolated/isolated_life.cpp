/// IsolatedPlugin: how workers start and end.
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "services/log/log.hpp"
#include "sources/isolated/isolated_plugin.hpp"
#include "sources/native/native_call.hpp"
#include "worker/wire.hpp"

namespace toolrack::sources::isolated {
namespace {

namespace log = services::log;
using native::load_fail;
using native::LoadCode;
using native::LoadResult;
using worker::FieldReader;
using worker::FrameType;
using worker::FrameWriter;

constexpr std::chrono::minutes kRecently{1};
constexpr std::size_t kMostDeaths = 5;
constexpr std::size_t kMostWaitingCalls = 4096;
/// Of a first load whose process another plugin ended.
constexpr int kMoreTries = 2;
LoadCode code_of(std::uint32_t status, std::string_view explanation) {
  switch (static_cast<tr_status>(status)) {
    case TR_FAILED_PRECONDITION:
      return LoadCode::kSandbox;
    case TR_UNIMPLEMENTED:
      return LoadCode::kNoEntry;
    case TR_NOT_FOUND:
      return explanation.find("undefined symbol") != std::string_view::npos ? LoadCode::kUndefinedSymbol
                                                                            : LoadCode::kDlopen;
    default:
      return LoadCode::kCreate;
  }
}

/// What the dynamic linker says does not tell that it looks in fewer places than in the gateway.
std::string explain_load(std::string text) {
  if (text.find("cannot open shared object file") != std::string::npos)
    text +=
        " (a worker process has the libraries below /usr and /lib and in the folders of isolation.libraries, and no "
        "LD_LIBRARY_PATH)";
  return text;
}

/// A reply of a worker, or why there is none, in the words of the loader.
LoadResult<WorkerReply> read_reply(base::Result<WorkerReply> reply, std::string_view where) {
  if (reply) return *std::move(reply);
  const auto code = reply.error().code() == base::ErrorCode::kTimeout ? LoadCode::kTimeout : LoadCode::kWorker;
  return load_fail(code, fmt::format("{}: {}", where, reply.error().message()));
}

}  // namespace

LoadResult<std::shared_ptr<IsolatedPlugin>> IsolatedPlugin::open(native::PrivateCopy copy,
                                                                 IsolatedEnvironment environment) {
  auto keeper = environment.shared;
  if (keeper == nullptr) {
    auto own = ProcessKeeper::for_one({environment.loops, environment.settings, environment.calls_directory},
                                      environment.tool, copy.path());
    if (!own) return tl::unexpected(own.error());
    keeper = *std::move(own);
  }
  auto library = keeper->admit(copy.path());
  if (!library) return tl::unexpected(library.error());
  std::shared_ptr<IsolatedPlugin> made(new IsolatedPlugin(std::move(copy), std::move(environment), std::move(keeper)));
  made->library_ = *std::move(library);
  auto seat = made->take_seat();
  for (int again = 0; !seat && again < kMoreTries && made->was_ended_by_another(); ++again) seat = made->take_seat();
  if (!seat) {
    made->keeper_->dismiss(made->library_);
    return tl::unexpected(seat.error());
  }
  return made;
}

LoadResult<std::shared_ptr<Seat>> IsolatedPlugin::take_seat() {
  auto joined = keeper_->join(
      environment_.tool,
      {.on_frame = [self = shared_from_this()](Seat& seat, std::size_t channel,
                                               const worker::Frame& frame) { self->on_frame(seat, channel, frame); },
       .on_ended = [self = shared_from_this()](Seat& seat, const std::string& how,
                                               bool is_blamed) { self->on_ended(seat, how, is_blamed); }});
  if (!joined) return joined;
  const auto seat = *std::move(joined);
  {
    base::Lock lock(mutex_);
    seat_ = seat;
    operations_ = std::make_shared<ServedOperations>(tables_, seat);
    ++lives_;
  }
  if (auto loaded = load_library(*seat); !loaded) {
    give_back(seat, "its library cannot be used");
    return tl::unexpected(loaded.error());
  }
  return seat;
}

/// Whatever it has come to in there. A process that goes on is to forget it first.
void IsolatedPlugin::give_back(const std::shared_ptr<Seat>& seat, const std::string& why) {
  if (keeper_->is_shared()) {
    std::shared_ptr<ServedOperations> operations;
    {
      base::Lock lock(mutex_);
      if (seat_ == seat) operations = operations_;
    }
    if (operations != nullptr) operations->cancel_all();  // It does not leave before they have ended.
    const auto put = [&](FrameWriter& frame) { frame.u32(unload_ == native::UnloadPolicy::kClose ? 1 : 0); };
    (void)seat->request(FrameType::kLeave, put, environment_.load_timeout);
  }
  keeper_->leave(*seat, why);
  on_ended(*seat, why, true);  // For us it has, unless it had ended before.
}

bool IsolatedPlugin::was_ended_by_another() const {
  base::Lock lock(mutex_);
  return was_ended_by_another_;
}

LoadResult<void> IsolatedPlugin::load_library(Seat& seat) {
  const auto put = [&](FrameWriter& frame) { frame.text(environment_.tool).text(library_.string()); };
  auto reply = read_reply(seat.request(FrameType::kLoad, put, environment_.load_timeout), "loading its library");
  if (!reply) return tl::unexpected(reply.error());
  FieldReader in(reply->fields);
  const auto sandbox = in.text(), missing = in.text();
  const bool has_other_user = in.u32() != 0;
  {
    base::Lock lock(mutex_);
    sandbox_ = sandbox;
    missing_ = missing;
  }
  if (!has_other_user) files_.owner_id.reset();
  if (static_cast<tr_status>(reply->status) != TR_OK)
    return load_fail(code_of(reply->status, reply->explanation), explain_load(reply->explanation));
  const bool is_usable = in.u32() != 0;
  entry_.struct_size = is_usable ? sizeof entry_ : 0;
  entry_.abi_major = static_cast<std::uint16_t>(in.u32());
  entry_.abi_minor = static_cast<std::uint16_t>(in.u32());
  entry_.min_host_minor = static_cast<std::uint16_t>(in.u32());
  // Called through `create` of ours, which knows the worker.
  entry_.create = [](const tr_host*, const tr_plugin**) noexcept -> tr_status { return TR_UNIMPLEMENTED; };
  return {};
}

LoadResult<void> IsolatedPlugin::create_in(const std::shared_ptr<Seat>& seat) {
  {
    base::Lock lock(mutex_);
    operations_ = std::make_shared<ServedOperations>(tables_, seat);
  }
  const auto put = [&](FrameWriter& frame) { frame.u32(tables_.services()).u32(least_log_level(0)); };
  auto reply = read_reply(seat->request(FrameType::kCreate, put, environment_.load_timeout), "its create()");
  if (!reply) return tl::unexpected(reply.error());
  if (static_cast<tr_status>(reply->status) != TR_OK) return load_fail(LoadCode::kCreate, reply->explanation);
  FieldReader in(reply->fields);
  has_state_ = in.u32() != 0;
  return {};
}

LoadResult<void> IsolatedPlugin::start_in(Seat& seat) {
  const auto put = [&](FrameWriter& frame) { frame.u64(generation_).text(manifest_json_).text(config_json_); };
  auto reply = read_reply(seat.request(FrameType::kStart, put, environment_.load_timeout), "its start()");
  if (!reply) return tl::unexpected(reply.error());
  if (static_cast<tr_status>(reply->status) != TR_OK) return load_fail(LoadCode::kStart, reply->explanation);
  return {};
}

/// In a control thread, after a death.
void IsolatedPlugin::start_again() {
  const std::lock_guard control(control_mutex_);
  {
    base::Lock lock(mutex_);
    if (state_now_ != State::kStarting) return;  // Stopped meanwhile: its calls have been answered.
    was_ended_by_another_ = false;
  }
  LoadResult<void> up;
  auto seat = take_seat();
  if (!seat) up = tl::unexpected(seat.error());
  if (up) up = create_in(*seat);
  if (up) up = start_in(**seat);
  if (!up && seat) give_back(*seat, up.error().message());
  std::deque<Waiting> waiting;
  Refusal why;
  std::shared_ptr<Seat> serving;
  {
    base::Lock lock(mutex_);
    waiting.swap(waiting_);
    if (up && seat_ == *seat) {
      state_now_ = State::kUp;
      serving = seat_;
      for (const auto& one : waiting) open_.emplace(one.call, OpenCall{one.channel});
    } else {
      const auto how = up ? "it ended at once" : up.error().message();
      if (state_now_ == State::kStarting && was_ended_by_another_)
        note_death_by_another(how);
      else if (state_now_ == State::kStarting)
        note_death(how);
      why = {fmt::format("the worker process of {} cannot be started again: {}", environment_.tool, last_death_),
             "The operator sees the reason with `toolrack plugins`.", environment_.settings.back_off};
    }
  }
  for (const auto& one : waiting) {
    if (serving == nullptr)
      refuse(one.call, why);
    else
      send_invocation(*serving, one);
  }
}

void IsolatedPlugin::note_death(const std::string& how) {
  const auto now = std::chrono::steady_clock::now();
  ++death_count_;
  last_death_ = how;
  deaths_.push_back(now);
  while (!deaths_.empty() && now - deaths_.front() > kRecently) deaths_.pop_front();
  if (deaths_.size() >= kMostDeaths) {
    state_now_ = State::kDisabled;
    return;
  }
  state_now_ = State::kDown;
  // The first one costs nobody else any time.
  const auto pause =
      deaths_.size() < 2 ? std::chrono::milliseconds(0) : environment_.settings.back_off * (1U << (deaths_.size() - 2));
  retry_at_ = now + pause;
}

/// It may have another process at once.
void IsolatedPlugin::note_death_by_another(const std::string& how) {
  last_death_ = how;
  state_now_ = State::kDown;
  retry_at_ = {};
}

void IsolatedPlugin::try_again() {
  base::Lock lock(mutex_);
  if (state_now_ == State::kDisabled) state_now_ = State::kDown;
  deaths_.clear();
  retry_at_ = {};
}

std::optional<IsolatedPlugin::Refusal> IsolatedPlugin::refusal() {
  const auto now = std::chrono::steady_clock::now();
  if (state_now_ == State::kDisabled)
    return Refusal{
        fmt::format("the worker process of {} ended {} times within a minute and is not started any more: {}",
                    environment_.tool, kMostDeaths, last_death_),
        "Replace the plugin, or start it again with `toolrack plugins reload`.",
        {}};
  if (state_now_ == State::kStopped) return Refusal{"the tool is being taken out of service", "", {}};
  if (state_now_ == State::kDown && now < retry_at_)
    return Refusal{fmt::format("the worker process of {} ended: {}", environment_.tool, last_death_),
                   "It is started again in a moment.", retry_at_ - now};
  if (waiting_.size() >= kMostWaitingCalls)
    return Refusal{fmt::format("the worker process of {} is being started, and {} calls wait for it", environment_.tool,
                               waiting_.size()),
                   "",
                   {}};
  return std::nullopt;
}

void IsolatedPlugin::on_ended(Seat& seat, const std::string& how, bool is_blamed) {
  boost::unordered_flat_map<tr_call, OpenCall> calls;
  std::shared_ptr<ServedOperations> operations;
  bool was_up = false;
  {
    base::Lock lock(mutex_);
    if (seat_.get() != &seat) return;
    seat_.reset();
    ++ends_under_way_;  // The last call's end may bring close(), which waits for us.
    calls.swap(open_);
    std::erase_if(past_operations_, [](const auto& past) { return past->is_empty(); });
    operations = operations_;
    if (operations_ != nullptr) past_operations_.push_back(std::move(operations_));
    was_up = state_now_ == State::kUp;
    was_ended_by_another_ = !is_blamed;
    if (was_up && is_blamed) note_death(how);
    if (was_up && !is_blamed) note_death_by_another(how);
  }
  if (was_up)
    log::write(log::Level::kError, "a worker process ended",
               {{"tool", environment_.tool},
                {"process", seat.process()->id()},
                {"how", how},
                {"calls", std::uint64_t{calls.size()}}});
  const auto message = fmt::format("the worker process of {} ended during the call: {}", keeper_->name(), how);
  const auto* const hint =
      keeper_->is_shared() ? "Tools of other vendors are not affected." : "Other tools are not affected.";
  for (const auto& [call, open] : calls) refuse(call, {message, hint, {}});
  if (operations != nullptr) operations->cancel_all();
  if (was_up && environment_.tell_death) environment_.tell_death();
  base::Lock lock(mutex_);
  if (--ends_under_way_ == 0) no_end_under_way_.notify_all();
}

void IsolatedPlugin::watch_cancelled(tr_call call, std::uint64_t life) {
  auto& loop = native::NativeCall::current()->loop();
  const auto timer = std::make_shared<boost::asio::steady_timer>(loop.context(), environment_.settings.overdue);
  timer->async_wait([timer, weak = weak_from_this(), call, life](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    std::shared_ptr<Seat> seat;
    {
      base::Lock lock(self->mutex_);
      if (self->lives_ == life && self->open_.contains(call)) seat = self->seat_;
    }
    if (seat != nullptr) seat->kill("a call went on after it had been cancelled");
  });
}

}  // namespace toolrack::sources::isolated
