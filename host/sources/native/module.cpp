#include "sources/native/module.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <bit>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::sources::native {
namespace {

namespace log = services::log;
using base::ErrorCode;

/// Calls that may wait for one of the places that the manifest allows.
constexpr std::size_t kMaxParked = 256;
/// Calls that may wait for the first load, which takes milliseconds.
constexpr std::size_t kMaxParkedForLoad = 4096;
/// What an inline skill promises, and how often it may break it.
constexpr std::int64_t kInlinePromiseNs = 1'000'000;
constexpr std::uint32_t kOverrunsAllowed = 3;

/// Every library of this process gets a file name that no other ever had.
std::uint64_t next_generation() noexcept {
  static std::atomic<std::uint64_t> generation{0};
  return generation.fetch_add(1, std::memory_order_relaxed) + 1;
}

void answer_at_once(registry::Completion& completion, base::Error error) {
  registry::Outcome outcome;
  outcome.error.emplace(std::move(error));
  completion.complete(std::move(outcome));
}

std::string config_of(const Settings& settings, const std::string& id) {
  const auto found = settings.plugin_config.find(id);
  return found == settings.plugin_config.end() ? "{}" : found->second;
}

}  // namespace

Module::Module(Runtime& runtime, Reaper& reaper, base::Pool& control, std::string file, ElfInfo elf,
               std::shared_ptr<const registry::Tool> tool)
    : runtime_(runtime),
      reaper_(reaper),
      control_(control),
      id_(tool->id()),
      version_(tool->version),
      build_id_(std::move(elf.build_id)),
      size_(elf.size),
      bundled_(tool->bundled),
      http_targets_(*tool, runtime.settings().provider_base_urls),
      max_running_(tool->max_concurrency),
      unload_(tool->unload_never ? UnloadPolicy::kRetain : runtime.settings().unload),
      config_json_(config_of(runtime.settings(), id_)),
      calls_(runtime.environment().metrics->counter("toolrack_plugin_calls_total", "Calls that reached a plugin.",
                                                    {{"tool", id_}})),
      misuse_metric_(runtime.environment().metrics->counter(
          "toolrack_plugin_misuse_total", "Times a plugin broke the contract of the ABI.", {{"tool", id_}})),
      open_gates_(runtime.loop_count()),
      skills_(tool->skills.size()),
      file_(std::move(file)),
      tool_(std::move(tool)) {
  for (std::size_t i = 0; i < runtime.loop_count(); ++i) gates_.push_back(std::make_unique<base::Gate>());
}

Module::~Module() = default;

// ---- Calls.

std::uint64_t Module::invoke(const registry::Invocation& invocation, registry::Completion& completion) {
  base::GateLease lease(*gates_[invocation.loop->index()]);
  if (!lease) [[unlikely]] {
    answer_at_once(completion,
                   {ErrorCode::kUnavailable, fmt::format("{} {} has been taken out of service", id_, version_)});
    return 0;
  }
  auto* call = runtime_.pool(*invocation.loop).take();
  if (call == nullptr) [[unlikely]] {
    answer_at_once(completion, {ErrorCode::kTooManyConcurrent, "this host has no room for another call of a plugin"});
    return 0;
  }
  call->begin(*this, invocation, completion, std::move(lease));
  calls_.add();
  auto* instance = serving_.load(std::memory_order_acquire);
  if (instance == nullptr || max_running_ != 0) [[unlikely]]
    return invoke_slowly(*call);
  return call->start(*instance, mode_of(*invocation.skill));
}

