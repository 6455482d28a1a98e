/// Requests of 2024-11-05 to 2025-11-25: opened by `initialize`, then tied together by a session id.
///
/// A request without a session id is served by itself: clients that keep no session call tools this way.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "base/shown_text.hpp"
#include "transports/mcp/client_capabilities.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {

using net::HeaderName;

void McpHandler::initialize(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](std::string text) {
    answer.message(200, error_message(message.id, invalid_params(std::move(text))));
  };
  const auto* wanted = message.param("protocolVersion");
  if (wanted == nullptr || !wanted->IsString()) return refuse(wrong_type("params.protocolVersion", wanted, "a string"));
  const auto* capabilities = message.param("capabilities");
  if (capabilities != nullptr)
    if (auto wrong = wrong_capabilities(*capabilities, "params.capabilities")) return refuse(*std::move(wrong));
  const auto exposure = registry::Exposure::parse(inbound.request.query);
  if (!exposure) return refuse(with_remedy(exposure.error()));
  const auto known = find_revision(base::json::view(*wanted));
  const auto revision = known && *known <= kNewestLegacy ? *known : kNewestLegacy;
  const auto session = deps_.sessions.open(revision, bound_account(*inbound.principal),
                                           capabilities == nullptr ? 0 : can_ask(*capabilities, revision));
  if (const auto opened = deps_.sessions.find(session, bound_account(*inbound.principal)))
    session_metrics_.opened({revision, inbound.request.is_local_socket}, Sessions::opened_unix_s(*opened));
  answer.observation().note_era(revision, session);
  const net::HeaderField header{"Mcp-Session-Id", session};
  answer.message(200, result_message(message.id, initialize_result(exposure->kind, revision)), {&header, 1});
}

bool McpHandler::find_session(Inbound& inbound, const Message& message, Answer& answer) {
  const auto& headers = inbound.request.headers;
  const auto refuse = [&](int status, std::string text) {
    answer.message(
        status,
        error_message(message.id,
                      {.code = kInvalidMessage, .http_status = status, .message = std::move(text), .data_json = {}}));
    return false;
  };
  inbound.revision = Revision::k20250326;
  if (const auto version = headers.get(HeaderName::kMcpProtocolVersion); !version.empty()) {
    const auto known = find_revision(version);
    if (!known) return refuse(400, fmt::format("the protocol version {} is not served here", base::shown(version)));
    inbound.revision = *known;
  }
  if (!headers.has(HeaderName::kMcpSessionId)) return true;
  const auto id = headers.get(HeaderName::kMcpSessionId);
  const auto session = deps_.sessions.find(id, bound_account(*inbound.principal));
  if (!session) return refuse(404, no_session(id));
  if (!headers.has(HeaderName::kMcpProtocolVersion)) inbound.revision = session->revision;
  inbound.session = id;
  inbound.agreed = session->revision;
  inbound.can_ask = session->can_ask;
  return true;
}

void McpHandler::cancel(const Inbound& inbound, const Message& notification) {
  const auto* id = notification.params == nullptr ? nullptr : base::json::find(*notification.params, "requestId");
  if (id == nullptr || inbound.session.empty()) return;
  // The request may have come over another connection, so to another loop.
  for (std::size_t i = 0; i < deps_.loops.size(); ++i) {
    auto& loop = deps_.loops[i];
    boost::asio::post(loop.context(),
                      [this, &loop, session = std::string(inbound.session), key = base::json::dump(*id)] {
                        deps_.calls.cancel(loop, state(loop).calls.find(session, key));
                      });
  }
}

void McpHandler::legacy(Inbound& inbound, const Message& message, Answer&& answer) {
  if (message.method == "initialize" && message.kind == MessageKind::kRequest)
    return initialize(inbound, message, std::move(answer));
  if (!inbound.is_session_found && !find_session(inbound, message, answer)) return;
  if (inbound.can_resume && !inbound.session.empty() && inbound.agreed >= Revision::k20250326) {
    // To hold a connection of the owner's socket, which is that of `toolrack stdio`, costs nothing, and nobody cuts it.
    answer.make_resumable(state(inbound.loop).replays, inbound.session, inbound.agreed,
                          inbound.agreed >= Revision::k20251125 && !inbound.request.is_local_socket);
  }
  if (message.kind == MessageKind::kResponse) {
    if (!inbound.session.empty()) client_requests_.answer(inbound.session, message.document);
    return answer.accept();
  }
  if (message.kind == MessageKind::kNotification) {
    if (message.method == "notifications/cancelled") cancel(inbound, message);
    return answer.accept();
  }
  auto wrong = message.has_bad_meta      ? wrong_type("params._meta", message.param("_meta"), "an object")
               : message.meta != nullptr ? wrong_progress_token(*message.meta)
                                         : std::nullopt;
  if (wrong) return answer.message(200, error_message(message.id, invalid_params(*std::move(wrong))));
  serve(inbound, message, std::move(answer));
}

}  // namespace toolrack::mcp
