#include "transports/mcp/session_states.hpp"

#include <utility>

#include "base/json.hpp"
#include "services/log/log.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
namespace log = services::log;

constexpr std::string_view kCollection = "mcp_sessions";

std::string written(const SessionState& state) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  if (state.is_ended) {
    json::key(writer, "ended");
    writer.Bool(true);
  }
  json::key(writer, "account");
  json::put(writer, std::to_string(state.account));  // 64 bits are more than a JSON number holds everywhere.
  json::key(writer, "expires_unix_s");
  writer.Int64(state.expires_unix_s);
  if (state.log_level) {
    json::key(writer, "log_level");
    writer.Int(*state.log_level);
  }
  if (!state.uris.empty()) {
    json::key(writer, "uris");
    writer.StartArray();
    for (const auto& uri : state.uris) json::put(writer, uri);
    writer.EndArray();
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

SessionState read(const json::Value& document) {
  SessionState out;
  out.is_ended = json::find_bool(document, "ended").value_or(false);
  out.account = std::strtoull(std::string(json::find_string(document, "account").value_or("0")).c_str(), nullptr, 10);
  out.expires_unix_s = json::find_int(document, "expires_unix_s").value_or(0);
  if (const auto level = json::find_int(document, "log_level"); level && *level >= 0 && *level <= 7)
    out.log_level = static_cast<std::uint8_t>(*level);
  if (const auto* uris = json::find(document, "uris"); uris != nullptr && uris->IsArray())
    for (const auto& uri : uris->GetArray())
      if (uri.IsString()) out.uris.emplace(json::view(uri));
  return out;
}

void report(const base::Result<store::Receipt>& receipt) {
  if (!receipt)
    log::write(log::Level::kWarning, "the state of an MCP session is not on disk, and is lost with a restart",
               {{"reason", receipt.error().message()}});
}

}  // namespace

base::Result<std::unique_ptr<SessionStates>> SessionStates::open(store::Store& store, const base::Clock& clock) {
  std::map<std::string, SessionState, std::less<>> states;
  const auto snapshot = TRY(store.snapshot());
  TRY(snapshot->scan(kCollection, "", "", store::Snapshot::Order::kForward,
                     [&](std::string_view key, const store::Document& document) {
                       if (const auto parsed = json::parse(document.json)) states.emplace(key, read(*parsed));
                       return true;
                     }));
  std::unique_ptr<SessionStates> out(new SessionStates(store, clock));
  out->has_any_.store(!states.empty(), std::memory_order_release);
  base::Lock lock(out->mutex_);
  out->states_ = std::move(states);
  return out;
}

std::optional<SessionState> SessionStates::find(std::string_view session) const {
  if (!any()) return std::nullopt;
  base::Lock lock(mutex_);
  const auto found = states_.find(session);
  return found == states_.end() ? std::nullopt : std::optional(found->second);
}

base::Result<void> SessionStates::change(std::string_view session, std::int64_t expires_unix_s,
                                         const std::function<void(SessionState&)>& change) {
  base::Lock lock(mutex_);
  auto found = states_.find(session);
  if (found == states_.end()) {
    if (states_.size() >= kMostStates)
      return base::fail(base::ErrorCode::kUnavailable, "too many sessions keep a state here",
                        "Try again later, or end sessions that are not used.");
    found = states_.emplace(std::string(session), SessionState{}).first;
    found->second.expires_unix_s = expires_unix_s;
    has_any_.store(true, std::memory_order_release);
  }
  change(found->second);
  // Under the lock, so that the store gets a session's changes in their order.
  store_.submit(
      {store::Put{.collection = std::string(kCollection), .key = found->first, .json = written(found->second)}},
      report);
  return {};
}

std::set<std::string, std::less<>> SessionStates::followers(std::string_view uri) const {
  std::set<std::string, std::less<>> out;
  if (!any()) return out;
  base::Lock lock(mutex_);
  for (const auto& [session, state] : states_)
    if (!state.is_ended && state.uris.contains(std::string(uri))) out.insert(session);
  return out;
}

bool SessionStates::open_stream(std::string_view session) {
  base::Lock lock(mutex_);
  return streams_.emplace(session).second;
}

void SessionStates::close_stream(std::string_view session) {
  base::Lock lock(mutex_);
  if (const auto found = streams_.find(session); found != streams_.end()) streams_.erase(found);
}

void SessionStates::sweep() {
  const auto now = clock_.unix_ns() / 1'000'000'000;
  store::Commit commit;
  {
    base::Lock lock(mutex_);
    for (auto entry = states_.begin(); entry != states_.end();) {
      if (entry->second.expires_unix_s >= now) {
        ++entry;
        continue;
      }
      commit.emplace_back(store::Delete{.collection = std::string(kCollection), .key = entry->first});
      entry = states_.erase(entry);
    }
  }
  if (!commit.empty()) store_.submit(std::move(commit), report);
}

}  // namespace toolrack::mcp
