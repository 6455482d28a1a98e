/// How a host function makes an operation: one place for the rules that every done() comes and none comes inline.
#pragma once

#include <string_view>
#include <utility>

#include "sources/native/instance.hpp"
#include "sources/native/operation.hpp"
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

}  // namespace toolrack::sources::native
