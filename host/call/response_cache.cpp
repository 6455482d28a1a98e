#include "call/response_cache.hpp"

#include <functional>
#include <utility>

namespace toolrack::call {
namespace {

/// What the lists and tables take for an answer, about.
constexpr std::size_t kOverhead = 256;

/// No account's name holds a line feed. Everybody's answers have an empty account.
std::string entry_name(std::string_view account, std::string_view question) {
  std::string name;
  name.reserve(account.size() + 1 + question.size());
  return name.append(account).append(1, '\n').append(question);
}

}  // namespace

std::size_t CachedResponse::bytes() const noexcept {
  auto sum = output_json.size() + meta_json.size() + kOverhead;
  for (const auto& part : parts)
    sum += sizeof part + part.text.size() + part.bytes.size() + part.media_type.size() + part.uri.size() +
           part.name.size() + part.extra_json.size();
  return sum;
}

ResponseCache::ResponseCache(std::size_t max_bytes, base::Metrics& metrics)
    : max_shard_bytes_(max_bytes / kShards),
      max_response_bytes_(max_bytes / (2 * kShards)),
      hits_(metrics.counter("toolrack_response_cache_total", "Calls of skills whose answers may be given again.",
                            {{"result", "hit"}})),
      misses_(metrics.counter("toolrack_response_cache_total", "Calls of skills whose answers may be given again.",
                              {{"result", "miss"}})),
      collapsed_(metrics.counter("toolrack_response_cache_total", "Calls of skills whose answers may be given again.",
                                 {{"result", "collapsed"}})),
      bytes_(metrics.gauge("toolrack_response_cache_bytes", "What the kept answers take.")) {}

ResponseCache::Shard& ResponseCache::shard(const ResponseKey& key) noexcept {
  return shards_[std::hash<std::string_view>{}(key.question) % kShards];
}

ResponseCache::Entered ResponseCache::enter(const ResponseKey& key, std::int64_t now_ns, Follower follower) {
  auto& home = shard(key);
  auto own = entry_name(key.account, key.question);
  const base::Lock lock(home.mutex);
  auto response = find(home, own, now_ns);
  if (response == nullptr) response = find(home, entry_name({}, key.question), now_ns);
  if (response != nullptr) {
    hits_.add();
    return {Found::kHit, std::move(response)};
  }
  const auto [flight, is_first] = home.flights.try_emplace(std::move(own));
  if (is_first) {
    misses_.add();
    return {Found::kLead, nullptr};
  }
  collapsed_.add();
  flight->second.push_back(std::move(follower));
  return {Found::kFollow, nullptr};
}

void ResponseCache::land(const ResponseKey& key, Landing landing) {
  auto& home = shard(key);
  std::vector<Follower> followers;
  {
    const base::Lock lock(home.mutex);
    if (auto flight = home.flights.extract(entry_name(key.account, key.question)))
      followers = std::move(flight.mapped());
  }
  if (followers.empty()) return;
  const auto shared = std::make_shared<const Landing>(std::move(landing));
  for (const auto& follower : followers) follower(shared);
}

bool ResponseCache::keep(const ResponseKey& key, const CachedResponseRef& response, bool is_public) {
  auto name = entry_name(is_public ? std::string_view() : key.account, key.question);
  const auto bytes = response->bytes() + name.size();
  if (bytes > max_response_bytes_) return false;
  auto& home = shard(key);
  const base::Lock lock(home.mutex);
  if (const auto old = home.by_name.find(name); old != home.by_name.end()) erase(home, old->second);
  home.entries.push_front({std::move(name), response});
  home.by_name.emplace(home.entries.front().name, home.entries.begin());
  home.bytes += bytes;
  bytes_.add(static_cast<std::int64_t>(bytes));
  while (home.bytes > max_shard_bytes_) erase(home, std::prev(home.entries.end()));
  return true;
}

CachedResponseRef ResponseCache::find(Shard& shard, const std::string& name, std::int64_t now_ns) {
  const auto found = shard.by_name.find(name);
  if (found == shard.by_name.end()) return nullptr;
  const auto entry = found->second;
  if (entry->response->expires_ns <= now_ns) {
    erase(shard, entry);
    return nullptr;
  }
  shard.entries.splice(shard.entries.begin(), shard.entries, entry);
  return entry->response;
}

void ResponseCache::erase(Shard& shard, std::list<Entry>::iterator entry) {
  const auto bytes = entry->response->bytes() + entry->name.size();
  shard.bytes -= bytes;
  bytes_.add(-static_cast<std::int64_t>(bytes));
  shard.by_name.erase(entry->name);
  shard.entries.erase(entry);
}

}  // namespace toolrack::call
