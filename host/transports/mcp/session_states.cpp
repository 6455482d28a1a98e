#include "transports/mcp/session_states.hpp"

#include <algorithm>
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

/// About what it takes here, and with whoever else remembers what it follows.
std::size_t weight(const SessionState& state) {
  constexpr std::size_t kOfState = 512, kOfUri = 384;
  auto bytes = kOfState;
  for (const auto& uri : state.uris) bytes += kOfUri + 3 * uri.size();
  return bytes;
}

void report(const base::Result<store::Receipt>& receipt) {
  if (!receipt)
    log::write(log::Level::kWarning, "the state of an MCP session is not on disk, and is lost with a restart",
               {{"reason", receipt.error().message()}});
}

}  // namespace

base::Result<std::unique_ptr<SessionStates>> SessionStates::open(store::Store& store, const base::Clock& clock,
                                                                 Room room) {
  std::vector<std::pair<std::string, SessionState>> states;
  const auto snapshot = TRY(store.snapshot());
  TRY(snapshot->scan(kCollection, "", "", store::Snapshot::Order::kForward,
                     [&](std::string_view key, const store::Document& document) {
                       if (const auto parsed = json::parse(document.json)) states.emplace_back(key, read(*parsed));
                       return true;
                     }));
  // When they have changed was not written; when they were opened is as good.
  std::ranges::stable_sort(states, {}, [](const auto& one) { return one.second.expires_unix_s; });
  std::unique_ptr<SessionStates> out(new SessionStates(store, clock, room));
  store::Commit commit;
  {
    base::Lock lock(out->mutex_);
    for (auto& [session, state] : states) {
      const auto entry = out->add(session);
      entry->second.state = std::move(state);
      out->enter(entry);
      out->make_room(entry, commit);
    }
    out->left_.clear();  // Nobody was told yet who follows.
  }
  if (!commit.empty()) store.submit(std::move(commit), report);
  return out;
}

std::optional<SessionState> SessionStates::find(std::string_view session) const {
  if (!any()) return std::nullopt;
  base::Lock lock(mutex_);
  const auto found = states_.find(session);
  return found == states_.end() ? std::nullopt : std::optional(found->second.state);
}

void SessionStates::change(std::string_view session, Known known, const std::function<void(SessionState&)>& change) {
  base::Lock lock(mutex_);
  auto entry = states_.find(session);
  if (entry == states_.end()) {
    entry = add(session);
    entry->second.state.expires_unix_s = known.expires_unix_s;
  } else {
    leave(entry);
  }
  auto& state = entry->second.state;
  if (state.account == 0) state.account = known.account;
  change(state);
  if (state.is_ended) note_left(session, state);
  enter(entry);
  store::Commit commit;
  commit.emplace_back(store::Put{.collection = std::string(kCollection), .key = entry->first, .json = written(state)});
  make_room(entry, commit);
  // Under the lock, so that the store gets a session's changes in their order.
  store_.submit(std::move(commit), report);
}

SessionStates::Entries::iterator SessionStates::add(std::string_view session) {
  has_any_.store(true, std::memory_order_release);
  return states_.emplace(std::string(session), Entry{}).first;
}

void SessionStates::enter(const Entries::iterator& entry) {
  auto& [state, turn, bytes, account] = entry->second;
  turn = ++last_turn_;
  bytes = weight(state);
  account = state.account;
  auto& taken = taken_[account];
  taken.order.emplace(std::pair(!state.is_ended, turn), entry->first);
  for (const auto& uri : state.uris) followers_[uri].insert(entry->first);
  resize(account, taken, taken.bytes + bytes);
}

void SessionStates::leave(const Entries::iterator& entry) {
  const auto& [state, turn, bytes, account] = entry->second;
  auto& taken = taken_[account];
  taken.order.erase(std::pair(!state.is_ended, turn));
  for (const auto& uri : state.uris) {
    const auto found = followers_.find(uri);
    found->second.erase(entry->first);
    if (found->second.empty()) followers_.erase(found);
  }
  resize(account, taken, taken.bytes - bytes);
}

void SessionStates::resize(std::uint64_t account, Taken& taken, std::size_t bytes) {
  if (account != 0) {
    bytes_ = bytes_ - taken.bytes + bytes;
    fullest_.erase({taken.bytes, account});
    if (bytes != 0) fullest_.emplace(bytes, account);
  }
  taken.bytes = bytes;
  if (taken.order.empty()) taken_.erase(account);
}

void SessionStates::make_room(const Entries::iterator& kept, store::Commit& commit) {
  // Its room stays where it is: `kept` is in it.
  auto& own = taken_[kept->second.account];
  while (own.bytes > room_.of_one && push_out(own, kept, commit)) {
  }
  while (bytes_ > room_.of_all && push_out(taken_[fullest_.rbegin()->second], kept, commit)) {
  }
}

bool SessionStates::push_out(Taken& taken, const Entries::iterator& kept, store::Commit& commit) {
  for (const auto& [turn, session] : taken.order) {
    if (session == kept->first) continue;
    forget(states_.find(session), commit);
    return true;
  }
  return false;
}

SessionStates::Entries::iterator SessionStates::forget(const Entries::iterator& entry, store::Commit& commit) {
  leave(entry);
  note_left(entry->first, entry->second.state);
  commit.emplace_back(store::Delete{.collection = std::string(kCollection), .key = entry->first});
  return states_.erase(entry);
}

void SessionStates::note_left(std::string_view session, SessionState& state) {
  if (!state.uris.empty()) left_.push_back({std::string(session), std::exchange(state.uris, {})});
}

std::vector<SessionStates::Left> SessionStates::take_left() {
  if (!any()) return {};
  base::Lock lock(mutex_);
  return std::exchange(left_, {});
}

std::set<std::string, std::less<>> SessionStates::followers(std::string_view uri) const {
  if (!any()) return {};
  base::Lock lock(mutex_);
  const auto found = followers_.find(uri);
  return found == followers_.end() ? std::set<std::string, std::less<>>() : found->second;
}

bool SessionStates::open_stream(std::string_view session) {
  base::Lock lock(mutex_);
  return streams_.emplace(session).second;
}

void SessionStates::close_stream(std::string_view session) {
  base::Lock lock(mutex_);
  if (const auto found = streams_.find(session); found != streams_.end()) streams_.erase(found);
}

bool SessionStates::has_stream(std::string_view session) const {
  base::Lock lock(mutex_);
  return streams_.contains(session);
}

void SessionStates::sweep() {
  const auto now = clock_.unix_ns() / 1'000'000'000;
  base::Lock lock(mutex_);
  store::Commit commit;
  for (auto entry = states_.begin(); entry != states_.end();)
    entry = entry->second.state.expires_unix_s >= now ? std::next(entry) : forget(entry, commit);
  if (!commit.empty()) store_.submit(std::move(commit), report);
}

}  // namespace toolrack::mcp
