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
/// Users that nobody else has: beyond what systems and containers give out.
constexpr std::uint32_t kFirstUser = 1'879'048'192;

/// A user and a folder name that no other worker of this gateway has.
std::uint32_t next_number() noexcept {
  static std::atomic<std::uint32_t> number{0};
  return number.fetch_add(1, std::memory_order_relaxed) % 65'536;
}

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
  // The worker may be another user; the folder is ours alone.
  ::chmod(copy.path().c_str(), 0444);
  std::shared_ptr<IsolatedPlugin> made(new IsolatedPlugin(std::move(copy), std::move(environment)));
  const auto number = next_number();
  if (!made->environment_.calls_directory.empty()) {
    made->files_.folder = fmt::format("worker-{}", number);
    const auto path = made->environment_.calls_directory + "/" + made->files_.folder;
    // Passed through by the worker's user, listed by nobody else.
    if (::mkdir(path.c_str(), 0711) != 0 && errno != EEXIST)
      return load_fail(LoadCode::kWorker, fmt::format("cannot make {}: {}", path, std::strerror(errno)));
    ::chmod(path.c_str(), 0711);
  }
  if (::geteuid() == 0) made->files_.owner_id = kFirstUser + number;
  auto process = made->start_process();
  if (!process) return tl::unexpected(process.error());
  return made;
}

LoadResult<std::shared_ptr<WorkerProcess>> IsolatedPlugin::start_process() {
  const auto& settings = environment_.settings;
  worker::Options options;
  options.plugin = copy_.path().string();
  options.channels = static_cast<int>(environment_.loops->size());
  options.gateway = ::getpid();
  options.sandbox = settings.sandbox;
  options.rules.max_memory = settings.max_memory;
  for (const auto& folder : settings.libraries) options.rules.readable.push_back(folder.string());
  options.rules.user_id = files_.owner_id.value_or(0);
  if (!files_.folder.empty()) options.rules.writable = environment_.calls_directory + "/" + files_.folder;
  auto started = WorkerProcess::start(
      *environment_.loops, settings.program.string(), options, environment_.tool,
      {.on_frame = [self = shared_from_this()](WorkerProcess& process, std::size_t channel,
                                               const worker::Frame& frame) { self->on_frame(process, channel, frame); },
       .on_ended = [self = shared_from_this()](WorkerProcess& process,
                                               const std::string& how) { self->on_ended(process, how); }});
  if (!started) return load_fail(LoadCode::kWorker, started.error().message());
  const auto process = *std::move(started);
  process->ping_every(settings.ping_every);
  {
    base::Lock lock(mutex_);
    process_ = process;
    operations_ = std::make_shared<ServedOperations>(tables_, process);
    ++lives_;
  }
  if (auto loaded = load_library(*process); !loaded) {
    process->kill("its library cannot be used");
    process->wait_until_ended();
    return tl::unexpected(loaded.error());
  }
  return process;
}

LoadResult<void> IsolatedPlugin::load_library(WorkerProcess& process) {
  const auto put = [&](FrameWriter& frame) { frame.text(environment_.tool); };
  auto reply = read_reply(process.request(FrameType::kLoad, put, environment_.load_timeout), "loading its library");
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

LoadResult<void> IsolatedPlugin::create_in(WorkerProcess& process) {
  {
    base::Lock lock(mutex_);
    operations_ = std::make_shared<ServedOperations>(tables_, process.shared_from_this());
  }
  const auto put = [&](FrameWriter& frame) { frame.u32(tables_.services()).u32(least_log_level(0)); };
  auto reply = read_reply(process.request(FrameType::kCreate, put, environment_.load_timeout), "its create()");
  if (!reply) return tl::unexpected(reply.error());
  if (static_cast<tr_status>(reply->status) != TR_OK) return load_fail(LoadCode::kCreate, reply->explanation);
  FieldReader in(reply->fields);
  has_state_ = in.u32() != 0;
  return {};
}

LoadResult<void> IsolatedPlugin::start_in(WorkerProcess& process) {
  const auto put = [&](FrameWriter& frame) { frame.u64(generation_).text(manifest_json_).text(config_json_); };
  auto reply = read_reply(process.request(FrameType::kStart, put, environment_.load_timeout), "its start()");
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
  }
  LoadResult<void> up;
  auto process = start_process();
  if (!process) up = tl::unexpected(process.error());
  if (up) up = create_in(**process);
  if (up) up = start_in(**process);
  if (!up && process) {
    (*process)->kill(up.error().message());
    (*process)->wait_until_ended();
  }
  std::deque<Waiting> waiting;
  Refusal why;
  std::shared_ptr<WorkerProcess> serving;
  {
    base::Lock lock(mutex_);
    waiting.swap(waiting_);
    if (up && process_ == *process) {
      state_now_ = State::kUp;
      serving = process_;
      for (const auto& one : waiting) open_.emplace(one.call, OpenCall{one.channel});
    } else {
      if (state_now_ == State::kStarting) note_death(up ? "it ended at once" : up.error().message());
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

void IsolatedPlugin::on_ended(WorkerProcess& process, const std::string& how) {
  std::unordered_map<tr_call, OpenCall> calls;
  std::shared_ptr<ServedOperations> operations;
  bool was_up = false;
  {
    base::Lock lock(mutex_);
    if (process_.get() != &process) return;
    process_.reset();
    ++ends_under_way_;  // The last call's end may bring close(), which waits for us.
    calls.swap(open_);
    std::erase_if(past_operations_, [](const auto& past) { return past->is_empty(); });
    operations = operations_;
    if (operations_ != nullptr) past_operations_.push_back(std::move(operations_));
    was_up = state_now_ == State::kUp;
    if (was_up) note_death(how);
  }
  if (was_up)
    log::write(
        log::Level::kError, "a worker process ended",
        {{"tool", environment_.tool}, {"process", process.id()}, {"how", how}, {"calls", std::uint64_t{calls.size()}}});
  const auto message = fmt::format("the worker process of {} ended during the call: {}", environment_.tool, how);
  for (const auto& [call, open] : calls) refuse(call, {message, "Other tools are not affected.", {}});
  if (operations != nullptr) operations->cancel_all();
  base::Lock lock(mutex_);
  if (--ends_under_way_ == 0) no_end_under_way_.notify_all();
}

void IsolatedPlugin::watch_cancelled(tr_call call, std::uint64_t life) {
  auto& loop = native::NativeCall::current()->loop();
  const auto timer = std::make_shared<boost::asio::steady_timer>(loop.context(), environment_.settings.overdue);
  timer->async_wait([timer, weak = weak_from_this(), call, life](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || self == nullptr) return;
    std::shared_ptr<WorkerProcess> process;
    {
      base::Lock lock(self->mutex_);
      if (self->lives_ == life && self->open_.contains(call)) process = self->process_;
    }
    if (process != nullptr) process->kill("a call went on after it had been cancelled");
  });
}

}  // namespace toolrack::sources::isolated
