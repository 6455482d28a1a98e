/// subscriptions/listen: a request whose answer goes on for as long as the client wants news.
#include <fmt/format.h>

#include <algorithm>

#include "base/ids.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/notifications.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

/// More resources than this one stream does not follow.
constexpr std::size_t kMostUris = 100;

constexpr std::array<std::string_view, kListKinds> kFilterMembers{"toolsListChanged", "promptsListChanged",
                                                                  "resourcesListChanged"};

/// What params.notifications asks for; unknown members are left for later revisions.
base::Result<Interest> read_filter(const json::Value& filter) {
  const auto refuse = [](std::string text) { return base::fail(base::ErrorCode::kInvalidRequest, std::move(text)); };
  Interest out;
  for (std::size_t kind = 0; kind < kListKinds; ++kind) {
    const auto* member = json::find(filter, kFilterMembers[kind]);
    if (member == nullptr) continue;
    if (!member->IsBool()) return refuse(fmt::format("notifications.{} is not true or false", kFilterMembers[kind]));
    out.lists[kind] = member->GetBool();
  }
  if (const auto* uris = json::find(filter, "resourceSubscriptions")) {
    if (!uris->IsArray()) return refuse("notifications.resourceSubscriptions is not an array of URIs");
    if (uris->Size() > kMostUris)
      return refuse(fmt::format("notifications.resourceSubscriptions has {} URIs; one stream follows {} at most",
                                uris->Size(), kMostUris));
    for (const auto& uri : uris->GetArray()) {
      if (!uri.IsString()) return refuse("notifications.resourceSubscriptions is not an array of URIs");
      const auto text = json::view(uri);
      if (std::ranges::find(out.uris, text) == out.uris.end()) out.uris.emplace_back(text);
    }
  }
  return out;
}

/// Resources that are not there are not followed: the acknowledgement does not name them.
void keep_known(Interest& interest, const registry::Catalogue& catalogue) {
  std::erase_if(interest.uris, [&](const std::string& uri) { return catalogue.find_resource(uri) == nullptr; });
}

std::string acknowledgement(const Interest& honoured, std::string_view subscription) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  for (std::size_t kind = 0; kind < kListKinds; ++kind) {
    if (!honoured.lists[kind]) continue;
    json::key(writer, kFilterMembers[kind]);
    writer.Bool(true);
  }
  if (!honoured.uris.empty()) {
    json::key(writer, "resourceSubscriptions");
    writer.StartArray();
    for (const auto& uri : honoured.uris) json::put(writer, uri);
    writer.EndArray();
  }
  writer.EndObject();
  return notification("notifications/subscriptions/acknowledged",
                      fmt::format(R"("notifications":{})", json::view(buffer)), subscription);
}

}  // namespace

void McpHandler::listen(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](std::string text) {
    answer.message(
        200, error_message(message.id,
                           {.code = kInvalidParams, .http_status = 200, .message = std::move(text), .data_json = {}}));
  };
  const auto* filter = message.params == nullptr ? nullptr : json::find(*message.params, "notifications");
  if (filter == nullptr || !filter->IsObject()) return refuse("params.notifications is missing or no object");
  auto interest = read_filter(*filter);
  if (!interest) return refuse(interest.error().message());
  auto exposure = registry::Exposure::parse(inbound.request.query);
  if (!exposure) return refuse(exposure.error().message());
  keep_known(*interest, *state(inbound.loop).catalogue.get());
  auto* exchange = answer.take_exchange();
  if (exchange == nullptr) return;  // Batches are legacy, and have no such method.
  const auto acknowledged = acknowledgement(*interest, message.id);
  const auto who = base::Id::make().str();
  const auto uris = interest->uris;  // Most streams follow none.
  for (const auto& uri : uris) follow(inbound.loop, inbound.principal, uri, who);
  state(inbound.loop)
      .streams.open(*exchange, {.subscription = std::string(message.id),
                                .session = {},
                                .exposure = *std::move(exposure),
                                .interest = *std::move(interest),
                                .account = inbound.principal->account,
                                .closed =
                                    [this, &loop = inbound.loop, principal = inbound.principal, uris, who] {
                                      for (const auto& uri : uris) unfollow(loop, principal, uri, who);
                                    },
                                .first_json = acknowledged});
}

}  // namespace toolrack::mcp
