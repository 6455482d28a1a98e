#include "worker/runtime.hpp"

#include <algorithm>
#include <utility>

#include "worker/plugin_frame.hpp"

namespace toolrack::worker {
namespace {

/// What this thread is doing for the plugin.
struct Now {
  Call* call = nullptr;
  bool is_invoke = false;
  const tr_result* result = nullptr;                // done() is looking at it.
  std::shared_ptr<std::string>* payload = nullptr;  // What it points into.
};
thread_local Now now;

/// Entries that a strand runs before others have their turn.
constexpr int kTurns = 64;

}  // namespace

Runtime::Runtime(Process& process, std::uint16_t guest)
    : process_(process),
      guest_(guest),
      host_{sizeof(tr_host),          TR_ABI_MAJOR, TR_ABI_MINOR, TR_HOST_WORKER, this, to_abi("toolrack"),
            to_abi(TOOLRACK_VERSION), &get_service, &explain},
      self_(std::make_shared<Call>(*this)) {}

// ---- From the gateway.

void Runtime::on_frame(std::size_t channel, const Frame& frame) {
  switch (frame.type) {
    case FrameType::kLoad:
    case FrameType::kCreate:
    case FrameType::kStart:
    case FrameType::kSave:
    case FrameType::kLoadState:
    case FrameType::kStop:
    case FrameType::kDestroy:
    case FrameType::kLeave: {
      const std::lock_guard lock(control_mutex_);
      requests_.push_back({frame.type, frame.id, std::string(frame.payload)});
      has_request_.notify_one();
      return;
    }
    case FrameType::kInvoke:
      return on_invoke(channel, frame);
    case FrameType::kCancel:
      return on_cancel(frame.id);
    case FrameType::kEmitState:
      if (const auto call = find(frame.id)) call->is_deaf.store(true);
      return;
    case FrameType::kDone:
    case FrameType::kHead:
    case FrameType::kChunk:
      return on_operation_frame(frame);
    default:
      std::abort();  // The gateway is of the same build.
  }
}

void Runtime::on_invoke(std::size_t channel, const Frame& frame) {
  auto call = std::make_shared<Call>(*this);
  call->id = frame.id;
  call->channel = channel;
  call->payload = frame.payload;
  FieldReader in(call->payload);
  get_invocation(in, call->box);
  if (!in.is_whole()) std::abort();
  call->blocking = call->box.blocking;
  call->strand.hold();  // For invoke().
  {
    const std::lock_guard lock(mutex_);
    calls_.emplace(call->id, call);
  }
  schedule(call);
}

void Runtime::on_cancel(tr_call id) {
  const auto call = find(id);
  if (call == nullptr) return;
  call->is_cancelled.store(true);
  if (plugin_->cancel == nullptr) return;
  push(call, [this, call] {
    if (!call->is_completed.load()) may_throw(plugin_->cancel)(plugin_->self, call->id);
  });
}

void Runtime::on_operation_frame(const Frame& frame) {
  std::shared_ptr<Operation> operation;
  {
    const std::lock_guard lock(mutex_);
    const auto found = operations_.find(frame.id);
    if (found == operations_.end()) return;
    operation = found->second;
  }
  auto payload = std::make_shared<std::string>(frame.payload);
  push(operation->call, [this, operation, payload = std::move(payload), type = frame.type]() mutable {
    if (type == FrameType::kDone) {
      operation->result = std::move(payload);
    } else {
      // The head is told from a chunk by what stands first.
      payload->insert(payload->begin(), type == FrameType::kHead ? 'h' : 'c');
      operation->pieces.push_back(std::move(payload));
    }
    give(operation);
  });
}

// ---- Into the plugin.

void Runtime::push(const std::shared_ptr<Call>& call, Entry entry) {
  if (call->strand.push(std::move(entry))) schedule(call);
}

void Runtime::schedule(const std::shared_ptr<Call>& call) {
  if (call->blocking != 0)
    process_.threads().post_blocking(call->blocking - 1, call, tally_);
  else
    process_.threads().post(call, tally_);
}

void Call::run() { runtime.run_strand(shared_from_this()); }

void Runtime::run_strand(const std::shared_ptr<Call>& call) {
  if (call->id != 0 && !std::exchange(call->is_invoked, true)) {
    const auto invoke = [&] {
      now.is_invoke = true;
      may_throw(plugin_->invoke)(plugin_->self, call->id, &call->box.invocation);
      now.is_invoke = false;
    };
    enter(call, invoke, "invoke");
  }
  for (int turn = 0; turn < kTurns; ++turn) {
    const auto entry = call->strand.take();
    if (entry == nullptr) return;
    enter(call, entry, "a frame");
  }
  schedule(call);
}

template <typename What>
void Runtime::enter(const std::shared_ptr<Call>& call, const What& what, std::string_view function) {
  const auto outer = now;
  const Board::Mark mark(process_.board(), guest_);
  now = {call.get(), false, nullptr, nullptr};
  try {
    what();
  } catch (...) {
    note_thrown(call, function);
  }
  now = outer;
}

/// Beside the strand of its call.
class Runtime::Task final : public Runnable {
 public:
  Task(std::shared_ptr<Call> call, Entry what) : call_(std::move(call)), what_(std::move(what)) {}
  void run() override {
    auto& runtime = call_->runtime;
    const Board::Mark mark(runtime.process_.board(), runtime.guest_);
    try {
      what_();
    } catch (...) {
      runtime.note_thrown(call_, "task");
    }
  }

