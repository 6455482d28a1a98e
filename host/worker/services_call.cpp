/// toolrack.call/1 in a worker.
#include <utility>
#include <vector>

#include "worker/runtime.hpp"

namespace toolrack::worker {
namespace {

/// Partial results that may be on their way before the plugin is asked to pause: less than a socket holds, so that who
/// pauses never waits inside emit().
constexpr std::size_t kEmitWindow = 64 << 10;

void complete(const tr_host* host, tr_call id, const tr_outcome* outcome) noexcept {
  auto& runtime = Runtime::of(host);
  static constexpr tr_outcome kNothing{sizeof(tr_outcome), TR_UNKNOWN, 0, {}, nullptr, 0, {}, {}, {}, {}, 0, 0, {}};
  if (outcome == nullptr) outcome = &kNothing;
  // One that is smaller than ours ends where its size says.
  tr_outcome whole{};
  const bool is_whole = outcome->struct_size >= sizeof(tr_outcome);
  if (is_whole) whole = *outcome;
  whole.struct_size = is_whole ? sizeof(tr_outcome) : outcome->struct_size;
  std::vector<tr_buffer> lent;
  if (whole.output_json.release != nullptr) lent.push_back(whole.output_json);
  for (std::size_t i = 0; whole.parts != nullptr && i < whole.part_count; ++i) lent.push_back(whole.parts[i].bytes);

  FrameWriter frame(FrameType::kComplete, id, whole.output_json.size + 100);
  put_outcome(frame, whole);
  if (frame.is_too_long()) {
    frame = FrameWriter(FrameType::kComplete, id);
    tr_outcome refused{};
    refused.struct_size = sizeof refused;
    refused.status = TR_RESOURCE_EXHAUSTED;
    refused.flags = TR_OUT_FINAL;
    refused.message =
        to_abi("the result is larger than the 64 MiB that a worker process may send; put it into an asset");
    put_outcome(frame, refused);
  }
  // Of a call that has ended, too: the gateway says what that is.
  const auto call = runtime.close(id);
  runtime.send(call != nullptr ? *call : runtime.self(), std::move(frame).take());
  runtime.release_later(std::move(lent));
}

tr_str scratch_of(Runtime& runtime, Call& call) {
  const std::lock_guard lock(call.mutex);
  if (call.scratch.empty()) {
    FrameWriter question(FrameType::kAsk, call.id);
    question.u32(static_cast<std::uint32_t>(Question::kScratch)).u32(0);
    const auto answer = runtime.ask(std::move(question).take());
    FieldReader in(answer);
    call.scratch = in.text();
  }
  return to_abi(call.scratch);
}

tr_str info(const tr_host* host, tr_call id, std::uint32_t what) noexcept {
  auto& runtime = Runtime::of(host);
  const auto call = runtime.find(id);
  if (call == nullptr) runtime.note_misuse("info", "a call that has ended");
  if (call == nullptr || id == 0) return {nullptr, 0};
  if (what == TR_INFO_SCRATCH) return scratch_of(runtime, *call);
  return what < call->box.infos.size() ? to_abi(call->box.infos[what]) : tr_str{nullptr, 0};
}

std::int32_t is_cancelled(const tr_host* host, tr_call id) noexcept {
  const auto call = Runtime::of(host).find(id);
  return call == nullptr || call->is_cancelled.load() ? 1 : 0;
}

void progress(const tr_host* host, tr_call id, double done, double total, tr_str note) noexcept {
  auto& runtime = Runtime::of(host);
  const auto call = runtime.find(id);
  if (call == nullptr) return runtime.note_misuse("progress", "a call that has ended");
  if ((call->box.invocation.flags & TR_CALL_PROGRESS) == 0) return;
  FrameWriter frame(FrameType::kProgress, id);
  frame.f64(done).f64(total).text(view(note));
  if (!frame.is_too_long()) runtime.send(*call, std::move(frame).take());
}

enum : std::int32_t { kTaken = 0, kPause = 1, kNobody = 2 };

std::int32_t emit(const tr_host* host, tr_call id, const tr_part* part) noexcept {
  auto& runtime = Runtime::of(host);
  const auto call = runtime.find(id);
  if (part == nullptr) return kNobody;
  if (call == nullptr) runtime.note_misuse("emit", "a call that has ended");
  const bool is_heard =
      call != nullptr && (call->box.invocation.flags & TR_CALL_PARTIALS) != 0 && !call->is_deaf.load();
  std::size_t unconfirmed = 0;
  if (is_heard) {
    FrameWriter frame(FrameType::kEmit, id);
    put_part(frame, *part);
    if (frame.is_too_long()) {
      runtime.note_misuse("emit", "a part larger than 64 MiB");
    } else {
      const auto size = part->text.size + part->bytes.size;
      unconfirmed = call->unconfirmed_bytes.fetch_add(size) + size;
      runtime.send(*call, std::move(frame).take());
    }
  }
  runtime.release_later({part->bytes});
  if (!is_heard) return kNobody;
  return unconfirmed > kEmitWindow ? kPause : kTaken;
}

tr_op writable(const tr_host* host, tr_call id, tr_done done, void* user) noexcept {
  auto& runtime = Runtime::of(host);
  const auto operation = runtime.make_operation(id, done, user);
  operation->is_writable = true;
  return runtime.send_operation(operation, runtime.begin_operation(*operation, OperationKind::kWritable, id));
}

void meter(const tr_host* host, tr_call id, tr_str unit, std::int64_t millionths) noexcept {
  auto& runtime = Runtime::of(host);
  FrameWriter frame(FrameType::kMeter, id);
  frame.text(view(unit)).i64(millionths);
  if (!frame.is_too_long()) runtime.send(*runtime.find_or_self(id), std::move(frame).take());
}

tr_op checkpoint(const tr_host* host, tr_call id, tr_str state, tr_done done, void* user) noexcept {
  auto& runtime = Runtime::of(host);
  const auto operation = runtime.make_operation(id, done, user);
  auto frame = runtime.begin_operation(*operation, OperationKind::kCheckpoint, id);
  frame.text(view(state));
  return runtime.send_operation(operation, std::move(frame));
}

void cancel_op(const tr_host* host, tr_op id) noexcept {
  auto& runtime = Runtime::of(host);
  if (const auto operation = runtime.find(id, "cancel_op"))
    runtime.send(*operation->call, FrameWriter(FrameType::kCancelOperation, id).take());
}

void resume_op(const tr_host* host, tr_op id) noexcept {
  auto& runtime = Runtime::of(host);
  if (const auto operation = runtime.find(id, "resume_op")) runtime.resume(operation);
}

void keep(const tr_host* host, const tr_result* result, tr_buffer* body) noexcept {
  if (body == nullptr) return;
  *body = {};
  if (!Runtime::keep(result, body)) Runtime::of(host).note_misuse("keep", "a result that is not being delivered");
}

void wait(const tr_host* host, tr_call id, tr_op operation) noexcept {
  auto& runtime = Runtime::of(host);
  if (!runtime.wait_for(id, operation))
    runtime.note_misuse("wait", "another place than invoke() of a blocking skill, or an operation of another call");
}

}  // namespace

const tr_call_api& call_table() noexcept {
  static constexpr tr_call_api kTable{
      sizeof(tr_call_api), complete,  info,      is_cancelled, progress, emit, writable, meter,
      checkpoint,          cancel_op, resume_op, keep,         wait};
  return kTable;
}

}  // namespace toolrack::worker