std::uint64_t Module::invoke_slowly(NativeCall& call) {
  std::optional<base::Error> refusal;
  Instance* instance = nullptr;
  bool starts_load = false;
  {
    base::Lock lock(mutex_);
    instance = serving_.load(std::memory_order_acquire);
    if (instance != nullptr && (max_running_ == 0 || running_ < max_running_)) {
      if (max_running_ != 0) {
        ++running_;
        call.set_admitted();
      }
    } else if (instance == nullptr && !is_loading_ && failure_ && std::chrono::steady_clock::now() < retry_at_) {
      refusal = failure_->to_error(id_);
    } else if (parked_.size() >= (instance == nullptr ? kMaxParkedForLoad : kMaxParked)) {
      refusal.emplace(ErrorCode::kTooManyConcurrent,
                      fmt::format("{} runs {} calls at once, and {} are waiting", id_, max_running_, parked_.size()));
      instance = nullptr;
    } else {
      starts_load = instance == nullptr && !is_loading_;
      is_loading_ = is_loading_ || starts_load;
      instance = nullptr;
      parked_.push_back(&call);
    }
  }
  if (refusal) {
    call.refuse(std::move(*refusal));
    return 0;
  }
  if (instance != nullptr) return call.start(*instance, mode_of(*call.skill()));
  call.arm_deadline();
  if (starts_load) control_.post([self = shared_from_this()] { self->load(); });
  return call.ticket();
}

void Module::cancel(std::uint64_t ticket) {
  NativeCall* call = nullptr;
  if (auto pin = runtime_.calls.pin(ticket)) call = *pin;
  // We are on its loop, so it is answered and used again by nobody meanwhile.
  if (call != nullptr && call->module() == this) call->request_cancel(NativeCall::CancelReason::kCaller);
}

registry::Mode Module::mode_of(const registry::Skill& skill) const noexcept {
  if (skill.mode == registry::Mode::kInline && skills_[skill.index].is_demoted.load(std::memory_order_relaxed)) {
    return registry::Mode::kPooled;
  }
  return skill.mode;
}

void Module::post_start(NativeCall& call, Instance& instance) {
  boost::asio::post(call.loop().context(), [this, &call, &instance] { call.start(instance, mode_of(*call.skill())); });
}

void Module::call_is_quiet(bool was_admitted) {
  if (!was_admitted) return;
  NativeCall* next = nullptr;
  Instance* instance = nullptr;
  {
    base::Lock lock(mutex_);
    instance = serving_.load(std::memory_order_acquire);
    if (parked_.empty() || instance == nullptr) {
      --running_;
      return;
    }
    next = parked_.front();
    parked_.pop_front();
    next->set_admitted();
  }
  post_start(*next, *instance);
}

bool Module::unpark(NativeCall& call) {
  base::Lock lock(mutex_);
  return std::erase(parked_, &call) != 0;
}

void Module::add_debt(NativeCall& call) {
  base::Lock lock(mutex_);
  debts_.insert(&call);
}

void Module::forget_debt(NativeCall& call) {
  base::Lock lock(mutex_);
  debts_.erase(&call);
}

void Module::note_late_completion(NativeCall& call, std::vector<base::LentBytes> lent) {
  forget_debt(call);
  if (auto* instance = call.instance()) instance->release_later(std::move(lent));
}

void Module::note_misuse(std::string_view function, std::string_view what) noexcept {
  misuse_metric_.add();
  const auto count = misuses_.fetch_add(1, std::memory_order_relaxed) + 1;
  if (!std::has_single_bit(count)) return;
  log::write(log::Level::kWarning, "plugin misbehaving",
             {{"tool", id_}, {"function", function}, {"what", what}, {"times", count}});
}

void Module::note_loop_frame(const registry::Skill& skill, std::int64_t duration_ns) noexcept {
  if (duration_ns <= kInlinePromiseNs) [[likely]]
    return;
  auto& state = skills_[skill.index];
  if (state.overruns.fetch_add(1, std::memory_order_relaxed) + 1 != kOverrunsAllowed) return;
  state.is_demoted.store(true, std::memory_order_relaxed);
  log::write(log::Level::kWarning, "inline skill is too slow and runs in the pool from now on",
             {{"tool", id_}, {"skill", skill.name}, {"last_us", duration_ns / 1000}});
}

// ---- Loading.

