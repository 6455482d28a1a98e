#include "sources/native/native_call.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "registry/questions.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/instance.hpp"
#include "sources/native/module.hpp"
#include "sources/native/plugin_frame.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {
namespace {

/// Frames that one turn of a thread runs for one call before others have theirs.
constexpr int kFramesPerTurn = 64;
/// Buffers that a pooled call keeps for its next use.
constexpr std::size_t kKeptBytes = 64 << 10;

}  // namespace

/// Marks this thread as inside a frame of the call, and says afterwards how long it took.
class NativeCall::FrameScope {
 public:
  FrameScope(NativeCall& call, bool is_on_loop, bool is_invoke)
      : call_(call),
        outer_(current_frame_),
        mark_(call.runtime_.frames(), call.module_->frame_number(call.place_), where(call, is_on_loop)),
        on_loop_(is_on_loop && !call.is_instance_ ? call.module_->loop_frames(call.place_) : nullptr) {
    current_frame_ = {&call, nullptr, is_on_loop, is_invoke};
  }
  ~FrameScope() {
    if (on_loop_.is_timed()) [[unlikely]]
      call_.module_->end_loop_frame(call_.place_, on_loop_);
    current_frame_ = outer_;
  }
  FrameScope(const FrameScope&) = delete;
  FrameScope& operator=(const FrameScope&) = delete;

 private:
  static FrameBoard::Where where(const NativeCall& call, bool is_on_loop) noexcept {
    if (is_on_loop) return FrameBoard::Where::kLoop;
    return call.mode_ == registry::Mode::kBlocking ? FrameBoard::Where::kBlocking : FrameBoard::Where::kPool;
  }

  NativeCall& call_;
  const CurrentFrame outer_;
  const FrameBoard::Mark mark_;
  const LoopFrames::Frame on_loop_;
};

NativeCall::NativeCall(Runtime& runtime, base::Loop& loop, CallPool* pool)
    : runtime_(runtime), loop_(loop), pool_(pool), slot_(runtime.calls.take()) {
  if (slot_ != nullptr) slot_->value = this;
}

NativeCall::~NativeCall() {
  if (slot_ == nullptr) return;
  runtime_.calls.close(*slot_, slot_->handle());  // Call 0, or one whose plugin never completed it.
  runtime_.calls.retire(*slot_);
}

void NativeCall::begin(Module& module, const registry::Invocation& invocation, registry::Completion& completion,
                       base::GateLease lease) {
  module_ = &module;
  skill_ = invocation.skill;
  place_ = skill_->index;
  invocation_ = &invocation;
  completion_ = &completion;
  deadline_ns_.store(invocation.deadline_ns, std::memory_order_relaxed);
  is_recorded_ = invocation.recording != nullptr;
  if (is_recorded_) [[unlikely]]
    runtime_.recorded_calls.fetch_add(1, std::memory_order_relaxed);
  held_ = 0;
  is_suspending_.store(false, std::memory_order_relaxed);
  cannot_ask_.store(0, std::memory_order_relaxed);
  depth_ = invocation.depth;
  may_wait_for_place_ = invocation.may_wait_for_place;
  lease_ = std::move(lease);
  is_cancelled_.store(false, std::memory_order_relaxed);
  cancel_reason_.store(CancelReason::kCaller, std::memory_order_relaxed);
  completed_in_frame_ = false;
  output_needs_lease_ = false;
  was_admitted_ = false;
  instance_.store(nullptr, std::memory_order_relaxed);
  acts_.store(0, std::memory_order_relaxed);
  activity_.store(1, std::memory_order_relaxed);
  storage_.store(1, std::memory_order_relaxed);
  answer_.store(Answer::kOwed, std::memory_order_relaxed);
  describe();
  ticket_ = runtime_.calls.open(*slot_);
}

