/// Messages that nobody asked for: JSON-RPC notifications as text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace toolrack::mcp {

/// {"jsonrpc":"2.0","method":…,"params":{…}}. `params` are members without their braces, or empty. With a
/// `subscription` (raw JSON of the id of a subscriptions/listen request) the params say which it belongs to.
std::string notification(std::string_view method, std::string_view params, std::string_view subscription = {});

/// notifications/message: a line of `logger`. Its data is the text, or, with fields, {"message":text, …fields}.
/// `fields_json` comes from a plugin: what is no JSON object is left out.
std::string log_notification(std::uint8_t level, std::string_view logger, std::string_view text,
                             std::string_view fields_json);

/// The response that ends a subscriptions/listen request from our side.
std::string subscription_end(std::string_view subscription);

}  // namespace toolrack::mcp
