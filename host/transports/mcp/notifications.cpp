#include "transports/mcp/notifications.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

std::string tag(std::string_view subscription) {
  return fmt::format(R"("_meta":{{"{}":{}}})", kMetaSubscription, subscription);
}

}  // namespace

std::string notification(std::string_view method, std::string_view params, std::string_view subscription) {
  std::string members(params);
  if (!subscription.empty()) members.append(members.empty() ? "" : ",").append(tag(subscription));
  if (members.empty()) return fmt::format(R"({{"jsonrpc":"2.0","method":"{}"}})", method);
  return fmt::format(R"({{"jsonrpc":"2.0","method":"{}","params":{{{}}}}})", method, members);
}

std::string log_notification(std::uint8_t level, std::string_view logger, std::string_view text,
                             std::string_view fields_json) {
  std::string data = json::quote(text);
  if (const auto fields = json::parse(fields_json.empty() ? "{}" : fields_json);
      fields && fields->IsObject() && fields->MemberCount() > 0) {
    json::Buffer buffer;
    json::Writer writer(buffer);
    writer.StartObject();
    json::key(writer, "message");
    json::put(writer, text);
    for (const auto& member : fields->GetObject()) {
      if (json::view(member.name) == "message") continue;
      json::key(writer, json::view(member.name));
      member.value.Accept(writer);
    }
    writer.EndObject();
    data = json::view(buffer);
  }
  return notification("notifications/message", fmt::format(R"("level":"{}","logger":{},"data":{})", kLogLevels[level],
                                                           json::quote(logger), data));
}

std::string subscription_end(std::string_view subscription) {
  return result_message(subscription, fmt::format(R"({{"resultType":"complete",{}}})", tag(subscription)));
}

}  // namespace toolrack::mcp
