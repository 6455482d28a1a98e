/// One attempt at one skill of a plugin, from invoke() to the last frame that concerns it; and call 0, the plugin
/// itself.
///
/// What keeps it, and what each of these holds back:
///   - pins: somebody looks at it for a moment (SlotMap). The answer waits for them, because they may read the
///   invocation.
///   - activity: open, frames that run or wait, operations, posted work. While there is any, the module's lease is
///   held, so
///     the library stays mapped until the last frame has returned from it, however long ago the call completed.
///   - storage: activity, output that lies in our own buffers, and a call that the host answered itself while the
///     plugin still owes complete(): the plugin may be reading its arguments.
/// Calls are pooled per loop and never freed, so a call that completes inside invoke() costs no allocation and no lock.
#pragma once

#include <toolrack/abi.h>

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/gate.hpp"
#include "base/pool.hpp"
#include "base/slot_map.hpp"
#include "registry/checkpoints.hpp"
#include "registry/handler.hpp"
#include "registry/tool.hpp"
#include "sources/native/call_events.hpp"
#include "sources/native/kept_copy.hpp"
#include "sources/native/operation.hpp"
#include "sources/native/strand.hpp"

namespace toolrack::sources::native {

class CallAssets;
class CallPool;
class Instance;
class Module;
class NativeCall;
class Runtime;
using CallMap = base::SlotMap<NativeCall*>;

/// Which frame a thread runs. Host code only; plugins never see it.
struct CurrentFrame {
  NativeCall* call = nullptr;
  Operation* delivering = nullptr;
  bool is_on_loop = false;
  bool is_invoke = false;
};

class NativeCall {
 public:
  NativeCall(Runtime& runtime, base::Loop& loop, CallPool* pool);
  NativeCall(const NativeCall&) = delete;
  NativeCall& operator=(const NativeCall&) = delete;
  ~NativeCall();

  // --- By the module, on the call's loop.

  /// False when the table of handles was full: of no use.
  bool has_slot() const noexcept { return slot_ != nullptr; }
  /// Makes a pooled call into this attempt. `lease` keeps the module.
  void begin(Module& module, const registry::Invocation& invocation, registry::Completion& completion,
             base::GateLease lease);
  /// Makes it call 0 of `instance`, which is told when its activity has ended.
  void begin_instance(Module& module, Instance& instance);
  /// Enters the plugin, here and now for an inline skill, else in a pool. Returns the ticket, 0 when it has been
  /// answered.
  std::uint64_t start(Instance& instance, registry::Mode mode);
  /// Answers without the plugin, which has not seen the call.
  void refuse(base::Error error);
  /// Watches the deadline and later the grace period.
  void arm_deadline();
  enum class CancelReason : std::uint8_t { kCaller, kDeadline, kShutdown };
  /// The first time: flags it, ends its operations early, calls the plugin's cancel() in a frame of its own.
  void request_cancel(CancelReason reason);
  /// After the last real call: ends call 0's operations and lets it go quiet.
  void end_instance();
  /// The plugin is gone: whatever it still owed is forgiven.
  void forgive();

  // --- Any thread that holds activity or a pin.

  tr_call handle() const noexcept { return slot_->handle(); }
  Module* module() const noexcept { return module_; }
  Instance* instance() const noexcept { return instance_.load(std::memory_order_acquire); }
  base::Loop& loop() const noexcept { return loop_; }
  Runtime& runtime() const noexcept { return runtime_; }
  /// Null for call 0.
  const registry::Skill* skill() const noexcept { return skill_; }
  bool is_instance() const noexcept { return is_instance_; }
  bool is_cancelled() const noexcept { return is_cancelled_.load(std::memory_order_acquire); }
  /// Not answered yet: the invocation may be read. Needs a pin, or the loop's thread.
  bool is_open() const noexcept { return answer_.load(std::memory_order_seq_cst) == Answer::kOwed; }
  const registry::Invocation& invocation() const noexcept { return *invocation_; }
  std::int64_t deadline_ns() const noexcept { return deadline_ns_.load(std::memory_order_relaxed); }