void Module::load_soon() {
  {
    base::Lock lock(mutex_);
    if (is_loading_ || is_draining_ || serving_.load(std::memory_order_acquire) != nullptr) return;
    is_loading_ = true;
  }
  control_.post([self = shared_from_this()] { self->load(); });
}

void Module::load() {
  const std::lock_guard control(control_mutex_);
  auto made = make_instance();
  std::deque<NativeCall*> waiting;
  Instance* instance = nullptr;
  std::optional<base::Error> refusal;
  {
    base::Lock lock(mutex_);
    is_loading_ = false;
    if (made) {
      failure_.reset();
      instance_ = std::move(*made);
      instance = instance_.get();
      serving_.store(instance, std::memory_order_release);
      loaded_at_ = runtime_.environment().clock->unix_ns();
      if (!is_draining_) state_ = PluginState::kServing;
      while (!parked_.empty() && (max_running_ == 0 || running_ < max_running_)) {
        waiting.push_back(parked_.front());
        parked_.pop_front();
        if (max_running_ == 0) continue;
        ++running_;
        waiting.back()->set_admitted();
      }
    } else {
      state_ = PluginState::kFailed;
      failure_ = made.error();
      retry_at_ = std::chrono::steady_clock::now() + runtime_.settings().retry_after;
      refusal = failure_->to_error(id_);
      waiting.swap(parked_);
    }
  }
  if (refusal) log::write(log::Level::kError, "plugin failed to load", {{"tool", id_}, {"reason", refusal->message()}});
  for (auto* call : waiting) {
    if (instance != nullptr) {
      post_start(*call, *instance);
    } else {
      boost::asio::post(call->loop().context(), [call, error = *refusal]() mutable { call->refuse(std::move(error)); });
    }
  }
}

LoadResult<std::unique_ptr<Instance>> Module::make_instance() {
  std::string file;
  {
    base::Lock lock(mutex_);
    if (is_draining_ && parked_.empty()) return load_fail(LoadCode::kState, "it is being taken out of service");
    file = file_;
  }
  const auto& settings = runtime_.settings();
  const auto generation = next_generation();
  const auto folder = settings.runtime_dir / fmt::format("{}.{}", tool_->owner, tool_->slug);
  auto copy = PrivateCopy::make(file, folder, fmt::format("{}.{}", build_id_.empty() ? "none" : build_id_, generation));
  if (!copy) return tl::unexpected(copy.error());
  // The copy is what gets mapped, so the copy is what has to be whole, and to be what the catalogue was made from.
  const auto elf = read_elf(copy->path().string());
  if (!elf) return tl::unexpected(elf.error());
  if (elf->build_id != build_id_ || elf->manifest != tool_->manifest_json) {
    return load_fail(LoadCode::kState, fmt::format("{} is not the file that was checked: build {} became {}", file,
                                                   build_id_, elf->build_id));
  }
  auto library = Library::open(std::move(*copy));
  if (!library) return tl::unexpected(library.error());
  set_state(PluginState::kLoaded);
  auto instance = Instance::create(runtime_, *this, std::move(*library), tool_->manifest_json, id_);
  if (!instance) return tl::unexpected(instance.error());
  set_state(PluginState::kCreated);
  if (auto started = (*instance)->start(tool_->manifest_json, config_json_, generation); !started) {
    (*instance)->abort(unload_);
    return tl::unexpected(started.error());
  }
  set_state(PluginState::kStarted);
  return instance;
}

void Module::set_state(PluginState state) {
  base::Lock lock(mutex_);
  if (!is_draining_) state_ = state;
}

// ---- The way out.

