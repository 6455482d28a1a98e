/// toolrack.call/1: what a plugin does with a call.
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/outcome_reader.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

/// A stale handle comes with buffers all the same.
void take_buffers(Instance& instance, const tr_outcome& outcome) {
  std::vector<base::LentBytes> lent;
  registry::Outcome read;
  read_outcome(outcome, read, false, lent);
  if (!read.output_json.empty()) lent.push_back(std::move(read.output_json));
  instance.release_later(std::move(lent));
}

void complete(const tr_host* host, tr_call handle, const tr_outcome* outcome) noexcept {
  auto& instance = Instance::of(host);
  static constexpr tr_outcome kNothing{sizeof(tr_outcome), TR_UNKNOWN, 0, {}, nullptr, 0, {}, {}, {}, {}, 0, 0, {}};
  if (outcome == nullptr) outcome = &kNothing;
  if (handle == 0) {
    instance.module().note_misuse("complete", "call 0, which never completes");
    return take_buffers(instance, *outcome);
  }
  const auto target = instance.find(handle, "complete");
  if (target && target.call->complete(handle, *outcome)) return;
  if (target) instance.module().note_misuse("complete", "a call that has completed");
  take_buffers(instance, *outcome);
}

tr_str info(const tr_host* host, tr_call handle, std::uint32_t what) noexcept {
  const auto target = Instance::of(host).find(handle, "info");
  if (!target || target.call->is_instance() || !target.call->is_open()) return {nullptr, 0};
  if (what == TR_INFO_SCRATCH) return target.call->scratch_path();
  const auto text = info_of(target.call->invocation(), what);
  // Copied, because the plugin may hold it until complete(), and the host may answer before that.
  return text.empty() ? tr_str{nullptr, 0} : target.call->keep_text(text);
}

std::int32_t is_cancelled(const tr_host* host, tr_call handle) noexcept {
  auto& instance = Instance::of(host);
  if (const auto pin = instance.runtime().calls.pin(handle)) return (*pin)->is_cancelled() ? 1 : 0;
  return handle == 0 ? 0 : 1;  // Asking about a call that has ended is allowed.
}

void progress(const tr_host* host, tr_call handle, double done, double total, tr_str note) noexcept {
  const auto target = Instance::of(host).find(handle, "progress");
  if (!target || target.call->is_instance() || !target.call->is_open()) return;
  if (!target.call->invocation().wants_progress) return;
  if (!is_text(note)) return Instance::of(host).module().note_misuse("progress", "a note that is not UTF-8 text");
  if (target.call->events().add(CallEvents::Progress{done, total, std::string(view(note))})) target.call->post_flush();
}

enum : std::int32_t { kTaken = 0, kPause = 1, kNobody = 2 };

std::int32_t emit(const tr_host* host, tr_call handle, const tr_part* part) noexcept {
  auto& instance = Instance::of(host);
  const auto target = instance.find(handle, "emit");
  if (part == nullptr) return kNobody;
  std::vector<base::LentBytes> lent;
  CallEvents::Partial partial;
  std::string misuse;
  const bool is_good = read_part(*part, partial.part, lent, misuse);
  if (!is_good) instance.module().note_misuse("emit", misuse);
  const bool is_heard = target && !target.call->is_instance() && target.call->is_open() &&
                        target.call->invocation().wants_partials && !target.call->events().is_deaf();
  if (!is_good || !is_heard) {
    instance.release_later(std::move(lent));
    return is_heard ? kTaken : kNobody;
  }
  if (!lent.empty()) partial.lent = std::move(lent.front());
  if (target.call->events().add(std::move(partial))) target.call->post_flush();
  return target.call->events().is_full() ? kPause : kTaken;
}

tr_op writable(const tr_host* host, tr_call handle, tr_done done, void* user) noexcept {
  return start_operation<EndedOperation>(host, handle, "writable", done, user, [](EndedOperation& operation) {
    operation.call().when_writable(OperationPtr(&operation));
  });
}

void meter(const tr_host* host, tr_call handle, tr_str unit, std::int64_t millionths) noexcept {
  const auto target = Instance::of(host).find(handle, "meter");
  if (!target || target.call->is_instance()) return;
  if (!is_text(unit) || unit.size == 0 || millionths < 0) {
    return Instance::of(host).module().note_misuse("meter", "a unit without name, or a negative amount");
  }
  target.call->meter(view(unit), millionths);
}

OperationResult not_a_job() {
  OperationResult result;
  result.status = TR_FAILED_PRECONDITION;
  result.code = "not_a_job";
  result.message = "The call is no job: it ends with its request, and nothing is kept of it.";
  result.hint = "Go on without a checkpoint; TR_CALL_JOB among the flags says which calls keep one.";
  return result;
}

