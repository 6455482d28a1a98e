#include "transports/mcp/mcp_handler.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>

#include "base/ids.hpp"
#include "base/shown_text.hpp"
#include "transports/mcp/offer_entries.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/net/error_body.hpp"
#include "transports/net/media_type.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using net::HeaderName;

RpcError to_rpc(const base::Error& error) {
  const auto& row = info(error.code());
  return {.code = row.jsonrpc_code != 0 ? row.jsonrpc_code : kInvalidMessage,
          .http_status = row.http_status,
          .message = error.message(),
          .data_json = {}};
}

/// A client accepts a type unless it truly excludes it; no header and */* mean anything.
bool accepts(std::string_view accept, std::string_view type, std::string_view family) {
  if (accept.empty()) return true;
  for (const auto word : {type, std::string_view("*/*"), family})  // What most say first.
    if (accept.find(word) != std::string_view::npos) return true;
  return false;
}

}  // namespace

bool accepts_events(std::string_view accept) { return accepts(accept, "text/event-stream", "text/*"); }

std::string_view bound_account(const accounts::Principal& principal) {
  return principal.key_id.empty() ? std::string_view() : std::string_view(principal.account);
}

McpHandler::LoopState::LoopState(const Dependencies& deps, base::Loop& loop, ClientRequests& requests,
                                 const std::string& run)
    : catalogue(deps.catalogue),
      observations(new Observations(loop, base::system_clock(), deps.metrics, deps.tracer)),
      lists(deps.table),
      calls(deps.calls, requests, deps.progress_clock, deps.settings.poll_after),
      streams(
          loop,
          [this](ListKind kind, const registry::Exposure& exposure, const registry::ToolSet* tools) {
            return digest(kind, exposure, tools);
          },
          [this](std::string_view tool, const registry::Exposure& exposure, const registry::ToolSet* tools) {
            return exposure.shows(*catalogue.get(tools), tool);
          },
          [this](std::string_view uri, const registry::ToolSet* tools) {
            return catalogue.get(tools)->find_resource(uri) != nullptr;
          }),
      replays(loop, base::system_clock(), run) {}

std::uint64_t McpHandler::LoopState::digest(ListKind kind, const registry::Exposure& exposure,
                                            const registry::ToolSet* tools) {
  const auto& seen = *catalogue.get(tools);
  if (kind != ListKind::kTools) return offers_digest(seen, exposure, kind == ListKind::kPrompts);
  const auto list = lists.result(seen, exposure, Revision::k20260728);
  return list ? std::hash<std::string_view>()(**list) : 0;
}

McpHandler::McpHandler(Dependencies dependencies)
    : deps_(dependencies),
      content_limits_{.media_bytes = deps_.settings.inline_media_bytes, .text_bytes = deps_.settings.inline_text_bytes},
      run_(base::random_hex(8)),
      session_metrics_(dependencies.metrics, Sessions::kLifetimeSeconds) {
  for (std::size_t i = 0; i < deps_.loops.size(); ++i)
    loops_.push_back(std::make_unique<LoopState>(deps_, deps_.loops[i], client_requests_, run_));
}

void McpHandler::look_again() {
  for (std::size_t i = 0; i < loops_.size(); ++i)
    boost::asio::post(deps_.loops[i].context(), [&own = *loops_[i]] {
      own.catalogue.get();
      own.streams.catalogue_changed();
    });
  tell_later(followers_.try_again());
}

void McpHandler::key_changed(const accounts::PrincipalRef& principal) {
  for (std::size_t i = 0; i < loops_.size(); ++i)
    boost::asio::post(deps_.loops[i].context(), [&own = *loops_[i], principal] {
      own.streams.key_changed(principal);
      if (principal->is_revoked()) own.resumed.end(principal->key_id);
    });
  tell_later(followers_.key_changed(principal));
}

void McpHandler::sweep() {
  session_metrics_.sweep(deps_.sessions.now_unix_s());
  deps_.states.sweep();
  tell_later(unfollow_left());
  tell_later(followers_.try_again());
}

base::Result<std::reference_wrapper<const accounts::PrincipalRef>> McpHandler::identify(const net::Request& request,
                                                                                        base::Loop& loop) {
  return deps_.identifiers[loop.index()]->identify(
      {.authorization = request.headers.get(HeaderName::kAuthorization), .owner_socket = request.is_local_socket});
}

void McpHandler::refuse_key(net::Exchange& exchange, const base::Error& error) {
  const net::HeaderField challenge{"WWW-Authenticate", R"(Bearer realm="toolrack", error="invalid_token")"};
  net::respond_error(exchange, error, {&challenge, 1});
}

void McpHandler::handle(const net::Request& request, net::Exchange& exchange) { take(request, exchange, true); }

void McpHandler::handle_on_channel(const net::Request& request, net::Exchange& exchange) {
  take(request, exchange, false);
}

void McpHandler::take(const net::Request& request, net::Exchange& exchange, bool can_resume) {
  const auto principal = identify(request, exchange.loop());
  if (!principal) return refuse_key(exchange, principal.error());
  if (request.method == net::Method::kPost) return post(request, exchange, *principal, can_resume);
  if (request.method == net::Method::kDelete && request.headers.has(HeaderName::kMcpSessionId))
    return end_session(request, exchange, *principal);
  if (request.method == net::Method::kGet) return open_session_stream(request, exchange, *principal);
  const net::HeaderField allow{"Allow", "GET, POST, DELETE"};
  net::respond_error(
      exchange,
      base::Error(base::ErrorCode::kMethodNotAllowed, fmt::format("{} is not offered at /mcp", request.method_text)),
      {&allow, 1});
}

