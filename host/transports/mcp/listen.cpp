/// subscriptions/listen: a request whose answer goes on for as long as the client wants news.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "base/ids.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/notifications.hpp"
#include "transports/mcp/refusals.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

/// More resources, or tasks, than this one stream does not follow, nor when their names are longer together.
constexpr std::size_t kMostFollowed = 100;
constexpr std::size_t kMostBytes = 64 << 10;

constexpr std::array<std::string_view, kListKinds> kFilterMembers{"toolsListChanged", "promptsListChanged",
                                                                  "resourcesListChanged"};

base::Result<std::vector<std::string>> read_names(const json::Value& filter, std::string_view member,
                                                  std::string_view what) {
  std::vector<std::string> out;
  const auto* names = json::find(filter, member);
  if (names == nullptr) return out;
  const auto where = fmt::format("params.notifications.{}", member);
  const auto refuse = [](std::string text) { return base::fail(base::ErrorCode::kInvalidRequest, std::move(text)); };
  if (!names->IsArray()) return refuse(wrong_type(where, names, fmt::format("an array of {}", what)));
  if (names->Size() > kMostFollowed)
    return refuse(
        fmt::format("{} has {} {}; one stream follows {} at most", where, names->Size(), what, kMostFollowed));
  std::size_t bytes = 0;
  for (const auto& name : names->GetArray()) {
    if (!name.IsString()) return refuse(wrong_type(where + "[]", &name, "a string"));
    const auto text = json::view(name);
    if (text.size() > kLongestFollowed) return refuse(too_long(where + "[]", text, kLongestFollowed));
    if (bytes += text.size(); bytes > kMostBytes)
      return refuse(
          fmt::format("{} has {} of more than {} bytes together; one stream follows no more", where, what, kMostBytes));
    if (std::ranges::find(out, text) == out.end()) out.emplace_back(text);
  }
  return out;
}

/// What params.notifications asks for; unknown members are left for later revisions.
base::Result<Interest> read_filter(const json::Value& filter) {
  const auto refuse = [](std::string text) { return base::fail(base::ErrorCode::kInvalidRequest, std::move(text)); };
  Interest out;
  for (std::size_t kind = 0; kind < kListKinds; ++kind) {
    const auto* member = json::find(filter, kFilterMembers[kind]);
    if (member == nullptr) continue;
    if (!member->IsBool())
      return refuse(wrong_type(fmt::format("params.notifications.{}", kFilterMembers[kind]), member, "true or false"));
    out.lists[kind] = member->GetBool();
  }
  out.uris = TRY(read_names(filter, "resourceSubscriptions", "URIs"));
  out.tasks = TRY(read_names(filter, "taskIds", "ids"));
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
  for (const auto& [name, followed] :
       {std::pair("resourceSubscriptions", &honoured.uris), std::pair("taskIds", &honoured.tasks)}) {
    if (followed->empty()) continue;
    json::key(writer, name);
    writer.StartArray();
    for (const auto& one : *followed) json::put(writer, one);
    writer.EndArray();
  }
  writer.EndObject();
  return notification("notifications/subscriptions/acknowledged",
                      fmt::format(R"("notifications":{})", json::view(buffer)), subscription);
}

}  // namespace

/// A listen request on its way to its stream.
struct McpHandler::Listening {
  net::Exchange* exchange;
  accounts::PrincipalRef principal;
  std::string subscription;  ///< Raw JSON of the request's id.
  registry::Exposure exposure;
  Interest interest;
};

void McpHandler::listen(Inbound& inbound, const Message& message, Answer&& answer) {
  const auto refuse = [&](std::string text) {
    answer.message(
        200, error_message(message.id,
                           {.code = kInvalidParams, .http_status = 200, .message = std::move(text), .data_json = {}}));
  };
  const auto* filter = message.param("notifications");
  if (filter == nullptr || !filter->IsObject()) return refuse(wrong_type("params.notifications", filter, "an object"));
  auto interest = read_filter(*filter);
  if (!interest) return refuse(interest.error().message());
  auto exposure = registry::Exposure::parse(inbound.request.query);
  if (!exposure) return refuse(with_remedy(exposure.error()));
  if (!interest->tasks.empty() && !may_use_tasks(inbound, message, answer)) return;
  auto* exchange = answer.take_exchange();
  if (exchange == nullptr) return;  // Batches are legacy, and have no such method.
  Listening listening{.exchange = exchange,
                      .principal = inbound.principal,
                      .subscription = std::string(message.id),
                      .exposure = *std::move(exposure),
                      .interest = *std::move(interest)};
  if (listening.interest.tasks.empty()) return open_listening(std::move(listening));
  // Whose the tasks are, the store knows.
  const auto shared = std::make_shared<Listening>(std::move(listening));
  auto find = [this, &loop = inbound.loop, shared] {
    std::erase_if(shared->interest.tasks, [&](const std::string& id) {
      return !deps_.tasks.jobs->find(shared->principal->account, id).has_value();
    });
    boost::asio::post(loop.context(), [this, shared] {
      // Its key may have been revoked, or may see something else meanwhile.
      auto& exchange = *shared->exchange;
      const auto principal = identify(exchange.request(), exchange.loop());
      if (!principal) return refuse_key(exchange, principal.error());
      shared->principal = *principal;
      open_listening(std::move(*shared));
    });
  };
  if (deps_.tasks.pool->post(std::move(find))) return;
  shared->interest.tasks.clear();  // The gateway is stopping, and ends the stream at once.
  open_listening(std::move(*shared));
}

void McpHandler::open_listening(Listening listening) {
  auto& exchange = *listening.exchange;
  auto& loop = exchange.loop();
  keep_known(listening.interest, *state(loop).catalogue.get(listening.principal->tools.get()));
  const auto acknowledged = acknowledgement(listening.interest, listening.subscription);
  const auto who = base::Id::make().str();
  const auto uris = listening.interest.uris;  // Most streams follow none, and no tasks.
  const auto tasks = listening.interest.tasks;
  const auto principal = listening.principal;
  for (const auto& uri : uris) follow(loop, principal, uri, who);
  for (const auto& task : tasks) task_followers_.add(task);
  state(loop).streams.open(exchange, {.subscription = std::move(listening.subscription),
                                      .session = {},
                                      .exposure = std::move(listening.exposure),
                                      .interest = std::move(listening.interest),
                                      .principal = principal,
                                      .closed =
                                          [this, &loop, uris, tasks, who] {
                                            for (const auto& uri : uris) unfollow(loop, uri, who);
                                            for (const auto& task : tasks) task_followers_.remove(task);
                                          },
                                      .first_json = acknowledged});
  // What has happened since the client heard of them last.
  for (const auto& task : tasks) task_changed(principal->account, task);
}

}  // namespace toolrack::mcp