  /// As the plugin sees it; null when the skill has no providers.
  const tr_backend* backend() const noexcept { return abi_.backend; }
  /// Takes what the plugin says. False when the call was completed before.
  bool complete(tr_call handle, const tr_outcome& outcome);
  /// A copy of `text` that stays as long as our storage.
  tr_str keep_text(std::string_view text);
  /// The call's own directory, made when it is first asked for; empty when there can be none. While the call is open.
  tr_str scratch_path();
  /// Null when the host keeps none. For call 0 those of the plugin itself.
  std::shared_ptr<CallAssets> assets();
  void meter(std::string_view unit, std::int64_t millionths);
  /// `state`, with what has been metered until now.
  registry::Checkpoint checkpoint_of(std::string_view state);
  /// Inside a catch block: `function` of the plugin threw while it ran for us. Counted; the call fails, unless it has
  /// been completed.
  void note_thrown(std::string_view function);
  /// A request that may change something at its far end is on its way; `withdraw_act` when none of it got there.
  void note_act() noexcept { acts_.fetch_add(1, std::memory_order_relaxed); }
  void withdraw_act() noexcept { acts_.fetch_sub(1, std::memory_order_relaxed); }
  /// The skill wanted to ask what its caller cannot be asked: a bit of registry/questions.hpp.
  void note_cannot_ask(std::uint32_t what) noexcept { cannot_ask_.fetch_or(what, std::memory_order_relaxed); }
  /// Ends `question` with TR_SUSPENDED once every operation has ended whose end belongs into the record.
  void suspend(OperationPtr question);
  /// On the loop: while a person thinks, the call's time stands still. As often as `go_on`.
  void hold_deadline();
  void go_on();
  CallEvents& events() noexcept { return events_; }
  /// Posts a flush of the events to the loop.
  void post_flush();
  /// Ends `operation` once the events have room again.
  void when_writable(OperationPtr operation);

  tr_call ticket() const noexcept { return ticket_; }
  /// False: it takes a free place among those that the manifest allows, or none. Constant, like `skill`.
  bool may_wait_for_place() const noexcept { return may_wait_for_place_; }
  /// Counts against the manifest's concurrency until it is quiet. By the module.
  void set_admitted() noexcept { was_admitted_ = true; }

  /// False when there is none left: for call 0, whose end plugins do not see coming.
  [[nodiscard]] bool try_add_activity() noexcept;
  void add_activity() noexcept { activity_.fetch_add(1, std::memory_order_relaxed); }
  void drop_activity() noexcept;
  /// Lists an operation, so that it ends with the call; ends it at once when the call wants no more.
  void adopt(Operation& operation);
  /// Runs it in turn with our other frames, later, never from here. The caller holds activity for it.
  void push(Frame& frame);
  /// toolrack.call/1's wait(), in invoke()'s thread of a blocking skill. False when this is not the place for it.
  bool wait_for(tr_op operation);

  /// The call whose frame this thread runs, or nullptr; and is that on the call's loop?
  static NativeCall* current() noexcept { return current_frame_.call; }
  static bool current_is_on_loop() noexcept { return current_frame_.is_on_loop; }
  /// While this lives, no plugin's frame is on the stack of the loop's thread, and a call of the loop that completes is
  /// answered when it goes, not in a turn of its own. One call; the next ones are posted.
  class DeliverHere {
   public:
    explicit DeliverHere(base::Loop& loop) noexcept;
    ~DeliverHere();
    DeliverHere(const DeliverHere&) = delete;
    DeliverHere& operator=(const DeliverHere&) = delete;

   private:
    friend class NativeCall;
    static DeliverHere* current() noexcept;
    base::Loop& loop_;
    NativeCall* call_ = nullptr;
  };

  /// The operation whose done() this thread runs, or nullptr.
  static Operation* delivering() noexcept { return current_frame_.delivering; }

 private:
  friend class CallPool;
  friend class Operation;
  class FrameScope;
  class CancelFrame;
  enum class Answer : std::uint8_t { kOwed, kGiven, kAbandoned };

  static void set_delivering(Operation* operation) noexcept { current_frame_.delivering = operation; }
  void describe();
  void go_on_from(const registry::Checkpoint& checkpoint);
  bool invoke_here();
  void enter_plugin();
  void run_invoke();
  void run_frames();
  void leave_strand();
  void schedule();
  base::Pool& blocking_pool() const noexcept;
  void post_deliver();
  void deliver();
  void answer(bool is_last_activity);
  void arm_timer(std::chrono::nanoseconds delay);
  void on_timer();
  void abandon();
  base::Error give_up_error() const;
  void cancel_operations();
  std::vector<OperationPtr> take_ready_questions() TR_REQUIRES(mutex_);
  void forget(Operation& operation);
  void unlist(Operation& operation) TR_REQUIRES(mutex_);
  void end_suspended(Operation& question);
  void quiet();
  bool take_answer(bool is_on_loop) noexcept;
  void add_storage(bool is_on_loop) noexcept;
  void drop_storage() noexcept;
  void discard_assets();
  void drop_files() noexcept;
  static void release_storage(void* owner) noexcept;

