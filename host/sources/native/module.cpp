#include "sources/native/module.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <bit>
#include <utility>

#include "services/log/log.hpp"
#include "sources/native/listed_skills.hpp"

namespace toolrack::sources::native {
namespace {

namespace log = services::log;
using base::ErrorCode;

/// Calls that may wait for one of the places that the manifest allows.
constexpr std::size_t kMaxParked = 256;
/// Calls that may wait for the first load, which takes milliseconds.
constexpr std::size_t kMaxParkedForLoad = 4096;

void answer_at_once(registry::Completion& completion, base::Error error) {
  registry::Outcome outcome;
  outcome.error.emplace(std::move(error));
  completion.complete(std::move(outcome));
}

/// What glibc keeps a library for after dlclose.
std::string_view residence_of(const ElfInfo& elf) {
  if (elf.never_unloads) return "it is linked with -z nodelete";
  if (!elf.unique_symbols.empty()) return "it shares unique symbols with the process (build it with -fno-gnu-unique)";
  if (elf.has_thread_destructors)
    return "it has a thread_local variable with a destructor, and threads of the host that have used it go on";
  return "something in the process still refers to it";
}

isolated::Isolation isolation_of(const Runtime& runtime, const registry::Tool& tool) {
  const auto& is_safe_mode = runtime.environment().is_safe_mode;
  const auto told = runtime.settings().isolation.of(tool.id(), tool.bundled);
  const bool is_unsafe = told == isolated::Isolation::kInProcess && !tool.bundled && is_safe_mode && is_safe_mode();
  return is_unsafe ? isolated::Isolation::kWorker : told;
}

std::string config_of(const Settings& settings, const std::string& id) {
  const auto found = settings.plugin_config.find(id);
  return found == settings.plugin_config.end() ? "{}" : found->second;
}

}  // namespace

Module::Module(Runtime& runtime, Reaper& reaper, base::Pool& control, std::string file, ElfInfo elf,
               std::shared_ptr<const registry::Tool> tool, std::string signed_digest)
    : runtime_(runtime),
      reaper_(reaper),
      control_(control),
      id_(tool->id()),
      version_(tool->version),
      build_id_(std::move(elf.build_id)),
      signed_digest_(std::move(signed_digest)),
      size_(elf.size),
      bundled_(tool->bundled),
      http_targets_(*tool),
      max_running_(tool->max_concurrency),
      unload_(tool->unload_never ? UnloadPolicy::kRetain : runtime.settings().unload),
      state_hand_over_(tool->state),
      isolation_(isolation_of(runtime, *tool)),
      frame_number_(isolation_ == isolated::Isolation::kInProcess ? runtime.frames().number_of(id_) : 0),
      likely_residence_(residence_of(elf)),
      config_json_(config_of(runtime.settings(), id_)),
      calls_(runtime.environment().metrics->counter("toolrack_plugin_calls_total", "Calls that reached a plugin.",
                                                    {{"tool", id_}})),
      misuse_metric_(runtime.environment().metrics->counter(
          "toolrack_plugin_misuse_total", "Times a plugin broke the contract of the ABI.", {{"tool", id_}})),
      open_gates_(runtime.loop_count()),
      skills_(tool->skills.size() + tool->services.size() + (tool->lists_skills ? 1 : 0)),
      file_(std::move(file)),
      listed_(tool->lists_skills ? std::make_shared<ListedSkills>(runtime, control, tool) : nullptr),
      tool_(std::move(tool)) {
  if (isolation_ == isolated::Isolation::kInProcess) {
    for (const auto& skill : tool_->skills)
      skills_[skill.index].frame_number = runtime.frames().number_of(fmt::format("{}.{}", id_, skill.name));
    // What stands in no manifest is the plugin's: names that it makes up while it runs would fill the board.
    for (auto place = tool_->skills.size(); place < skills_.size(); ++place)
      skills_[place].frame_number = frame_number_;
  }
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
    } else if (instance == nullptr && failure_ &&
               (is_overdue_ || (!is_loading_ && (is_given_up_ || std::chrono::steady_clock::now() < retry_at_)))) {
      refusal = failure_->to_error(id_);
    } else if (instance != nullptr && !call.may_wait_for_place()) {
      refusal = no_place();
      instance = nullptr;
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
  if (starts_load) begin_load();
  return call.ticket();
}

base::Error Module::no_place() const {
  return {ErrorCode::kTooManyConcurrent,
          fmt::format("{} lets in {} calls at once, and a call that keeps others waiting does not wait itself", id_,
                      max_running_),
          "Call again, or raise \"concurrency\" in the manifest of one of the tools."};
}

void Module::cancel(std::uint64_t ticket) {
  NativeCall* call = nullptr;
  if (auto pin = runtime_.calls.pin(ticket)) call = *pin;
  // We are on its loop, so it is answered and used again by nobody meanwhile.
  if (call != nullptr && call->module() == this) call->request_cancel(NativeCall::CancelReason::kCaller);
}

registry::Mode Module::mode_of(const registry::Skill& skill) const noexcept {
  // Where its code runs, a frame is written here, and read, whatever the skill then does.
  if (isolation_ != isolated::Isolation::kInProcess) return registry::Mode::kInline;
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

void Module::end_loop_frame(std::uint32_t place, const LoopFrames::Frame& frame) noexcept {
  auto& state = skills_[place];
  const auto too_long_ns = state.frames.end(frame);
  if (!too_long_ns) [[likely]]
    return;
  state.is_demoted.store(true, std::memory_order_relaxed);
  log::write(log::Level::kWarning, "inline skill is too slow and runs in the pool from now on",
             {{"tool", id_},
              {"skill", place < tool_->skills.size() ? std::string_view(tool_->skills[place].name) : "those it lists"},
              {"last_us", *too_long_ns / 1000}});
}

// ---- What people see.

std::shared_ptr<const registry::Tool> Module::tool() const {
  base::Lock lock(mutex_);
  return tool_ == nullptr || listed_ == nullptr ? tool_ : listed_->offered();
}

void Module::set_path(std::string path) {
  base::Lock lock(mutex_);
  file_ = std::move(path);
  retry_at_ = {};  // The file is another one, or whole again.
}

void Module::try_again() {
  std::shared_ptr<PluginCode> code;
  {
    base::Lock lock(mutex_);
    retry_at_ = {};
    code = code_.lock();
  }
  if (code != nullptr) code->try_again();
  if (listed_ != nullptr && listed_->has_failed()) listed_->ask_soon(weak_from_this());
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
  if (state_ == PluginState::kResident) out.message = residence_;
  out.tool = id_;
  out.version = version_;
  out.build_id = build_id_;
  out.size = size_;
  out.loaded_at = loaded_at_;
  out.calls = calls_.value();
  out.misuses = misuses_.load(std::memory_order_relaxed);
  out.bundled = bundled_;
  out.isolation = isolated::to_string(isolation_);
  if (const auto code = code_.lock()) out.worker = code->report();
  if (listed_ != nullptr) listed_->report(out);
  if (tool_ != nullptr) {
    const auto shown = listed_ == nullptr ? tool_ : listed_->offered();
    for (const auto& skill : shown->skills) {
      if (skills_[skill.index].is_demoted.load(std::memory_order_relaxed)) out.demoted_skills.push_back(skill.name);
    }
  }
  return out;
}

}  // namespace toolrack::sources::native