 private:
  const std::shared_ptr<Call> call_;
  const Entry what_;
};

void Runtime::post_blocking(const std::shared_ptr<Call>& call, Entry task) {
  process_.threads().post_blocking(0, std::make_shared<Task>(call, std::move(task)), tally_);
}

void Runtime::note_thrown(const std::shared_ptr<Call>& call, std::string_view function) {
  const auto what = describe_thrown();
  note_misuse(function, what);
  if (call->id == 0 || close(call->id) == nullptr) return;
  const auto message = "the skill failed: " + what;
  tr_outcome outcome{};
  outcome.struct_size = sizeof outcome;
  outcome.status = TR_INTERNAL;
  outcome.message = to_abi(message);
  FrameWriter frame(FrameType::kComplete, call->id);
  put_outcome(frame, outcome);
  send(*call, std::move(frame).take());
}

bool Runtime::wait_for(tr_call id, tr_op handle) {
  auto* const current = now.call;
  if (current == nullptr || current->id != id || !now.is_invoke || current->blocking == 0) return false;
  std::shared_ptr<Operation> operation;
  std::shared_ptr<Call> call;
  {
    const std::lock_guard lock(mutex_);
    const auto found = operations_.find(handle);
    if (found == operations_.end()) return handle != 0 && handle <= last_operation_.load();  // Over already.
    operation = found->second;
    call = operation->call;
  }
  if (call.get() != current) return false;
  while (!operation->is_over.load()) {
    Entry next;
    {
      const auto mark = Board::Mark::outside(process_.board());  // It waits: whoever ends the process, it is not it.
      next = call->strand.wait();
    }
    enter(call, next, "a frame");
  }
  return true;
}

void Runtime::give(const std::shared_ptr<Operation>& operation) {
  auto& one = *operation;
  // What was cut short ends now: nobody would resume it.
  if (one.result != nullptr) one.is_paused = one.is_paused && one.pieces.empty();
  while (!one.is_paused && !one.pieces.empty()) {
    const auto piece = std::move(one.pieces.front());
    one.pieces.pop_front();
    const bool is_head = piece->front() == 'h';
    const auto size = piece->size();
    std::int32_t next = TR_CHUNK_MORE;
    if (!one.is_stopped) next = give_piece(one, *piece, is_head);
    if (!is_head) {
      FrameWriter taken(FrameType::kTaken, one.id);
      taken.u64(size);
      send(*one.call, std::move(taken).take());
    }
    if (next == TR_CHUNK_STOP && !one.is_stopped) {
      one.is_stopped = true;
      send(*one.call, FrameWriter(FrameType::kStopOperation, one.id).take());
    }
    if (next == TR_CHUNK_PAUSE && one.result == nullptr) one.is_paused = true;
  }
  if (one.result != nullptr && one.pieces.empty()) finish(operation);
}

std::int32_t Runtime::give_piece(Operation& operation, const std::string& payload, bool is_head) {
  const auto* sink = operation.sink;
  FieldReader in(std::string_view(payload).substr(1));
  try {
    if (!is_head)
      return TR_CAN(tr_http_sink, sink, chunk) ? may_throw(sink->chunk)(sink->user, to_abi(in.text())) : TR_CHUNK_MORE;
    ResultBox box;
    get_result(in, box);
    operation.status = box.result.number;
    return TR_CAN(tr_http_sink, sink, head) ? may_throw(sink->head)(sink->user, &box.result) : TR_CHUNK_MORE;
  } catch (...) {
    note_misuse("sink", describe_thrown());
    return TR_CHUNK_STOP;
  }
}

void Runtime::finish(const std::shared_ptr<Operation>& operation) {
  ResultBox box;
  FieldReader in(*operation->result);
  get_result(in, box);
  auto& result = box.result;
  if (operation->is_stopped) {  // The plugin has what it wanted: a success with less than all.
    const tr_result stopped{sizeof(tr_result),
                            TR_OK,
                            TR_RESULT_CUT,
                            operation->status,
                            {},
                            result.fields,
                            result.field_count,
                            result.meta_json,
                            {},
                            {},
                            {},
                            0};
    result = stopped;
  }
  if (operation->is_writable) operation->call->unconfirmed_bytes.store(0);
  now.result = &result;
  now.payload = &operation->result;
  const auto leave = [&] {
    now.result = nullptr;
    now.payload = nullptr;
    operation->is_over.store(true);
    {
      const std::lock_guard lock(mutex_);
      operations_.erase(operation->id);
    }
    process_.threads().look_again();
  };
  try {
    if (operation->done != nullptr) may_throw(operation->done)(operation->user, &result);
  } catch (...) {
    leave();
    throw;
  }
  leave();
}

bool Runtime::keep(const tr_result* result, tr_buffer* body) {
  if (now.result == nullptr || now.result != result) return false;
  auto* const owner = new std::shared_ptr<std::string>(*now.payload);
  *body = {result->body.data, result->body.size,
           [](void* held) noexcept { delete static_cast<std::shared_ptr<std::string>*>(held); }, owner};
  return true;
}

void Runtime::resume(const std::shared_ptr<Operation>& operation) {
  push(operation->call, [this, operation] {
    operation->is_paused = false;
    give(operation);
  });
}

}  // namespace toolrack::worker
