#include "transports/mcp/tool_call.hpp"

#include <fmt/format.h>

#include <cmath>

#include "base/json.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/running_calls.hpp"
#include "transports/mcp/tool_result.hpp"

namespace toolrack::mcp {
namespace {

/// More often than this progress is not told.
constexpr std::int64_t kProgressIntervalNs = 50'000'000;

class ToolCall final : public call::CallSink {
 public:
  ToolCall(CallBinding binding, std::unique_ptr<Answer> answer)
      : binding_(std::move(binding)), answer_(std::move(answer)) {}

  void done(call::CallOutcome& outcome) noexcept override {
    const auto self = std::move(self_);  // Ends with this function.
    if (self && binding_.running != nullptr) binding_.running->remove(binding_.session, binding_.id_key);
    answer_->message(200, result_message(binding_.id, call_result(outcome, binding_.revision)));
  }

  void progress(double done, double total, std::string_view note) noexcept override {
    const auto now = base::system_clock().monotonic_ns();
    // JSON has no infinity, and a skill may divide by nothing.
    if (!std::isfinite(done) || !std::isfinite(total)) return;
    if (binding_.progress_token.empty() || done <= last_progress_ || now - last_progress_ns_ < kProgressIntervalNs)
      return;
    last_progress_ = done;
    last_progress_ns_ = now;
    auto json = fmt::format(
        R"({{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":{})",
        binding_.progress_token, done);
    if (total > 0) json += fmt::format(R"(,"total":{})", total);
    if (!note.empty() && binding_.revision >= Revision::k20250326)
      json += fmt::format(R"(,"message":{})", base::json::quote(note));
    answer_->event(json + "}}");
  }

  /// The call goes on: stay until it is done.
  static void await(std::shared_ptr<ToolCall> call, call::CallPath& calls, base::Loop& loop, std::uint64_t ticket) {
    auto& binding = call->binding_;
    if (binding.cancel_on_disconnect)
      call->answer_->on_disconnect([&calls, &loop, ticket] { calls.cancel(loop, ticket); });
    if (binding.running != nullptr) binding.running->add(binding.session, binding.id_key, ticket);
    call->self_ = std::move(call);
  }

 private:
  const CallBinding binding_;
  const std::unique_ptr<Answer> answer_;
  double last_progress_ = -1;
  std::int64_t last_progress_ns_ = 0;
  std::shared_ptr<ToolCall> self_;
};

}  // namespace

void start_tool_call(call::CallPath& calls, base::Loop& loop, const call::CallRequest& request, CallBinding binding,
                     std::unique_ptr<Answer> answer) {
  auto sink = std::make_shared<ToolCall>(std::move(binding), std::move(answer));
  if (const auto ticket = calls.start(loop, request, *sink)) ToolCall::await(std::move(sink), calls, loop, ticket);
}

}  // namespace toolrack::mcp