void Module::drain(std::function<void()> closed) {
  {
    base::Lock lock(mutex_);
    if (state_ == PluginState::kClosed || state_ == PluginState::kResident) {
      if (closed) reaper_.post(std::move(closed));
      return;
    }
    if (closed) when_closed_.push_back(std::move(closed));
    if (std::exchange(is_draining_, true)) return;
    self_while_draining_ = shared_from_this();
    if (state_ != PluginState::kFailed) state_ = PluginState::kDraining;
  }
  for (auto& gate : gates_) {
    // The gates keep what they are given, so it must not keep us: `self_while_draining_` does.
    gate->close([this] {
      if (open_gates_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
      reaper_.post([self = shared_from_this()] { self->stop_instance(); });
    });
  }
  // Who is still inside has the drain timeout to leave by himself.
  auto& loop = runtime_.environment().loops->next();
  boost::asio::post(loop.context(), [weak = weak_from_this(), &loop, timeout = runtime_.settings().drain_timeout] {
    auto timer = std::make_shared<boost::asio::steady_timer>(loop.context(), timeout);
    timer->async_wait([weak, timer](const boost::system::error_code& error) {
      const auto module = weak.lock();
      if (!error && module != nullptr && module->open_gates_.load(std::memory_order_acquire) != 0)
        module->cancel_all_calls();
    });
  });
}

void Module::cancel_all_calls() {
  for (std::size_t i = 0; i < runtime_.loop_count(); ++i) {
    auto& loop = (*runtime_.environment().loops)[i];
    boost::asio::post(loop.context(), [self = shared_from_this(), &loop] {
      self->runtime_.pool(loop).for_each([&](NativeCall& call) {
        if (call.module() == self.get() && call.is_open()) call.request_cancel(NativeCall::CancelReason::kShutdown);
      });
    });
  }
}

void Module::stop_instance() {
  const std::lock_guard control(control_mutex_);
  serving_.store(nullptr, std::memory_order_release);
  if (instance_ == nullptr) return finish(false);
  instance_->stop();
  {
    base::Lock lock(mutex_);
    state_ = PluginState::kStopped;
  }
  instance_->retire([self = shared_from_this()] { self->reaper_.post([self] { self->close_instance(); }); });
}

void Module::close_instance() {
  const std::lock_guard control(control_mutex_);
  instance_->destroy();
  std::set<NativeCall*> debts;
  {
    base::Lock lock(mutex_);
    state_ = PluginState::kDestroyed;
    debts.swap(debts_);
  }
  for (auto* call : debts) call->forgive();
  const bool is_resident = instance_->close(unload_);
  instance_.reset();
  reaper_.note_closed(is_resident);
  if (is_resident && unload_ == UnloadPolicy::kClose) {
    log::write(log::Level::kWarning, "plugin library stayed mapped", {{"tool", id_}, {"build_id", build_id_}});
  }
  finish(is_resident);
}

void Module::finish(bool is_resident) {
  std::vector<std::function<void()>> closed;
  std::shared_ptr<const registry::Tool> tool;
  std::shared_ptr<Module> self;
  {
    base::Lock lock(mutex_);
    self.swap(self_while_draining_);
    if (state_ != PluginState::kFailed) state_ = is_resident ? PluginState::kResident : PluginState::kClosed;
    closed.swap(when_closed_);
    tool.swap(tool_);
  }
  for (auto& run : closed) run();
}

// ---- What people see.

std::shared_ptr<const registry::Tool> Module::tool() const {
  base::Lock lock(mutex_);
  return tool_;
}

void Module::set_path(std::string path) {
  base::Lock lock(mutex_);
  file_ = std::move(path);
}

PluginFile Module::report() const {
  base::Lock lock(mutex_);
  PluginFile out;
  out.path = file_;
  out.state = state_;
  if (failure_) {
    out.code = failure_->name();
    out.message = failure_->message();
    out.remedy = failure_->remedy();
  }
  out.tool = id_;
  out.version = version_;
  out.build_id = build_id_;
  out.size = size_;
  out.loaded_at = loaded_at_;
  out.calls = calls_.value();
  out.misuses = misuses_.load(std::memory_order_relaxed);
  out.bundled = bundled_;
  if (tool_ != nullptr) {
    for (const auto& skill : tool_->skills) {
      if (skills_[skill.index].is_demoted.load(std::memory_order_relaxed)) out.demoted_skills.push_back(skill.name);
    }
  }
  return out;
}

}  // namespace toolrack::sources::native
