/// Following resources: resources/subscribe and resources/unsubscribe of legacy sessions, and what listen streams ask
/// for.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <optional>
#include <utility>

#include "base/ids.hpp"
#include "base/shown_text.hpp"
#include "services/log/log.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/offer_result.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

/// What a tool answered itself, whatever that is, it has heard.
bool has_heard(const call::CallOutcome& outcome) {
  using enum base::ErrorCode;
  if (outcome.ok()) return true;
  switch (outcome.result.error->code()) {
    case kToolError:
    case kProviderError:
    case kProviderUnavailable:
    case kEgressRefused:
    case kInvalidOutput:
    case kUnimplemented:
      return true;
    default:
      return false;
  }
}

/// Why a session does not follow that resource as well; empty when it may.
std::string too_much(const SessionState& state, std::string_view uri) {
  if (state.uris.contains(uri)) return {};
  if (state.uris.size() >= SessionStates::kMostUris)
    return fmt::format("a session follows {} resources at most; unsubscribe from one", SessionStates::kMostUris);
  auto bytes = uri.size();
  for (const auto& one : state.uris) bytes += one.size();
  if (bytes > SessionStates::kMostUriBytes)
    return fmt::format("the URIs that a session follows have {} bytes together at most; unsubscribe from one",
                       SessionStates::kMostUriBytes);
  return {};
}

}  // namespace

/// Tells a tool that a resource of its is followed, or is not any more. Nobody waits for it; owns itself.
class McpHandler::TellTool final : public call::CallSink {
 public:
  static void start(McpHandler& handler, base::Loop& loop, ResourceFollowers::Telling telling) {
    auto* self = new TellTool(handler, loop, std::move(telling));
    call::CallRequest request;
    request.kind = self->telling_.follows ? registry::Kind::kSubscribe : registry::Kind::kUnsubscribe;
    request.skill = self->telling_.uri;
    request.principal = &self->telling_.principal;
    request.request_id = self->request_id_;
    request.transport = "mcp";
    handler.deps_.calls.start(loop, request, *self);
  }
  void done(call::CallOutcome& outcome) noexcept override {
    const bool is_known = has_heard(outcome);
    if (!is_known)
      services::log::write(services::log::Level::kDebug, "a tool was not told who follows its resource",
                           {{"uri", telling_.uri}, {"reason", outcome.result.error->message()}});
    auto& handler = handler_;
    auto& loop = loop_;
    auto next = handler.followers_.told(telling_, is_known);
    delete this;
    handler.tell(loop, std::move(next));
  }

 private:
  TellTool(McpHandler& handler, base::Loop& loop, ResourceFollowers::Telling telling)
      : handler_(handler), loop_(loop), telling_(std::move(telling)), request_id_(base::Id::make().str()) {}
  McpHandler& handler_;
  base::Loop& loop_;
  const ResourceFollowers::Telling telling_;
  const std::string request_id_;
};

ResourceFollowers::Source McpHandler::source_of(std::string_view uri, const registry::ToolSet* tools) const {
  if (is_ending_.load(std::memory_order_relaxed)) return {};  // The catalogue goes soon.
  const auto catalogue = deps_.catalogue.load(tools);
  const auto* resource = catalogue->find_resource(uri);
  if (resource == nullptr) return {};
  const auto* service = resource->tool->find_service(registry::Kind::kSubscribe);
  if (service == nullptr) return {};
  return {.code = service->handler, .tool = fmt::format("{}@{}", resource->tool->id(), resource->tool->version)};
}

void McpHandler::tell(base::Loop& loop, std::optional<ResourceFollowers::Telling> telling) {
  if (telling && !is_ending_.load(std::memory_order_relaxed)) TellTool::start(*this, loop, *std::move(telling));
}

void McpHandler::tell_all(base::Loop& loop, std::vector<ResourceFollowers::Telling> tellings) {
  for (auto& telling : tellings) tell(loop, std::move(telling));
}

void McpHandler::tell_later(std::vector<ResourceFollowers::Telling> tellings) {
  for (auto& telling : tellings) {
    auto& loop = deps_.loops.next();
    boost::asio::post(loop.context(), [this, &loop, telling = std::move(telling)] { tell(loop, telling); });
  }
}

