#include "transports/mcp/notifications.hpp"

#include <fmt/format.h>

#include "transports/mcp/protocol.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

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

std::string subscription_end(std::string_view subscription) {
  return result_message(subscription, fmt::format(R"({{"resultType":"complete",{}}})", tag(subscription)));
}

}  // namespace toolrack::mcp
