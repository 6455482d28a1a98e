/// Requests of 2026-07-28: each stands alone.
#include <fmt/format.h>

#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/modern_check.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {

void McpHandler::modern(Inbound& inbound, const Message& message, Answer answer) {
  inbound.revision = Revision::k20260728;
  if (const auto error = check_modern(message, inbound.request.headers))
    return answer.message(error->http_status, error_message(message.id, *error));
  if (message.method == "server/discover") return answer.message(200, result_message(message.id, discover_result()));
  if (message.method == "tools/list") return list_tools(inbound, message, std::move(answer));
  if (message.method == "tools/call") return call_tool(inbound, message, std::move(answer));
  if (message.method == "subscriptions/listen") return listen(inbound, message, std::move(answer));
  answer.message(404,
                 error_message(message.id, {.code = kMethodNotFound,
                                            .http_status = 404,
                                            .message = fmt::format("the method \"{}\" is not offered", message.method),
                                            .data_json = {}}));
}

}  // namespace toolrack::mcp
