/// Requests of 2026-07-28: each stands alone.
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/modern_check.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {

void McpHandler::modern(Inbound& inbound, const Message& message, Answer&& answer) {
  inbound.revision = Revision::k20260728;
  if (const auto error = check_modern(message, inbound.request.headers, inbound.modern))
    return answer.message(error->http_status, error_message(message.id, *error));
  serve(inbound, message, std::move(answer));
}

}  // namespace toolrack::mcp