void McpHandler::end_session(const net::Request& request, net::Exchange& exchange,
                             const accounts::PrincipalRef& principal) {
  const auto id = request.headers.get(HeaderName::kMcpSessionId);
  const auto session = deps_.sessions.find(id, bound_account(*principal));
  if (deps_.sessions.end(id, bound_account(*principal))) {
    end_session_stream(Sessions::key_of(id));
    if (session)
      session_metrics_.ended({session->revision, request.is_local_socket}, Sessions::opened_unix_s(*session),
                             deps_.sessions.now_unix_s());
    tell_all(exchange.loop(), unfollow_left());
    return exchange.respond(204, "", net::ReplyBody());
  }
  exchange.respond(
      404, "application/json",
      error_message("", {.code = kInvalidMessage, .http_status = 404, .message = no_session(id), .data_json = {}}));
}

void McpHandler::post(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal,
                      bool can_resume) {
  Answer answer(exchange);
  const auto refuse = [&](const base::Error& error) {
    const auto rpc = to_rpc(error);
    answer.message(rpc.http_status, error_message("", rpc));
  };
  if (!net::is_utf8_json(request.headers.get(HeaderName::kContentType)))
    return refuse(
        {base::ErrorCode::kUnsupportedMediaType, fmt::format("the Content-Type is \"{}\", not application/json",
                                                             request.headers.get(HeaderName::kContentType))});
  const auto accept = request.headers.get(HeaderName::kAccept);
  if (!accepts(accept, "application/json", "application/*") || !accepts_events(accept))
    return refuse({base::ErrorCode::kNotAcceptable, "Accept must allow application/json and text/event-stream"});

  const auto message = parse_message(request.body, {}, &state(exchange.loop()).body);
  if (!message) return refuse(message.error());
  Inbound inbound{
      .request = request, .loop = exchange.loop(), .principal = principal, .can_resume = can_resume, .session = {}};
  if (message->is_batch()) return batch(inbound, *message, std::move(answer));
  classify(inbound, *message, std::move(answer));
}

void McpHandler::classify(Inbound& inbound, const Message& message, Answer&& answer) {
  if (message.kind == MessageKind::kRequest || message.kind == MessageKind::kNotification)
    answer.observe(state(inbound.loop).observations->begin(inbound.request, message, known_method(message.method)));
  const auto header = inbound.request.headers.get(HeaderName::kMcpProtocolVersion);
  const bool header_is_modern = is_modern(header);
  switch (message.kind) {
    case MessageKind::kInvalid:
      return answer.message(
          400, error_message(message.id, {.code = kInvalidMessage,
                                          .http_status = 400,
                                          .message = "the body is no JSON-RPC 2.0 request, notification or response",
                                          .data_json = {}}));
    case MessageKind::kResponse:
      // The modern era has no requests from the server, so nothing can be answered.
      if (header_is_modern)
        return answer.message(400, error_message("", {.code = kInvalidMessage,
                                                      .http_status = 400,
                                                      .message = "a response was posted, and nothing was asked",
                                                      .data_json = {}}));
      return legacy(inbound, message, std::move(answer));
    case MessageKind::kNotification:
      if (header_is_modern || message.has_claim()) return answer.accept();
      return legacy(inbound, message, std::move(answer));
    case MessageKind::kRequest:
      break;
  }
  const bool opens_legacy = message.method == "initialize" && !is_modern(message.claimed_version());
  if (opens_legacy && header_is_modern)
    return answer.message(
        400, error_message(message.id, header_mismatch(fmt::format(
                                           "the header MCP-Protocol-Version says {}, but that revision has no "
                                           "initialize",
                                           base::shown(header)))));
  if (!opens_legacy && (message.has_claim() || header_is_modern)) return modern(inbound, message, std::move(answer));
  legacy(inbound, message, std::move(answer));
}

void McpHandler::batch(Inbound& inbound, const Message& message, Answer&& answer) {
  std::vector<std::string> texts;  // The parts' views go into them.
  for (const auto& element : message.document.GetArray()) texts.push_back(json::dump(element));
  std::vector<Message> parts;
  for (const auto& text : texts)
    if (auto part = parse_message(text)) parts.push_back(*std::move(part));
  const auto is_legacy = [](const Message& part) {
    return part.kind != MessageKind::kInvalid && !part.has_claim() && part.method != "initialize";
  };
  const bool header_is_modern = is_modern(inbound.request.headers.get(HeaderName::kMcpProtocolVersion));
  if (texts.empty() || parts.size() != texts.size() || header_is_modern || !std::ranges::all_of(parts, is_legacy))
    return answer.message(
        400, error_message("", {.code = kInvalidMessage,
                                .http_status = 400,
                                .message = "this batch is not served: batches belong to the revision 2025-03-26",
                                .data_json = {}}));
  // Before any of it is done: a session that is not there is the answer to the whole.
  if (!find_session(inbound, message, answer)) return;
  inbound.is_session_found = true;
  auto whole = std::make_shared<BatchAnswer>(std::move(answer), parts.size());
  for (const auto& part : parts) classify(inbound, part, Answer(whole));
}

}  // namespace toolrack::mcp
