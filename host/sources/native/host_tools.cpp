/// toolrack.tools/1: skills that a skill calls. What may be called, at which price and how deep, is the call path's to
/// say (registry::Caller).
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <memory>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "registry/caller.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

using base::ErrorCode;

/// Of the plugin, copied: the call is made in a later turn of the loop.
struct AskedCall {
  std::string skill, input, options;
  std::int64_t timeout_ms = 0;
};

OperationResult not_started(const base::Error& error) {
  auto result = OperationResult::from(error);
  result.flags = TR_RESULT_NOT_SENT;
  return result;
}

OperationResult without_caller() {
  OperationResult result;
  result.status = TR_FAILED_PRECONDITION;
  result.flags = TR_RESULT_NOT_SENT;
  result.code = "no_caller";
  result.message = "A tool calls others only while it serves a call.";
  result.hint = "Call within a skill, and pass its tr_call.";
  return result;
}

/// What both functions share: a turn of the loop in which the call's invocation may still be read.
class CallerOperation : public Operation {
 public:
  using Operation::Operation;

  /// Never at once: the plugin that asks is on the stack, and the call may enter another, or the same one again.
  void begin() {
    boost::asio::post(call().loop().context(), [self = boost::intrusive_ptr(this)] {
      if (self->has_ended()) return;
      auto& call = self->call();
      if (call.is_instance()) return static_cast<void>(self->end(without_caller()));
      if (!call.is_open()) return static_cast<void>(self->end(OperationResult::cancelled("the call has ended")));
      auto* caller = call.invocation().caller;
      if (caller == nullptr) return static_cast<void>(self->end(without_caller()));
      self->ask(*caller);
    });
  }

 protected:
  virtual void ask(registry::Caller& caller) = 0;
};

class ToolOperation final : public CallerOperation, public registry::NestedSink {
 public:
  ToolOperation(NativeCall& call, OperationMap& map, tr_done done, void* user, AskedCall asked)
      : CallerOperation(call, map, done, user), asked_(std::move(asked)) {}

 private:
  void ask(registry::Caller& caller) override {
    caller_ = &caller;
    self_ = this;
    call().note_act();
    ticket_ = caller.call_tool({.skill = asked_.skill,
                                .input_json = asked_.input,
                                .options_json = asked_.options,
                                .timeout_ms = asked_.timeout_ms},
                               *this);
  }

  void done(registry::NestedReply reply) noexcept override {
    const auto self = std::move(self_);
    if (!reply.may_have_acted) call().withdraw_act();
    OperationResult result;
    if (reply.error) {
      result = OperationResult::from(*reply.error);
      result.flags = reply.may_have_acted ? TR_RESULT_MAYBE_SENT : TR_RESULT_NOT_SENT;
    }
    result.body = std::make_unique<std::string>(std::move(reply.output_json));
    result.meta_json = std::move(reply.rest_json);
    end(std::move(result));
  }

  void on_cancel() override {
    // Its own call does not end before those that it made have, so the caller is still there.
    if (self_ != nullptr) return caller_->cancel_tool(ticket_);
    end(not_started({ErrorCode::kCancelled, "the call was cancelled before it began"}));
  }

  // Of the loop's thread.
  const AskedCall asked_;
  registry::Caller* caller_ = nullptr;
  std::uint64_t ticket_ = 0;
  boost::intrusive_ptr<ToolOperation> self_;  ///< While it is the sink of a call.
};

class ToolListOperation final : public CallerOperation {
 public:
  ToolListOperation(NativeCall& call, OperationMap& map, tr_done done, void* user, std::string pattern,
                    std::string cursor)
      : CallerOperation(call, map, done, user), pattern_(std::move(pattern)), cursor_(std::move(cursor)) {}

 private:
  void ask(registry::Caller& caller) override {
    auto list = caller.list_tools(pattern_, cursor_);
    if (!list) return static_cast<void>(end(OperationResult::from(list.error())));
    OperationResult result;
    result.body = std::make_unique<std::string>(*std::move(list));
    end(std::move(result));
  }

  const std::string pattern_, cursor_;
};

tr_op call_tool(const tr_host* host, tr_call behalf, const tr_tool_request* request, tr_done done,
                void* user) noexcept {
  constexpr std::string_view kFunction = "tools.call";
  const auto refuse = [&](const base::Error& error) {
    return end_operation(host, behalf, kFunction, done, user, not_started(error));
  };
  if (request == nullptr || request->struct_size < sizeof(tr_tool_request))
    return refuse({ErrorCode::kInvalidRequest, "the request is smaller than ABI 1.0 says"});
  for (const auto text : {request->skill, request->args_json, request->options_json}) {
    if (!is_text(text))
      return refuse({ErrorCode::kInvalidUtf8, "the skill, its input or the options are no UTF-8 text"});
  }
  if (request->idempotency_key.size != 0)
    return refuse({ErrorCode::kUnimplemented, "this host keeps no idempotency keys of calls between tools",
                   "Leave the key out, and keep what must not happen twice to once()."});
  const auto recorded = [&] {
    return fmt::format(R"({{"skill":{},"input":{},"options":{}}})", base::json::quote(view(request->skill)),
                       base::json::quote(view(request->args_json)), base::json::quote(view(request->options_json)));
  };
  return start_recorded<ToolOperation>(
      host, behalf, kFunction, done, user, recorded, [](ToolOperation& operation) { operation.begin(); },
      AskedCall{.skill = std::string(view(request->skill)),
                .input = std::string(view(request->args_json)),
                .options = std::string(view(request->options_json)),
                .timeout_ms = request->timeout_ms});
}

tr_op list_tools(const tr_host* host, tr_call behalf, tr_str pattern, tr_str cursor, tr_done done,
                 void* user) noexcept {
  constexpr std::string_view kFunction = "tools.list";
  if (!is_text(pattern) || !is_text(cursor))
    return end_operation(host, behalf, kFunction, done, user,
                         OperationResult::from({ErrorCode::kInvalidUtf8, "the pattern or cursor is no UTF-8 text"}));
  const auto recorded = [&] {
    return fmt::format(R"({{"pattern":{},"cursor":{}}})", base::json::quote(view(pattern)),
                       base::json::quote(view(cursor)));
  };
  return start_recorded<ToolListOperation>(
      host, behalf, kFunction, done, user, recorded, [](ToolListOperation& operation) { operation.begin(); },
      std::string(view(pattern)), std::string(view(cursor)));
}

}  // namespace

const tr_tools_api& tools_service() noexcept {
  static constexpr tr_tools_api kTable{sizeof(tr_tools_api), call_tool, list_tools};
  return kTable;
}

}  // namespace toolrack::sources::native