void McpHandler::follow(base::Loop& loop, const accounts::PrincipalRef& principal, const std::string& uri,
                        std::string_view who) {
  tell(loop, followers_.add(uri, who, principal));
}

void McpHandler::unfollow(base::Loop& loop, const std::string& uri, std::string_view who) {
  tell(loop, followers_.remove(uri, who));
}

std::vector<ResourceFollowers::Telling> McpHandler::unfollow_left() {
  std::vector<ResourceFollowers::Telling> tellings;
  for (const auto& [session, uris] : deps_.states.take_left())
    for (const auto& uri : uris)
      if (auto telling = followers_.remove(uri, session)) tellings.push_back(*std::move(telling));
  return tellings;
}

void McpHandler::follow_again(base::Loop& loop, const accounts::PrincipalRef& principal, const std::string& session) {
  const auto state = deps_.states.find(session);
  if (!state || state->uris.empty()) return;
  for (const auto& uri : state->uris) follow(loop, principal, uri, session);
  // It may have been ended meanwhile, by somebody who found nothing to leave.
  const auto now = deps_.states.find(session);
  for (const auto& uri : state->uris)
    if (!now || !now->uris.contains(uri)) unfollow(loop, uri, session);
}

void McpHandler::change_subscription(Inbound& inbound, const Message& message, Answer&& answer, bool follows) {
  const auto refuse = [&](const RpcError& error) {
    answer.message(error.http_status, error_message(message.id, error));
  };
  const auto invalid = [](std::string text) {
    return RpcError{.code = kInvalidParams, .http_status = 200, .message = std::move(text), .data_json = {}};
  };
  const auto uri = message.params == nullptr ? std::nullopt : base::json::find_string(*message.params, "uri");
  if (!uri) return refuse(invalid(wrong_type("params.uri", message.param("uri"), "a string")));
  if (uri->size() > kLongestFollowed) return refuse(invalid(too_long("params.uri", *uri, kLongestFollowed)));
  answer.observation().note_resource(*uri);
  if (inbound.session.empty())
    return refuse(invalid("a subscription belongs to a session, and this request names none"));
  if (follows && catalogue_of(inbound)->find_resource(*uri) == nullptr) {
    auto error = offer_error(
        base::Error(base::ErrorCode::kResourceNotFound, fmt::format("there is no resource {}", base::shown(*uri, 200))),
        *uri, inbound.revision);
    error.http_status = 200;
    return refuse(error);
  }
  const auto session = deps_.sessions.find(inbound.session, bound_account(*inbound.principal));
  const auto gone = [&] {
    return RpcError{
        .code = kInvalidMessage, .http_status = 404, .message = no_session(inbound.session), .data_json = {}};
  };
  if (!session) return refuse(gone());
  const std::string text(*uri), key(Sessions::key_of(inbound.session));
  const auto before = deps_.states.find(key);
  if (!follows && !before) return answer.message(200, result_message(message.id, "{}"));
  if (follows) {
    if (auto why = too_much(before.value_or(SessionState{}), text); !why.empty())
      return refuse(invalid(std::move(why)));
    // Before it is kept, so that whoever ends the session from then on has it left.
    follow(inbound.loop, inbound.principal, text, key);
  }
  bool is_ended = false;
  std::string why;
  deps_.states.change(key, Sessions::known(*session), [&](SessionState& state) {
    is_ended = state.is_ended;
    if (is_ended) return;
    if (!follows)
      state.uris.erase(text);
    else if (why = too_much(state, text); why.empty())
      state.uris.emplace(text);
  });
  if (!follows || is_ended || !why.empty()) unfollow(inbound.loop, text, key);
  tell_all(inbound.loop, unfollow_left());
  if (is_ended) return refuse(gone());
  if (!why.empty()) return refuse(invalid(std::move(why)));
  answer.message(200, result_message(message.id, "{}"));
}

void McpHandler::subscribe(Inbound& inbound, const Message& message, Answer&& answer) {
  change_subscription(inbound, message, std::move(answer), true);
}

void McpHandler::unsubscribe(Inbound& inbound, const Message& message, Answer&& answer) {
  change_subscription(inbound, message, std::move(answer), false);
}

}  // namespace toolrack::mcp
