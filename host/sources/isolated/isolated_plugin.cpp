#include "sources/isolated/isolated_plugin.hpp"

#include <algorithm>
#include <utility>

#include "services/log/log.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/instance.hpp"
#include "sources/native/module.hpp"
#include "worker/wire.hpp"

namespace toolrack::sources::isolated {
namespace {

namespace log = services::log;
using worker::FieldReader;
using worker::FrameType;
using worker::FrameWriter;

/// Of an invocation but for its input and what is known of its call.
constexpr std::size_t kInvocationSize = 200;

}  // namespace

// clang-format off: captureless lambdas, one a row.
IsolatedPlugin::IsolatedPlugin(native::PrivateCopy copy, IsolatedEnvironment environment,
                               std::shared_ptr<ProcessKeeper> keeper)
    : environment_(std::move(environment)),
      keeper_(std::move(keeper)),
      copy_(std::move(copy)),
      files_(keeper_->files()),
      plugin_{sizeof(tr_plugin),
              this,
              [](void* self, const tr_start* in) noexcept -> tr_status { return of(self).start(in); },
              [](void* self, tr_call call, const tr_invocation* in) noexcept { of(self).invoke(call, in); },
              [](void* self, tr_call call) noexcept { of(self).cancel(call); },
              nullptr,
              nullptr,
              [](void* self) noexcept { of(self).stop(); },
              [](void* self) noexcept { of(self).destroy(); },
              [](void* self, const char* id) noexcept -> const void* {
                return std::string_view(id) == TR_EXT_STATE && of(self).has_state_ ? &of(self).state_ : nullptr;
              }},
      state_{sizeof(tr_state_ext),
             [](void* self, std::uint32_t phase, tr_buffer* out) noexcept { return of(self).save(phase, out); },
             [](void* self, std::uint32_t phase, tr_str saved) noexcept { return of(self).load(phase, saved); }} {}
// clang-format on

IsolatedPlugin::~IsolatedPlugin() = default;

// ---- [control]

tr_status IsolatedPlugin::create(const tr_host* host, const tr_plugin** out) {
  const std::lock_guard control(control_mutex_);
  tables_ = HostTables::of(host);
  has_tables_.store(true, std::memory_order_release);
  const auto seat = this->seat();
  native::LoadResult<void> created = native::load_fail(native::LoadCode::kWorker, "its worker process has ended");
  if (seat != nullptr) created = create_in(seat);
  if (!created) {
    host->explain(host, worker::to_abi(created.error().message()));
    return TR_INTERNAL;
  }
  *out = &plugin_;
  return TR_OK;
}

tr_status IsolatedPlugin::start(const tr_start* in) {
  const std::lock_guard control(control_mutex_);
  generation_ = in->generation;
  manifest_json_ = worker::view(in->manifest_json);
  config_json_ = worker::view(in->config_json);
  const auto seat = this->seat();
  native::LoadResult<void> started = native::load_fail(native::LoadCode::kWorker, "its worker process has ended");
  if (seat != nullptr) started = start_in(*seat);
  if (!started) {
    tables_.host->explain(tables_.host, worker::to_abi(started.error().message()));
    return TR_INTERNAL;
  }
  base::Lock lock(mutex_);
  if (seat_ == seat) state_now_ = State::kUp;
  return TR_OK;
}

void IsolatedPlugin::stop() {
  const std::lock_guard control(control_mutex_);
  std::shared_ptr<Seat> seat;
  std::deque<Waiting> waiting;
  {
    base::Lock lock(mutex_);
    state_now_ = State::kStopped;
    seat = seat_;
    waiting.swap(waiting_);
  }
  for (const auto& one : waiting) refuse(one.call, {"the tool is being taken out of service", "", {}});
  if (seat != nullptr) leave_in(*seat, FrameType::kStop, "stop()");
}

/// One that does not come back is ended, and its state_now_ keeps its end from being told as a death.
void IsolatedPlugin::leave_in(Seat& seat, FrameType type, std::string_view function) {
  const auto done = seat.request(
      type, [](FrameWriter&) {}, environment_.load_timeout);
  if (!done)
    log::write(log::Level::kWarning, "a worker process ended before its plugin had",
               {{"tool", environment_.tool}, {"in", function}, {"reason", done.error().message()}});
}

void IsolatedPlugin::destroy() {
  const std::lock_guard control(control_mutex_);
  {
    base::Lock lock(mutex_);
    state_now_ = State::kStopped;
  }
  if (const auto seat = this->seat()) leave_in(*seat, FrameType::kDestroy, "destroy()");
}

bool IsolatedPlugin::close(native::UnloadPolicy policy) {
  const std::lock_guard control(control_mutex_);
  unload_ = policy;
  std::shared_ptr<Seat> seat;
  {
    base::Lock lock(mutex_);
    state_now_ = State::kStopped;
    seat = seat_;
  }
  if (seat != nullptr) give_back(seat, "the tool was taken out of service");
  std::vector<std::shared_ptr<ServedOperations>> past;
  {
    base::Lock lock(mutex_);
    while (ends_under_way_ != 0) lock.wait(no_end_under_way_);  // They use the host, which goes after us.
    past.swap(past_operations_);
    if (operations_ != nullptr) past.push_back(std::move(operations_));
  }
  for (const auto& operations : past) operations->forget_all();
  keeper_->dismiss(library_);
  return false;
}

tr_status IsolatedPlugin::save(std::uint32_t phase, tr_buffer* out) {
  const std::lock_guard control(control_mutex_);
  const auto seat = this->seat();
  if (seat == nullptr) return TR_UNAVAILABLE;
  const auto reply = seat->request(
      FrameType::kSave, [&](FrameWriter& frame) { frame.u32(phase); }, environment_.load_timeout);
  if (!reply) return TR_UNAVAILABLE;
  if (static_cast<tr_status>(reply->status) != TR_OK) return static_cast<tr_status>(reply->status);
  FieldReader in(reply->fields);
  auto* saved = new std::string(in.text());
  *out = {saved->data(), saved->size(), [](void* owner) noexcept { delete static_cast<std::string*>(owner); }, saved};
  return TR_OK;
}

tr_status IsolatedPlugin::load(std::uint32_t phase, tr_str saved) {
  const std::lock_guard control(control_mutex_);
  const auto seat = this->seat();
  if (seat == nullptr) return TR_UNAVAILABLE;
  const auto reply = seat->request(
      FrameType::kLoadState, [&](FrameWriter& frame) { frame.u32(phase).text(worker::view(saved)); },
      environment_.load_timeout);
  return reply ? static_cast<tr_status>(reply->status) : TR_UNAVAILABLE;
}

// ---- [call], on the call's loop.

void IsolatedPlugin::invoke(tr_call call, const tr_invocation* in) {
  const auto& frame_of = *native::NativeCall::current();
  const auto channel = frame_of.loop().index();
  const bool is_blocking = frame_of.skill()->mode == registry::Mode::kBlocking;
  const std::uint32_t blocking = is_blocking ? frame_of.invocation().depth + 1 : 0;
  const Waiting one{call, in, channel, blocking, frame_of.invocation().recording != nullptr};
  std::shared_ptr<Seat> seat;
  std::optional<Refusal> no;
  bool starts = false;
  {
    base::Lock lock(mutex_);
    if (state_now_ == State::kUp) {
      seat = seat_;
      open_.emplace(call, OpenCall{channel});
    } else if (no = refusal(); !no) {
      starts = state_now_ == State::kDown;
      state_now_ = State::kStarting;
      waiting_.push_back(one);
    }
  }
  if (seat != nullptr) return send_invocation(*seat, one, &frame_of.invocation());
  if (no) return refuse(call, *no);
  if (starts && !environment_.control->post([self = shared_from_this()] { self->start_again(); }))
    refuse(call, {"the gateway is stopping", "", {}});
}

/// The least severe lines that anybody wants of that call, or of the plugin itself (0).
std::uint32_t IsolatedPlugin::least_log_level(tr_call call, const registry::Invocation* invocation) const noexcept {
  const auto is_wanted = [&](std::int32_t level) {
    if (invocation == nullptr) return tables_.log->enabled(tables_.host, call, level) != 0;
    return level >= std::int32_t{invocation->caller_log_level} ||
           services::log::enabled(static_cast<services::log::Level>(level));
  };
  std::int32_t level = TR_LOG_DEBUG;
  while (level < TR_LOG_EMERGENCY && !is_wanted(level)) ++level;
  return static_cast<std::uint32_t>(level);
}

void IsolatedPlugin::send_invocation(Seat& seat, const Waiting& one, const registry::Invocation* invocation) {
  const auto call = one.call;
  worker::Infos infos;
  std::size_t size = kInvocationSize + one.in->args_json.size;
  for (const std::uint32_t what : {TR_INFO_CALL_ID, TR_INFO_ACCOUNT, TR_INFO_LOCALE, TR_INFO_TRACEPARENT,
                                   TR_INFO_TRANSPORT, TR_INFO_CLIENT, TR_INFO_META}) {
    infos[what] = invocation != nullptr ? native::info_of(*invocation, what)
                                        : worker::view(tables_.call->info(tables_.host, call, what));
    size += infos[what].size();
  }
  FrameWriter frame(FrameType::kInvoke, call, size);
  worker::put_invocation(frame, *one.in, infos, one.is_recorded, least_log_level(call, invocation), one.blocking);
  if (!frame.is_too_long()) return seat.send(one.channel, std::move(frame));
  {
    base::Lock lock(mutex_);
    open_.erase(call);
  }
  refuse(call,
         {"the input is larger than the 64 MiB that a worker process is given", "Put large bytes into an asset.", {}});
}

void IsolatedPlugin::refuse(tr_call call, const Refusal& why) {
  tr_outcome outcome{};
  outcome.struct_size = sizeof outcome;
  outcome.status = TR_UNAVAILABLE;
  outcome.code = worker::to_abi("plugin_failed");
  outcome.message = worker::to_abi(why.message);
  outcome.hint = worker::to_abi(why.hint);
  outcome.retry_after_ns = why.retry_after.count();
  tables_.call->complete(tables_.host, call, &outcome);
}

void IsolatedPlugin::cancel(tr_call call) {
  std::shared_ptr<Seat> seat;
  std::size_t channel = 0;
  std::uint64_t life = 0;
  bool was_waiting = false;
  {
    base::Lock lock(mutex_);
    was_waiting = std::erase_if(waiting_, [&](const Waiting& one) { return one.call == call; }) != 0;
    if (const auto found = open_.find(call); found != open_.end()) {
      seat = seat_;
      channel = found->second.channel;
      life = lives_;
    }
  }
  if (was_waiting) {
    tr_outcome outcome{};
    outcome.struct_size = sizeof outcome;
    outcome.status = TR_CANCELLED;
    tables_.call->complete(tables_.host, call, &outcome);
  }
  if (seat == nullptr) return;
  seat->send(channel, FrameWriter(FrameType::kCancel, call));
  watch_cancelled(call, life);
}

std::shared_ptr<Seat> IsolatedPlugin::seat() const {
  base::Lock lock(mutex_);
  return seat_;
}

std::optional<native::WorkerReport> IsolatedPlugin::report() const {
  base::Lock lock(mutex_);
  native::WorkerReport out;
  out.process = seat_ == nullptr ? 0 : seat_->process()->id();
  if (keeper_->is_shared()) {
    out.shared = keeper_->name();
    if (seat_ != nullptr) out.plugins = seat_->process()->plugins();
  }
  out.deaths = death_count_;
  out.sandbox = sandbox_;
  out.missing = missing_;
  if (state_now_ == State::kDown) out.trouble = "its worker process ended: " + last_death_;
  if (state_now_ == State::kDisabled)
    out.trouble = "its worker process ended five times within a minute: " + last_death_;
  return out;
}

namespace {

struct IsolationWord {
  Isolation isolation;
  std::string_view word;
};
constexpr IsolationWord kIsolationWords[] = {{Isolation::kInProcess, "in_process"},
                                             {Isolation::kWorker, "worker"},
                                             {Isolation::kWorkerPerVendor, "worker_per_vendor"}};

}  // namespace

std::string_view to_string(Isolation isolation) noexcept {
  return std::ranges::find(kIsolationWords, isolation, &IsolationWord::isolation)->word;
}

Isolation isolation_of(std::string_view word) noexcept {
  return std::ranges::find(kIsolationWords, word, &IsolationWord::word)->isolation;
}

}  // namespace toolrack::sources::isolated