/// Kept in its place among the partials that the skill emits.
class CheckpointOperation final : public Operation {
 public:
  using Operation::Operation;

  void begin(std::string_view state) {
    if (call().is_instance()) return static_cast<void>(end(not_a_job()));
    checkpoint_ = call().checkpoint_of(state);
    if (call().events().add(CallEvents::Mark{[self = boost::intrusive_ptr(this)] { self->keep(); }}))
      call().post_flush();
  }

 private:
  using Self = boost::intrusive_ptr<CheckpointOperation>;

  /// On the loop.
  void keep() {
    if (has_ended() || !call().is_open()) return;  // The end of a call ends its operations.
    auto* checkpoints = call().invocation().checkpoints;
    if (checkpoints == nullptr) return static_cast<void>(end(not_a_job()));
    self_ = std::make_shared<Self>(this);
    checkpoints->keep(std::move(checkpoint_), [self = self_](const base::Result<void>& kept) {
      if (const auto one = std::exchange(*self, nullptr))
        one->end(kept ? OperationResult() : OperationResult::from(kept.error()));
    });
  }
  /// The store may answer when we are long gone.
  void on_cancel() override {
    if (self_ != nullptr) self_->reset();
    Operation::on_cancel();
  }

  registry::Checkpoint checkpoint_;
  std::shared_ptr<Self> self_;  ///< The loop's.
};

tr_op checkpoint(const tr_host* host, tr_call handle, tr_str state, tr_done done, void* user) noexcept {
  constexpr std::string_view kFunction = "checkpoint";
  if (state.size > registry::kMaxCheckpointBytes)
    return end_operation(
        host, handle, kFunction, done, user,
        OperationResult::from(
            base::Error(base::ErrorCode::kInvalidRequest,
                        fmt::format("the state has {} bytes, and of a job {} are kept", state.size,
                                    registry::kMaxCheckpointBytes),
                        "Keep what the next run needs to find the rest: positions and ids, and big things as assets.")
                .with_name("checkpoint_too_large")));
  return start_operation<CheckpointOperation>(host, handle, kFunction, done, user,
                                              [&](CheckpointOperation& operation) { operation.begin(view(state)); });
}

OperationPtr find_operation(const tr_host* host, tr_op handle, std::string_view function) {
  auto& instance = Instance::of(host);
  if (handle == kDeadOperation) return nullptr;
  if (const auto pin = instance.runtime().operations.pin(handle); pin && (*pin)->call().instance() == &instance)
    return *pin;
  instance.module().note_misuse(function, "an operation that has ended");
  return nullptr;
}

void cancel_op(const tr_host* host, tr_op handle) noexcept {
  if (const auto operation = find_operation(host, handle, "cancel_op")) operation->request_cancel();
}

void resume_op(const tr_host* host, tr_op handle) noexcept {
  if (const auto operation = find_operation(host, handle, "resume_op")) operation->request_resume();
}

void keep(const tr_host* host, const tr_result* result, tr_buffer* body) noexcept {
  if (body == nullptr) return;
  *body = {};
  auto* operation = NativeCall::delivering();
  if (operation == nullptr || !operation->is_delivering(result)) {
    return Instance::of(host).module().note_misuse("keep", "a result that is not being delivered");
  }
  auto text = operation->take_body();
  if (text == nullptr) return;
  body->data = text->data();
  body->size = text->size();
  body->release = [](void* owner) noexcept { delete static_cast<std::string*>(owner); };
  body->owner = text.release();
}

void wait(const tr_host* host, tr_call handle, tr_op operation) noexcept {
  auto* call = NativeCall::current();
  auto& instance = Instance::of(host);
  if (call == nullptr || call->instance() != &instance || call->ticket() != handle || !call->wait_for(operation)) {
    instance.module().note_misuse("wait",
                                  "another place than invoke() of a blocking skill, or an operation of another call");
  }
}

}  // namespace

std::string_view info_of(const registry::Invocation& invocation, std::uint32_t what) noexcept {
  switch (what) {
    case TR_INFO_CALL_ID:
      return invocation.call_id;
    case TR_INFO_ACCOUNT:
      return invocation.account;
    case TR_INFO_LOCALE:
      return invocation.locale;
    case TR_INFO_TRACEPARENT:
      return invocation.traceparent;
    case TR_INFO_TRANSPORT:
      return invocation.transport;
    case TR_INFO_CLIENT:
      return invocation.client;
    case TR_INFO_META:
      return invocation.meta_json;
    default:
      return {};  // The rest is not known to this host.
  }
}

const tr_call_api& call_service() noexcept {
  static constexpr tr_call_api kTable{
      sizeof(tr_call_api), complete,  info,      is_cancelled, progress, emit, writable, meter,
      checkpoint,          cancel_op, resume_op, keep,         wait};
  return kTable;
}

}  // namespace toolrack::sources::native
