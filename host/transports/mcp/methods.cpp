/// The methods of requests, but for `initialize`, which is no request of a session. A method is one row here and a
/// member function in the file of its subject.
#include <fmt/format.h>

#include <array>

#include "base/shown_text.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/server_info.hpp"

namespace toolrack::mcp {

/// Looked through from the top, so what is asked most stands first.
constexpr McpHandler::Method McpHandler::kMethods[] = {
    {"tools/call", Era::kBoth, &McpHandler::call_tool},
    {"tools/list", Era::kBoth, &McpHandler::list_tools},
    {"resources/read", Era::kBoth, &McpHandler::read_resource},
    {"resources/list", Era::kBoth, &McpHandler::list_resources},
    {"resources/templates/list", Era::kBoth, &McpHandler::list_templates},
    {"prompts/get", Era::kBoth, &McpHandler::get_prompt},
    {"prompts/list", Era::kBoth, &McpHandler::list_prompts},
    {"completion/complete", Era::kBoth, &McpHandler::complete},
    {"tasks/get", Era::kModern, &McpHandler::get_task},
    {"tasks/update", Era::kModern, &McpHandler::update_task},
    {"tasks/cancel", Era::kModern, &McpHandler::cancel_task},
    {"subscriptions/listen", Era::kModern, &McpHandler::listen},
    {"resources/subscribe", Era::kLegacy, &McpHandler::subscribe},
    {"resources/unsubscribe", Era::kLegacy, &McpHandler::unsubscribe},
    {"logging/setLevel", Era::kLegacy, &McpHandler::set_log_level},
    {"server/discover", Era::kModern, &McpHandler::discover},
    {"ping", Era::kLegacy, &McpHandler::ping},
};

namespace {

/// What is served without standing in the table.
constexpr std::array<std::string_view, 5> kOtherMessages{"initialize", "notifications/initialized",
                                                         "notifications/cancelled", "notifications/progress",
                                                         "notifications/roots/list_changed"};

}  // namespace

std::string_view McpHandler::known_method(std::string_view name) noexcept {
  for (const auto& method : kMethods)
    if (method.name == name) return method.name;
  for (const auto known : kOtherMessages)
    if (known == name) return known;
  return "other";
}

void McpHandler::serve(Inbound& inbound, const Message& message, Answer&& answer) {
  answer.observation().note_era(inbound.revision, inbound.session);
  if (message.method == kMethods[0].name) return call_tool(inbound, message, std::move(answer));
  const bool is_modern_request = inbound.revision >= Revision::k20260728;
  const auto era = static_cast<unsigned>(is_modern_request ? Era::kModern : Era::kLegacy);
  for (const auto& method : kMethods)
    if (method.name == message.method && (static_cast<unsigned>(method.eras) & era) != 0)
      return (this->*method.serve)(inbound, message, std::move(answer));
  const int status = is_modern_request ? 404 : 200;
  answer.message(
      status,
      error_message(message.id, {.code = kMethodNotFound,
                                 .http_status = status,
                                 .message = fmt::format("the method {} is not offered", base::shown(message.method)),
                                 .data_json = {}}));
}

void McpHandler::ping(Inbound&, const Message& message, Answer&& answer) {
  answer.message(200, result_message(message.id, "{}"));
}

void McpHandler::discover(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto exposure = registry::Exposure::parse(inbound.request.query);
  if (!exposure) return answer.message(200, error_message(message.id, invalid_params(with_remedy(exposure.error()))));
  answer.message(200, result_message(message.id, discover_result(exposure->kind, deps_.tasks.jobs != nullptr)));
}

}  // namespace toolrack::mcp