  static constinit inline thread_local CurrentFrame current_frame_{};

  // Constant after construction.
  Runtime& runtime_;
  base::Loop& loop_;
  CallPool* const pool_;  // Null for call 0, whose owner is its instance.
  CallMap::Slot* const slot_;

  // Constant from begin() until the storage is free again.
  Module* module_ = nullptr;
  const registry::Skill* skill_ = nullptr;            // Of the caller's catalogue: gone once answered.
  std::uint32_t place_ = 0;                           // Skill::index.
  const registry::Invocation* invocation_ = nullptr;  // Gone once answered.
  bool is_instance_ = false;
  bool is_recorded_ = false;
  bool was_admitted_ = false;
  bool may_wait_for_place_ = true;
  std::uint32_t depth_ = 0;
  tr_invocation abi_{};
  tr_backend abi_backend_{};
  KeptCopy input_;            // The plugin may read it after we have answered ourselves.
  std::string name_;          // Of what stands in no manifest; a copy, too.
  std::string checkpoint_;    // A copy, for the same reason.
  std::string backend_text_;  // Of abi_backend_.
  tr_call ticket_ = 0;
  std::atomic<Instance*> instance_{nullptr};  // Set by start().

  // Of the loop's thread.
  registry::Completion* completion_ = nullptr;
  std::optional<boost::asio::steady_timer> timer_;
  bool is_timer_armed_ = false;
  std::uint32_t held_ = 0;  // Questions that wait for a person.
  std::int64_t held_since_ns_ = 0;
  bool completed_in_frame_ = false;

  // Of whoever completed the call, then of the loop.
  registry::Outcome outcome_;
  std::vector<base::LentBytes> lent_;  // Taken from the plugin, given back outside its frames.
  bool output_needs_lease_ = false;
  KeptCopy scratch_;  // Output that the plugin did not lend.

  // Of the strand's holder.
  registry::Mode mode_ = registry::Mode::kPooled;
  base::GateLease lease_;  // Moved out by the last activity, or with the answer.

  base::Mutex mutex_;
  Operation* operations_ TR_GUARDED_BY(mutex_) = nullptr;
  std::vector<OperationPtr> writers_ TR_GUARDED_BY(mutex_);
  std::vector<OperationPtr> questions_ TR_GUARDED_BY(mutex_);  // That suspend the call.
  std::vector<registry::Meter> meters_ TR_GUARDED_BY(mutex_);
  std::optional<std::int64_t> raw_cost_micros_ TR_GUARDED_BY(mutex_);
  std::deque<std::string> texts_ TR_GUARDED_BY(mutex_);
  std::unique_ptr<registry::CallFiles> scratch_directory_ TR_GUARDED_BY(mutex_);
  tr_str scratch_path_ TR_GUARDED_BY(mutex_){nullptr, 0};  // Among the texts.
  std::shared_ptr<CallAssets> assets_ TR_GUARDED_BY(mutex_);

  Strand strand_;
  CallEvents events_;
  std::atomic<std::uint32_t> activity_{0};
  std::atomic<std::uint32_t> storage_{0};
  std::atomic<Answer> answer_{Answer::kGiven};
  std::atomic<bool> is_cancelled_{false};
  std::atomic<bool> has_operations_{false};
  std::atomic<bool> has_meters_{false};
  std::atomic<bool> has_texts_{false};
  std::atomic<bool> has_files_{false};        // A directory, or assets.
  std::atomic<std::int64_t> deadline_ns_{0};  // Later by as long as a person took to answer.
  std::atomic<bool> is_suspending_{false};    // A question has said so.
  std::atomic<std::uint32_t> cannot_ask_{0};
  std::atomic<std::uint32_t> acts_{0};
  std::atomic<CancelReason> cancel_reason_{CancelReason::kCaller};

  // Of the pool.
  NativeCall* next_free_ = nullptr;
};

}  // namespace toolrack::sources::native
