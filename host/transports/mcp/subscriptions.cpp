/// Following resources: resources/subscribe and resources/unsubscribe of legacy sessions, and what listen streams ask
/// for.
#include <fmt/format.h>

#include <memory>

#include "base/ids.hpp"
#include "base/shown_text.hpp"
#include "services/log/log.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/offer_result.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

/// Tells a tool that a resource of its is followed, or is not any more. Nobody waits for it; owns itself.
class TellTool final : public call::CallSink {
 public:
  static void start(call::CallPath& calls, base::Loop& loop, const accounts::PrincipalRef& principal,
                    registry::Kind kind, std::string uri) {
    auto* self = new TellTool(principal, std::move(uri));
    call::CallRequest request;
    request.kind = kind;
    request.skill = self->uri_;
    request.principal = &self->principal_;
    request.request_id = self->request_id_;
    request.transport = "mcp";
    calls.start(loop, request, *self);
  }
  void done(call::CallOutcome& outcome) noexcept override {
    // A plugin that does not care who follows has no such handler.
    if (!outcome.ok())
      services::log::write(services::log::Level::kDebug, "a tool was not told who follows its resource",
                           {{"uri", uri_}, {"reason", outcome.result.error->message()}});
    delete this;
  }

 private:
  TellTool(accounts::PrincipalRef principal, std::string uri)
      : principal_(std::move(principal)), uri_(std::move(uri)), request_id_(base::Id::make().str()) {}
  const accounts::PrincipalRef principal_;
  const std::string uri_, request_id_;
};

}  // namespace

void McpHandler::follow(base::Loop& loop, const accounts::PrincipalRef& principal, const std::string& uri,
                        std::string_view who) {
  if (followers_.add(uri, who) && !principal->anonymous)
    TellTool::start(deps_.calls, loop, principal, registry::Kind::kSubscribe, uri);
}

void McpHandler::unfollow(base::Loop& loop, const accounts::PrincipalRef& principal, const std::string& uri,
                          std::string_view who) {
  if (followers_.remove(uri, who) && !principal->anonymous)
    TellTool::start(deps_.calls, loop, principal, registry::Kind::kUnsubscribe, uri);
}

void McpHandler::change_subscription(Inbound& inbound, const Message& message, Answer&& answer, bool follows) {
  const auto refuse = [&](const RpcError& error) { answer.message(200, error_message(message.id, error)); };
  const auto invalid = [](std::string text) {
    return RpcError{.code = kInvalidParams, .message = std::move(text), .data_json = {}};
  };
  const auto uri = message.params == nullptr ? std::nullopt : base::json::find_string(*message.params, "uri");
  if (!uri) return refuse(invalid(wrong_type("params.uri", message.param("uri"), "a string")));
  answer.observation().note_resource(*uri);
  if (inbound.session.empty())
    return refuse(invalid("a subscription belongs to a session, and this request names none"));
  if (follows && catalogue_of(inbound)->find_resource(*uri) == nullptr)
    return refuse(offer_error(
        base::Error(base::ErrorCode::kResourceNotFound, fmt::format("there is no resource {}", base::shown(*uri, 200))),
        *uri, inbound.revision));
  const auto key = Sessions::key_of(inbound.session);
  const auto session = deps_.sessions.find(inbound.session, bound_account(*inbound.principal));
  bool is_full = false;
  const auto kept = deps_.states.change(key, session ? session->expires_unix_s : 0, [&](SessionState& state) {
    is_full = follows && state.uris.size() >= SessionStates::kMostUris;
    if (follows && !is_full) state.uris.emplace(*uri);
    if (!follows) state.uris.erase(std::string(*uri));
  });
  if (!kept) return refuse(invalid(kept.error().message()));
  if (is_full)
    return refuse(
        invalid(fmt::format("a session follows {} resources at most; unsubscribe from one", SessionStates::kMostUris)));
  const std::string text(*uri);
  if (follows)
    follow(inbound.loop, inbound.principal, text, key);
  else
    unfollow(inbound.loop, inbound.principal, text, key);
  answer.message(200, result_message(message.id, "{}"));
}

void McpHandler::subscribe(Inbound& inbound, const Message& message, Answer&& answer) {
  change_subscription(inbound, message, std::move(answer), true);
}

void McpHandler::unsubscribe(Inbound& inbound, const Message& message, Answer&& answer) {
  change_subscription(inbound, message, std::move(answer), false);
}

}  // namespace toolrack::mcp
