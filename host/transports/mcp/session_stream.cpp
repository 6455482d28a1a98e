/// The stream that GET opens in a legacy session: news that belongs to none of its requests.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/net/media_type.hpp"

namespace toolrack::mcp {
namespace {

using net::HeaderName;

void refuse(net::Exchange& exchange, int status, std::string text, std::span<const net::HeaderField> headers = {}) {
  const auto body =
      error_message("", {.code = kInvalidMessage, .http_status = status, .message = std::move(text), .data_json = {}});
  exchange.respond(status, "application/json", net::ReplyBody::borrowed(body), headers);
}

}  // namespace

void McpHandler::open_session_stream(const net::Request& request, net::Exchange& exchange,
                                     const accounts::PrincipalRef& principal) {
  if (!accepts_events(request.headers.get(HeaderName::kAccept)))
    return refuse(exchange, 406, "GET opens a stream of events: Accept must allow text/event-stream");
  const auto id = request.headers.get(HeaderName::kMcpSessionId);
  if (id.empty()) {
    const net::HeaderField allow{"Allow", "POST"};
    return refuse(exchange, 405,
                  "GET belongs to a session: send the Mcp-Session-Id that initialize gave. From 2026-07-28 on, "
                  "subscriptions/listen takes its place",
                  {&allow, 1});
  }
  const auto session = deps_.sessions.find(id, bound_account(*principal));
  if (!session) return refuse(exchange, 404, "there is no such session; initialize again");
  auto exposure = registry::Exposure::parse(request.query);
  if (!exposure) return refuse(exchange, 400, exposure.error().message());
  std::string key(Sessions::key_of(id));
  if (!deps_.states.open_stream(key))
    return refuse(exchange, 409, "this session has its stream open already; close that first");

  Streams::Opening opening{.subscription = {},
                           .session = key,
                           .exposure = *std::move(exposure),
                           .interest = {},
                           .account = principal->account,
                           .closed = [this, key] { deps_.states.close_stream(key); }};
  opening.interest.lists.fill(true);
  state(exchange.loop()).streams.open(exchange, std::move(opening));
}

void McpHandler::pass_on(std::shared_ptr<const News> news) {
  // Who follows what is looked up once, not by each loop.
  auto followers = std::make_shared<std::vector<Followers>>();
  for (const auto& [uri, account] : news->resources) followers->push_back(deps_.states.followers(uri));
  for (std::size_t i = 0; i < deps_.loops.size(); ++i) {
    boost::asio::post(deps_.loops[i].context(), [this, i, news, followers] {
      auto& streams = loops_[i]->streams;
      for (const auto& [list, account] : news->lists) streams.list_changed(list_kind(list), account);
      std::size_t at = 0;
      for (const auto& [uri, account] : news->resources) streams.resource_updated(uri, account, (*followers)[at++]);
    });
  }
}

void McpHandler::end_streams() {
  for (std::size_t i = 0; i < deps_.loops.size(); ++i)
    boost::asio::post(deps_.loops[i].context(), [this, i] { loops_[i]->streams.end_all(); });
}

}  // namespace toolrack::mcp
