/// What becomes of a message's answer, or of its absence.
#include <fmt/format.h>

#include <algorithm>

#include "transports/mcp/message.hpp"
#include "transports/mcp/notifications.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/stdio/bridge_impl.hpp"

namespace toolrack::stdio {
namespace {

namespace json = base::json;
using Purpose = Transfer::Purpose;

constexpr int kMaxAttempts = 4;

bool is_lost_connection(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_ABORTED_BY_CALLBACK:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

/// The human part of whatever body an error came with, or nothing.
std::string said_by(const std::string& body) {
  const auto document = json::parse(body);
  const auto* message = document ? json::at(*document, "/error/message") : nullptr;
  return message != nullptr && message->IsString() ? fmt::format(": {}", json::view(*message)) : "";
}

}  // namespace

void Bridge::Impl::on_event(Transfer& transfer, std::string_view json) { deliver(transfer, json); }

void Bridge::Impl::on_ended(std::unique_ptr<Transfer> transfer, CURLcode code) {
  if (transfer->purpose() == Purpose::kNews) return on_news_ended(std::move(transfer), code);
  if (transfer->purpose() != Purpose::kForward) return on_reopening(std::move(transfer), code);
  const auto& reply = transfer->reply();
  if (reply.is_too_large) return fail(*transfer, fmt::format("the answer of {} is too large to pass on", where()));
  // Asked a second time for the rest, only the rest is an answer: the call itself is not sent again.
  if (!transfer->goes_on_behind.empty() && (code != CURLE_OK || reply.status / 100 != 2 || !reply.is_stream()))
    return fail_as_lost(*transfer, code != CURLE_OK ? transfer->failure(code) : fmt::format("HTTP {}", reply.status));
  if (code != CURLE_OK) return on_lost(std::move(transfer), code);
  if (reply.status / 100 == 2) return on_success(std::move(transfer));
  const bool has_lost_session = reply.status == 404 && !transfer->session.empty() && !transfer->was_reopened;
  if (has_lost_session && session_.can_reopen()) return reopen(std::move(transfer));
  on_refusal(std::move(transfer));
}

void Bridge::Impl::on_lost(std::unique_ptr<Transfer> transfer, CURLcode code) {
  if (!is_lost_connection(code))
    return fail(*transfer, fmt::format("no gateway answers at {}: {}. {}", where(), transfer->failure(code),
                                       is_remote() ? "Correct --url, or check the network." : ""));
  // The client opens another, and looks at what it cares for: news may have been missed.
  if (transfer->is_for_news() && transfer->reply().events > 0) {
    for (const auto& id : transfer->unanswered) output_.add(mcp::subscription_end(id.raw));
    return;
  }
  const bool is_safe = !transfer->was_sent() || (transfer->request().may_repeat && transfer->reply().events == 0);
  if (!is_safe) return fail_as_lost(*transfer, transfer->failure(code));
  const bool can_hope = elect_ ? transfer->attempts < kMaxAttempts : transfer->was_sent() && transfer->attempts < 2;
  if (!can_hope)
    return fail(*transfer, fmt::format("no gateway answers at {}: {}. {}", where(), transfer->failure(code),
                                       is_remote() ? "Check that it runs, or correct --url."
                                                   : "Start one with `toolrack serve`."));
  if (elect_)
    if (const auto failure = elect(transfer->generation)) return fail(*transfer, *failure);
  send(std::move(transfer));
}

void Bridge::Impl::on_success(std::unique_ptr<Transfer> transfer) {
  const auto& reply = transfer->reply();
  if (reply.is_stream()) {
    if (transfer->unanswered.empty()) return;
    if (!transfer->can_go_on_behind().empty()) return go_on_later(std::move(transfer));
    return on_lost(std::move(transfer), CURLE_PARTIAL_FILE);  // It ended early.
  }
  if (transfer->request().method == "notifications/initialized") listen_for_news();
  if (transfer->request().ids.empty() && reply.body.empty()) return;
  if (!reply.is_json() || reply.body.empty()) {
    return fail(*transfer,
                fmt::format("{} answered {} with {} instead of a JSON-RPC message. Is that an MCP endpoint?", where(),
                            reply.status, reply.body.empty() ? "nothing" : fmt::format("\"{}\"", reply.content_type)));
  }
  deliver(*transfer, reply.body);
}

/// An HTTP error: what it says of the request goes to the client as the JSON-RPC error it is, or as one of ours.
void Bridge::Impl::on_refusal(std::unique_ptr<Transfer> transfer) {
  const auto& reply = transfer->reply();
  const auto& request = transfer->request();
  if (reply.status == 401)
    return fail(*transfer, fmt::format("{} wants a key or refuses the one it got (401){}. Pass --key KEY or set "
                                       "TOOLRACK_API_KEY.",
                                       where(), said_by(reply.body)));
  auto message = mcp::parse_message(reply.body);
  if (!message || message->kind != mcp::MessageKind::kResponse) {
    const auto moved = reply.location.empty() ? "" : fmt::format(" and points to {}; use that URL", reply.location);
    return fail(*transfer, fmt::format("{} answered {}{}{}", where(), reply.status, moved, said_by(reply.body)));
  }
  if (transfer->is_muted) return;
  if (!message->id.empty()) return output_.add(reply.body);
  const auto* error = json::find(message->document, "error");
  if (error == nullptr) return fail(*transfer, fmt::format("{} answered {} without an error", where(), reply.status));
  if (request.ids.empty() && request.is_unclear) return output_.add(reply.body);
  for (const auto& id : transfer->unanswered)
    output_.add(fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{}}})", id.raw, json::dump(*error)));
}

