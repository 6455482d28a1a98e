/// Which lines of a tool its client is sent: what a modern request says itself, and a legacy session once.
#include <fmt/format.h>

#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

/// Of a session that said nothing: info.
constexpr std::uint8_t kDefaultLevel = 1;

}  // namespace

std::uint8_t McpHandler::log_level(const Inbound& inbound) const {
  if (inbound.revision >= Revision::k20260728) return inbound.modern.log_level;
  if (inbound.session.empty()) return registry::kNoCallerLog;
  if (deps_.states.any())
    if (const auto state = deps_.states.find(Sessions::key_of(inbound.session)); state && state->log_level)
      return *state->log_level;
  return kDefaultLevel;
}

void McpHandler::set_log_level(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](std::string text) {
    answer.message(200,
                   error_message(message.id, {.code = kInvalidParams, .message = std::move(text), .data_json = {}}));
  };
  std::uint8_t level = 0;
  if (auto wrong = read_log_level("params.level", message.param("level"), level)) return refuse(*std::move(wrong));
  if (inbound.session.empty()) return refuse("a log level belongs to a session, and this request names none");
  const auto session = deps_.sessions.find(inbound.session, bound_account(*inbound.principal));
  if (!session)
    return answer.message(404, error_message(message.id, {.code = kInvalidMessage,
                                                          .http_status = 404,
                                                          .message = no_session(inbound.session),
                                                          .data_json = {}}));
  deps_.states.change(Sessions::key_of(inbound.session), Sessions::known(*session),
                      [&](SessionState& state) { state.log_level = level; });
  tell_all(inbound.loop, unfollow_left());
  answer.message(200, result_message(message.id, "{}"));
}

}  // namespace toolrack::mcp