void NativeCall::describe() {
  const auto& in = *invocation_;
  input_.assign(in.input_json);
  const std::uint32_t flags = (in.wants_partials ? TR_CALL_PARTIALS : 0U) |
                              (in.wants_progress ? TR_CALL_PROGRESS : 0U) | (in.is_job ? TR_CALL_JOB : 0U) |
                              (in.can_ask & registry::kCanAskPlugins);
  const bool is_skill = skill_->kind == registry::Kind::kSkill;
  const bool is_in_manifest = is_skill && !skill_->is_listed;
  if (!is_in_manifest) [[unlikely]]
    name_.assign(is_skill ? std::string_view(skill_->name) : in.name);
  abi_ = tr_invocation{sizeof(tr_invocation),
                       static_cast<std::uint32_t>(skill_->kind),
                       is_in_manifest ? skill_->index : UINT32_MAX,
                       flags,
                       in.run,
                       to_abi(is_in_manifest ? module_->leased_tool().skills[skill_->index].name : name_),
                       to_abi(input_.view()),
                       in.deadline_ns,
                       nullptr,
                       {nullptr, 0}};
  if (in.checkpoint != nullptr) [[unlikely]]
    go_on_from(*in.checkpoint);
  if (in.backend == nullptr) return;
  const auto& backend = *in.backend;
  backend_text_.clear();
  for (const auto text : {backend.provider, backend.base_url, backend.credential, backend.options_json})
    backend_text_ += text;
  std::size_t at = 0;
  const auto next = [&](std::string_view text) {
    const tr_str out{backend_text_.data() + at, text.size()};
    at += text.size();
    return out;
  };
  abi_backend_.struct_size = sizeof(tr_backend);
  abi_backend_.flags = (backend.byok ? TR_BACKEND_BYOK : 0U) | (backend.last ? TR_BACKEND_LAST : 0U);
  abi_backend_.attempt = in.attempt;
  abi_backend_.provider = next(backend.provider);
  abi_backend_.base_url = next(backend.base_url);
  abi_backend_.credential = next(backend.credential);
  abi_backend_.options_json = next(backend.options_json);
  abi_.backend = &abi_backend_;
}

void NativeCall::begin_instance(Module& module, Instance& instance) {
  is_instance_ = true;
  place_ = Module::kNoPlace;
  module_ = &module;
  instance_.store(&instance, std::memory_order_release);
  mode_ = registry::Mode::kPooled;
  activity_.store(1, std::memory_order_relaxed);
  storage_.store(1, std::memory_order_relaxed);
  ticket_ = runtime_.calls.open(*slot_);
}

std::uint64_t NativeCall::start(Instance& instance, registry::Mode mode) {
  if (is_cancelled()) [[unlikely]] {
    refuse(give_up_error());
    return 0;
  }
  const auto ticket = ticket_;
  mode_ = mode;
  instance_.store(&instance, std::memory_order_release);
  activity_.store(2, std::memory_order_relaxed);  // Open, and the frame of invoke(). Nobody else knows the call yet.
  strand_.hold();
  if (mode == registry::Mode::kInline && current() == nullptr) return invoke_here() ? 0 : ticket;

  arm_deadline();
  const auto enter = [this] { run_invoke(); };
  switch (mode) {
    case registry::Mode::kInline:  // Some plugin's frame is below us on this stack: not from inside it.
      boost::asio::post(loop_.context(), enter);
      break;
    case registry::Mode::kPooled:
      runtime_.environment().workers->post(enter);
      break;
    case registry::Mode::kBlocking:
      blocking_pool().post(enter);
      break;
  }
  return ticket;
}

bool NativeCall::invoke_here() {
  {
    FrameScope scope(*this, true, true);
    enter_plugin();
  }
  if (completed_in_frame_) {
    completed_in_frame_ = false;
    if (activity_.load(std::memory_order_acquire) == 2 && !slot_->is_pinned()) [[likely]] {
      // The handle is closed and nobody looks at us: we are the only ones left, and need no atomic arithmetic to go.
      activity_.store(0, std::memory_order_relaxed);
      strand_.reset();
      answer(true);
      quiet();
      return true;
    }
    deliver();
    leave_strand();
    return true;
  }
  arm_deadline();
  leave_strand();
  return false;
}

void NativeCall::enter_plugin() {
  const auto& plugin = instance()->plugin();
  try {
    may_throw(plugin.invoke)(plugin.self, ticket_, &abi_);
  } catch (...) {
    note_thrown("invoke");
  }
}

void NativeCall::run_invoke() {
  if (is_open()) {
    FrameScope scope(*this, mode_ == registry::Mode::kInline, true);
    enter_plugin();
  } else if (runtime_.calls.close(*slot_, ticket_)) {
    // Given up while it waited for a thread: the plugin has never seen it and owes nothing.
    module_->forget_debt(*this);
    drop_storage();
  }
  run_frames();
}

