/// How a host function makes an operation: one place for the rules that every done() comes and none comes inline.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "services/recorder/recording.hpp"
#include "sources/native/instance.hpp"
#include "sources/native/operation.hpp"
#include "sources/native/recorded_result.hpp"
#include "sources/native/runtime.hpp"

namespace toolrack::sources::native {

/// An operation that is over before it began.
class EndedOperation final : public Operation {
 public:
  using Operation::Operation;
};

/// Handle of an operation that nobody will hear of: the plugin used a call after its own end.
inline constexpr tr_op kDeadOperation = ~tr_op{0};

/// Makes a `T(call, map, done, user, args...)`, lists it with its call and runs `begin(T&)`, which starts or ends it.
/// With a stale `handle` it ends with TR_CANCELLED instead, in a frame of call 0. Any thread.
template <typename T, typename Begin, typename... Args>
tr_op start_operation(const tr_host* host, tr_call handle, std::string_view function, tr_done done, void* user,
                      const Begin& begin, Args&&... args) {
  auto& instance = Instance::of(host);
  auto target = instance.find(handle, function);
  if (target.call == nullptr) return kDeadOperation;
  target.call->add_activity();
  auto& map = instance.runtime().operations;
  if (!target) {
    const OperationPtr refused(new EndedOperation(*target.call, map, done, user));
    const auto id = refused->handle();
    refused->end(OperationResult::cancelled("the call has ended"));
    return id;
  }
  const boost::intrusive_ptr<T> operation(new T(*target.call, map, done, user, std::forward<Args>(args)...));
  const auto id = operation->handle();
  target.call->adopt(*operation);
  begin(*operation);
  return id;
}

/// The same for an operation that ends at once with `result`.
inline tr_op end_operation(const tr_host* host, tr_call handle, std::string_view function, tr_done done, void* user,
                           OperationResult result) {
  return start_operation<EndedOperation>(host, handle, function, done, user,
                                         [&](Operation& operation) { operation.end(std::move(result)); });
}

/// The record of an open call; null: nobody records it, or the handle is stale. Any thread.
std::shared_ptr<services::recorder::Recording> find_recording(const tr_host* host, tr_call handle) noexcept;
/// That of a call that may be suspended and run again; null for all others.
std::shared_ptr<services::recorder::Recording> resumable_recording(const tr_host* host, tr_call handle) noexcept;

/// As start_operation, and in a call that may be suspended the end is taken down, or comes from the record. `request()`
/// says what is asked, as canonical JSON.
template <typename T, typename Request, typename Begin, typename... Args>
tr_op start_recorded(const tr_host* host, tr_call handle, std::string_view function, tr_done done, void* user,
                     const Request& request, const Begin& begin, Args&&... args) {
  const auto recording = resumable_recording(host, handle);
  if (recording == nullptr) [[likely]]
    return start_operation<T>(host, handle, function, done, user, begin, std::forward<Args>(args)...);
  const auto number = recording->begin(function, request());
  if (!number) {
    auto refused = OperationResult::from(number.error());
    refused.flags = TR_RESULT_NOT_SENT;
    return end_operation(host, handle, function, done, user, std::move(refused));
  }
  if (recording->is_answered(*number)) {
    return start_operation<EndedOperation>(host, handle, function, done, user, [&](EndedOperation& operation) {
      recording->deliver_in_turn(
          operation.call().loop(), *number,
          [self = OperationPtr(&operation), text = recording->find(*number).reply] { self->end(result_from(text)); });
    });
  }
  return start_operation<T>(
      host, handle, function, done, user,
      [&](T& operation) {
        operation.record(recording, *number);
        begin(operation);
      },
      std::forward<Args>(args)...);
}

}  // namespace toolrack::sources::native
