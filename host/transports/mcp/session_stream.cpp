/// The stream that GET opens in a legacy session: news that belongs to none of its requests.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>

#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/refusals.hpp"
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
    const net::HeaderField allow{"Allow", "POST, DELETE"};
    return refuse(exchange, 405,
                  "GET belongs to a session: send the Mcp-Session-Id that initialize gave. From 2026-07-28 on, "
                  "subscriptions/listen takes its place",
                  {&allow, 1});
  }
  const auto session = deps_.sessions.find(id, bound_account(*principal));
  if (!session) return refuse(exchange, 404, no_session(id));
  auto exposure = registry::Exposure::parse(request.query);
  if (!exposure) return refuse(exchange, 400, with_remedy(exposure.error()));
  Streams::Opening opening{.subscription = {},
                           .session = std::string(Sessions::key_of(id)),
                           .exposure = *std::move(exposure),
                           .interest = {},
                           .principal = principal,
                           .closed = {}};
  opening.interest.lists.fill(true);
  // After a restart the tools do not know yet who follows their resources.
  follow_again(exchange.loop(), principal, opening.session);
  const auto last = EventId::parse(request.headers.get(HeaderName::kLastEventId), run_);
  // What is none of ours, or of a process before this one, has nothing to replay.
  if (!last || last->loop >= loops_.size()) return open_news(exchange, std::move(opening));
  resume(exchange, *last, std::move(opening));
}

void McpHandler::open_news(net::Exchange& exchange, Streams::Opening opening) {
  if (!deps_.states.open_stream(opening.session))
    return refuse(exchange, 409, "this session has its stream open already; close that first");
  // Whoever has ended the session at this moment did not see its stream.
  if (const auto known = deps_.states.find(opening.session); known && known->is_ended) {
    deps_.states.close_stream(opening.session);
    return refuse(exchange, 404, "this session has been ended; initialize opens another one");
  }
  opening.closed = [this, key = opening.session] { deps_.states.close_stream(key); };
  state(exchange.loop()).streams.open(exchange, std::move(opening));
}

void McpHandler::end_session_stream(std::string_view session) {
  if (!deps_.states.has_stream(session)) return;
  for (std::size_t i = 0; i < loops_.size(); ++i)
    boost::asio::post(deps_.loops[i].context(),
                      [&own = *loops_[i], key = std::string(session)] { own.streams.end_session(key); });
}

void McpHandler::resume(net::Exchange& exchange, const EventId& id, Streams::Opening opening) {
  auto& home = exchange.loop();
  auto& theirs = deps_.loops[id.loop];
  // The exchange waits for us however the client behaves: it is answered once the other loop has looked.
  boost::asio::post(theirs.context(), [this, &exchange, &home, &theirs, id, opening = std::move(opening)]() mutable {
    const bool is_there = state(theirs).replays.has(id, opening.session);
    boost::asio::post(
        home.context(), [this, &exchange, &home, &theirs, id, is_there, opening = std::move(opening)]() mutable {
          // Its key may have been revoked, or may see something else meanwhile.
          const auto now = identify(exchange.request(), home);
          if (!now) return refuse_key(exchange, now.error());
          opening.principal = *now;
          if (!is_there) return open_news(exchange, std::move(opening));
          auto outlet = EventOutlet::open(exchange, {});
          state(home).resumed.add(opening.principal->key_id, outlet);
          boost::asio::post(theirs.context(), [this, &home, &theirs, id, session = opening.session, outlet] {
            if (!state(theirs).replays.resume(id, session, home, outlet))
              boost::asio::post(home.context(), [outlet] { outlet->finish(); });
          });
        });
  });
}

void McpHandler::pass_on(std::shared_ptr<const News> news) {
  for (const auto& tool : news->begun_anew) tell_later(followers_.forgotten(tool));
  // Who follows what is looked up once, not by each loop.
  auto followers = std::make_shared<std::vector<Followers>>();
  for (const auto& [uri, account] : news->resources) followers->push_back(deps_.states.followers(uri));
  for (std::size_t i = 0; i < deps_.loops.size(); ++i) {
    boost::asio::post(deps_.loops[i].context(), [this, i, news, followers] {
      auto& streams = loops_[i]->streams;
      for (const auto& [list, tool, account] : news->lists) streams.list_changed(list_kind(list), tool, account);
      std::size_t at = 0;
      for (const auto& [uri, account] : news->resources) streams.resource_updated(uri, account, (*followers)[at++]);
    });
  }
}

std::chrono::nanoseconds McpHandler::hold_clients() {
  std::int64_t last = 0;
  for (const auto& own : loops_) last = std::max(last, own->replays.hold_clients());
  if (last == 0) return {};
  const auto left = last + ReplayStreams::kBackWithinNs - base::system_clock().monotonic_ns();
  return std::chrono::nanoseconds(std::max<std::int64_t>(left, 0));
}

void McpHandler::end_streams() {
  is_ending_.store(true, std::memory_order_relaxed);
  for (std::size_t i = 0; i < deps_.loops.size(); ++i)
    boost::asio::post(deps_.loops[i].context(), [this, i] { loops_[i]->streams.end_all(); });
}

}  // namespace toolrack::mcp