void NativeCall::run_frames() {
  const bool is_on_loop = mode_ == registry::Mode::kInline;
  for (int turn = 0; turn < kFramesPerTurn; ++turn) {
    if (is_on_loop && std::exchange(completed_in_frame_, false)) deliver();
    Frame* frame = strand_.take();
    if (frame == nullptr) {
      if (!strand_.leave()) continue;
      return drop_activity();
    }
    FrameScope scope(*this, is_on_loop, false);
    frame->run();
  }
  if (is_on_loop && std::exchange(completed_in_frame_, false)) deliver();
  schedule();
}

void NativeCall::leave_strand() {
  if (strand_.leave()) return drop_activity();
  schedule();
}

void NativeCall::schedule() {
  const auto turn = [this] { run_frames(); };
  switch (mode_) {
    case registry::Mode::kInline:
      boost::asio::post(loop_.context(), turn);
      break;
    case registry::Mode::kPooled:
      runtime_.environment().workers->post(turn);
      break;
    case registry::Mode::kBlocking:
      blocking_pool().post(turn);
      break;
  }
}

base::Pool& NativeCall::blocking_pool() const noexcept {
  const auto& environment = runtime_.environment();
  const auto& nested = environment.nested_blocking;
  if (depth_ == 0 || nested.empty()) return *environment.blocking;
  return *nested[std::min<std::size_t>(depth_, nested.size()) - 1];
}

void NativeCall::push(Frame& frame) {
  const bool may_wait = mode_ == registry::Mode::kBlocking;
  if (strand_.push(frame)) {
    add_activity();
    schedule();
  } else if (may_wait) {
    strand_.wake();
  }
}

bool NativeCall::wait_for(tr_op handle) {
  if (current() != this || !current_frame_.is_invoke || mode_ != registry::Mode::kBlocking) return false;
  OperationPtr operation;
  if (auto pin = runtime_.operations.pin(handle)) operation = *pin;
  if (operation == nullptr) return true;  // Over already.
  if (&operation->call() != this) return false;
  while (!operation->is_over()) {
    if (Frame* frame = strand_.take()) {
      FrameScope scope(*this, false, false);
      frame->run();
    } else {
      strand_.wait();
    }
  }
  return true;
}

void NativeCall::release_storage(void* owner) noexcept { static_cast<NativeCall*>(owner)->drop_storage(); }

bool NativeCall::try_add_activity() noexcept {
  auto count = activity_.load(std::memory_order_relaxed);
  while (count != 0) {
    if (activity_.compare_exchange_weak(count, count + 1, std::memory_order_acq_rel, std::memory_order_relaxed))
      return true;
  }
  return false;
}

void NativeCall::drop_activity() noexcept {
  if (activity_.fetch_sub(1, std::memory_order_acq_rel) == 1) quiet();
}

void NativeCall::quiet() {
  Module& module = *module_;
  if (is_instance_) return instance()->self_is_quiet();
  // The lease goes last: after it the module, and with it the library, may be gone.
  const base::GateLease lease = std::move(lease_);
  if (is_recorded_) [[unlikely]]
    runtime_.recorded_calls.fetch_sub(1, std::memory_order_relaxed);
  module.call_is_quiet(was_admitted_);
  drop_storage();
}

void NativeCall::drop_storage() noexcept {
  // Whoever has the only share has no rival either, and spares itself the arithmetic.
  if (storage_.load(std::memory_order_acquire) != 1 && storage_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (pool_ == nullptr) return;
  input_.trim(kKeptBytes);
  scratch_.trim(kKeptBytes);
  if (!checkpoint_.empty()) [[unlikely]]
    std::string().swap(checkpoint_);
  if (has_files_.load(std::memory_order_relaxed)) [[unlikely]]
    drop_files();
  if (has_meters_.load(std::memory_order_relaxed) || has_texts_.load(std::memory_order_relaxed)) {
    base::Lock lock(mutex_);
    meters_.clear();
    raw_cost_micros_.reset();
    texts_.clear();
    has_meters_.store(false, std::memory_order_relaxed);
    has_texts_.store(false, std::memory_order_relaxed);
  }
  has_operations_.store(false, std::memory_order_relaxed);
  events_.reset();
  pool_->give_back(*this);
}

}  // namespace toolrack::sources::native
