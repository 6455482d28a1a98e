/// Runtime: which calls and operations there are, and what is said of them to the gateway.
#include <utility>

#include "worker/plugin_frame.hpp"
#include "worker/runtime.hpp"

namespace toolrack::worker {

std::shared_ptr<Call> Runtime::find(tr_call id) {
  if (id == 0) return self_;
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : found->second;
}

std::shared_ptr<Call> Runtime::find_or_self(tr_call id) {
  auto call = find(id);
  return call == nullptr ? self_ : call;
}

std::shared_ptr<Operation> Runtime::find(tr_op id, std::string_view function) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = operations_.find(id); found != operations_.end()) return found->second;
  }
  note_misuse(function, "an operation that has ended");
  return nullptr;
}

std::shared_ptr<Call> Runtime::close(tr_call id) {
  const std::lock_guard lock(mutex_);
  const auto found = calls_.find(id);
  if (found == calls_.end()) return nullptr;
  auto call = std::move(found->second);
  calls_.erase(found);
  call->is_completed.store(true);
  return call;
}

std::shared_ptr<Operation> Runtime::make_operation(tr_call id, tr_done done, void* user) {
  auto operation = std::make_shared<Operation>();
  operation->id = last_operation_.fetch_add(1) + 1;
  operation->call = find_or_self(id);
  operation->done = done;
  operation->user = user;
  const std::lock_guard lock(mutex_);
  operations_.emplace(operation->id, operation);
  return operation;
}

FrameWriter Runtime::begin_operation(const Operation& operation, OperationKind kind, tr_call id) const {
  FrameWriter out(FrameType::kOperation, operation.id);
  out.u32(static_cast<std::uint32_t>(kind)).u64(id);
  return out;
}

tr_op Runtime::send_operation(const std::shared_ptr<Operation>& operation, FrameWriter frame) {
  if (!frame.is_too_long()) {
    send(*operation->call, std::move(frame).take());
    return operation->id;
  }
  static constexpr std::string_view kMessage = "the request is larger than the 64 MiB that a worker process may send";
  static constexpr std::string_view kHint = "Put large bytes into an asset piece by piece, and name the asset.";
  const tr_result refused{sizeof(tr_result),        TR_RESOURCE_EXHAUSTED, TR_RESULT_NOT_SENT, 0, {}, nullptr, 0, {},
                          to_abi("body_too_large"), to_abi(kMessage),      to_abi(kHint),      0};
  FrameWriter result(FrameType::kDone, operation->id);
  put_result(result, refused);
  auto bytes = std::move(result).take();
  push(operation->call, [this, operation, payload = std::make_shared<std::string>(bytes.substr(16))]() mutable {
    operation->result = std::move(payload);
    give(operation);
  });
  return operation->id;
}

void Runtime::release_later(std::vector<tr_buffer> buffers) {
  std::erase_if(buffers, [](const tr_buffer& buffer) { return buffer.release == nullptr; });
  if (buffers.empty()) return;
  push(self_, [buffers = std::move(buffers)] {
    for (const auto& buffer : buffers) may_throw(buffer.release)(buffer.owner);
  });
}

void Runtime::note_misuse(std::string_view function, std::string_view what) {
  FrameWriter frame(FrameType::kMisuse, 0);
  frame.text(function).text(what);
  process_.send(0, std::move(frame).take(guest_));
}

}  // namespace toolrack::worker
