/// toolrack.once/1: steps with side effects, at most once over all runs and attempts of a call (registry::Once).
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <functional>
#include <string>
#include <utility>

#include "registry/once.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

using base::ErrorCode;
using registry::Once;

OperationResult refusal(std::string message, std::string hint = {}) {
  return OperationResult::from({ErrorCode::kInvalidRequest, std::move(message), std::move(hint)});
}

OperationResult begin(Once& once, const std::string& key) {
  auto begun = once.begin_step(key);
  if (!begun) return OperationResult::from(begun.error());
  OperationResult result;
  switch (begun->found) {
    case Once::Found::kNew:
      break;
    case Once::Found::kDone:
      result.flags = TR_RESULT_STORED;
      result.body = std::make_unique<std::string>(std::move(begun->value));
      break;
    case Once::Found::kUnknown:
      result.status = TR_ABORTED;
      result.code = "step_unknown";
      result.message = fmt::format("The step \"{}\" began and never ended; whether it happened is not known.", key);
      result.hint = "See at the far end whether it happened before it is done again.";
      break;
  }
  return result;
}

OperationResult end(Once& once, const std::string& key, tr_status status, const std::string& value) {
  const auto ending = status == TR_OK        ? Once::Ending::kDone
                      : status == TR_UNKNOWN ? Once::Ending::kUnknown
                                             : Once::Ending::kUndone;
  const auto ended = once.end_step(key, ending, value);
  return ended ? OperationResult() : OperationResult::from(ended.error());
}

/// In a turn of the loop in which the call's invocation may still be read.
class OnceOperation final : public Operation {
 public:
  using Work = std::function<OperationResult(Once&)>;
  OnceOperation(NativeCall& call, OperationMap& map, tr_done done, void* user, Work work)
      : Operation(call, map, done, user), work_(std::move(work)) {}

  void begin() {
    boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] {
      if (self->has_ended()) return;
      auto& call = self->call();
      if (!call.is_instance() && !call.is_open())
        return static_cast<void>(self->end(OperationResult::cancelled("the call has ended")));
      auto* const once = call.is_instance() ? nullptr : call.invocation().once;
      self->end(once == nullptr ? refusal("steps belong to calls, and there is none", "Call within a skill.")
                                : self->work_(*once));
    });
  }

 private:
  const Work work_;
};

tr_op start(const tr_host* host, tr_call handle, std::string_view function, tr_str key, tr_done done, void* user,
            OnceOperation::Work work) {
  if (key.size == 0 || !is_text(key))
    return end_operation(host, handle, function, done, user, refusal("a step has a key, which is UTF-8 text"));
  return start_operation<OnceOperation>(
      host, handle, function, done, user, [](OnceOperation& operation) { operation.begin(); }, std::move(work));
}

tr_op begin_step(const tr_host* host, tr_call handle, tr_str key, tr_done done, void* user) noexcept {
  return start(host, handle, "once.begin", key, done, user,
               [name = std::string(view(key))](Once& once) { return begin(once, name); });
}

tr_op end_step(const tr_host* host, tr_call handle, tr_str key, tr_status status, tr_str value, tr_done done,
               void* user) noexcept {
  constexpr std::string_view kFunction = "once.end";
  if (value.size > registry::kMaxStepBytes)
    return end_operation(
        host, handle, kFunction, done, user,
        refusal(fmt::format("the step's value has {} bytes, and {} are kept", value.size, registry::kMaxStepBytes),
                "Keep an id or an asset."));
  return start(host, handle, kFunction, key, done, user,
               [name = std::string(view(key)), status, text = std::string(view(value))](Once& once) {
                 return end(once, name, status, text);
               });
}

}  // namespace

const tr_once_api& once_service() noexcept {
  static constexpr tr_once_api kTable{sizeof(tr_once_api), begin_step, end_step};
  return kTable;
}

}  // namespace toolrack::sources::native