/// A message of the gateway on its way to the client.
void Bridge::Impl::deliver(Transfer& transfer, std::string_view text) {
  const auto& request = transfer.request();
  if (transfer.purpose() == Purpose::kReopen) {
    if (session_.learn(text, transfer.reply().session_id)) transfer.unanswered.clear();
    return;
  }
  if (request.opens_session) session_.learn(text, transfer.reply().session_id);
  if (is_remote() && request.method == "tools/list") params_.learn(text);
  if (transfer.purpose() == Purpose::kNews) {
    return output_.add(text);
  } else if (!transfer.reply().is_stream()) {
    transfer.unanswered.clear();
  } else if (const auto message = mcp::parse_message(text, {.max_bytes = SseReader::kMaxEvent}); message) {
    if (message->is_batch()) transfer.unanswered.clear();
    const auto* id = message->kind == mcp::MessageKind::kResponse ? json::find(message->document, "id") : nullptr;
    if (id != nullptr)
      std::erase_if(transfer.unanswered, [key = json::dump(*id)](const Outbound::Id& one) { return one.key == key; });
  }
  if (!transfer.is_muted) output_.add(text);
}

void Bridge::Impl::fail(Transfer& transfer, const std::string& why) {
  if (transfer.is_muted) return;
  for (const auto& id : transfer.unanswered)
    output_.add(mcp::error_message(id.raw, {.code = mcp::kInternalError, .message = why, .data_json = {}}));
}

void Bridge::Impl::fail_as_lost(Transfer& transfer, const std::string& why) {
  fail(transfer, fmt::format("the gateway at {} went away while the call ran, so it may or may not have taken effect: "
                             "{}. Check before you call again.",
                             where(), why));
}

void Bridge::Impl::go_on_later(std::unique_ptr<Transfer> transfer) {
  transfer->goes_on_behind = transfer->can_go_on_behind();
  transfer->due = std::chrono::steady_clock::now() + transfer->pause();
  auto* key = transfer.get();
  transfers_.emplace(key, std::move(transfer));  // It is owed an answer as before, and can be cancelled.
}

void Bridge::Impl::ask_what_follows() {
  const auto now = std::chrono::steady_clock::now();
  for (auto entry = transfers_.begin(); entry != transfers_.end();) {
    auto& transfer = *entry->second;
    const bool is_due = transfer.due && now >= *transfer.due;
    if (is_due) transfer.due.reset();
    if (is_due && transfer.session != session_.id()) {
      fail_as_lost(transfer, "its session was lost");
      entry = transfers_.erase(entry);
      continue;
    }
    if (is_due) transfer.start(multi_.get(), endpoint_, session_.headers());
    ++entry;
  }
}

void Bridge::Impl::reopen(std::unique_ptr<Transfer> transfer) {
  transfer->was_reopened = true;
  if (!is_reopening_ && transfer->session != session_.id()) return send(std::move(transfer));  // Somebody was faster.
  waiting_.push_back(std::move(transfer));
  if (std::exchange(is_reopening_, true)) return;
  send(std::make_unique<Transfer>(session_.initialize(), Purpose::kReopen, *this));
}

void Bridge::Impl::on_reopening(std::unique_ptr<Transfer> transfer, CURLcode code) {
  if (transfer->purpose() == Purpose::kReopened) return end_reopening("");
  const auto& reply = transfer->reply();
  if (code == CURLE_OK && reply.status == 200 && !reply.is_stream()) deliver(*transfer, reply.body);
  if (!transfer->unanswered.empty())
    return end_reopening(fmt::format("the gateway at {} forgot the session, and opening it again failed ({}{})",
                                     where(), code == CURLE_OK ? std::to_string(reply.status) : transfer->failure(code),
                                     said_by(reply.body)));
  send(std::make_unique<Transfer>(session_.initialized(), Purpose::kReopened, *this));
}

void Bridge::Impl::end_reopening(const std::string& failure) {
  is_reopening_ = false;
  if (failure.empty()) listen_for_news();
  for (auto& transfer : std::exchange(waiting_, {})) {
    if (failure.empty())
      send(std::move(transfer));
    else
      fail(*transfer, failure);
  }
}

}  // namespace toolrack::stdio
