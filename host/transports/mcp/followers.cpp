#include "transports/mcp/followers.hpp"

#include <utility>

namespace toolrack::mcp {
namespace {

/// A tool that dies of what it is told, or whose followers all may not call, is left alone for a while then.
constexpr std::size_t kTriesInARow = 3;
/// A tool that cannot be told that nobody is left looks on for nobody; it is asked no more often.
constexpr std::size_t kMostFarewells = 5;

bool is_same(const std::weak_ptr<const registry::Handler>& one, const std::shared_ptr<const registry::Handler>& other) {
  return other != nullptr && one.lock() == other;
}

}  // namespace

std::optional<ResourceFollowers::Telling> ResourceFollowers::add(std::string_view uri, std::string_view who,
                                                                 const accounts::PrincipalRef& principal) {
  if (principal->anonymous) return std::nullopt;
  base::Lock lock(mutex_);
  const auto entry = entries_.try_emplace(std::string(uri)).first;
  entry->second.followers.insert_or_assign(std::string(who), principal);
  entry->second.tries = entry->second.farewells = 0;
  return next(entry);
}

std::optional<ResourceFollowers::Telling> ResourceFollowers::remove(std::string_view uri, std::string_view who) {
  base::Lock lock(mutex_);
  const auto entry = entries_.find(uri);
  if (entry == entries_.end()) return std::nullopt;
  if (const auto found = entry->second.followers.find(who); found != entry->second.followers.end())
    entry->second.followers.erase(found);
  return next(entry);
}

std::optional<ResourceFollowers::Telling> ResourceFollowers::told(const Telling& telling, bool has_heard) {
  base::Lock lock(mutex_);
  const auto entry = entries_.find(telling.uri);
  if (entry == entries_.end()) return std::nullopt;
  auto& [followers, told, is_telling, asked, tries, farewells] = entry->second;
  is_telling = false;
  if (telling.follows) {
    ++tries;
    if (has_heard) told = Told{telling.code, telling.tool, telling.principal};
    return next(entry);
  }
  if (has_heard || ++farewells >= kMostFarewells) told.reset();
  // Refused: not before `try_again`, unless somebody has come meanwhile.
  return has_heard || !told || !followers.empty() ? next(entry) : std::nullopt;
}

std::optional<ResourceFollowers::Telling> ResourceFollowers::next(Entries::iterator entry) {
  auto& [followers, told, is_telling, asked, tries, farewells] = entry->second;
  if (is_telling) return std::nullopt;
  if (told) {
    bool has_caller = false;
    for (const auto& [who, principal] : followers) {
      if (principal->is_revoked()) continue;
      const auto source = find_(entry->first, principal->tools.get());
      has_caller |= source.code != nullptr;
      if (is_same(told->code, source.code)) return std::nullopt;
    }
    if (!has_caller) {
      const auto source = find_(entry->first, told->principal->tools.get());
      if (is_same(told->code, source.code)) {
        is_telling = true;
        return Telling{entry->first, false, told->principal, source.code, source.tool};
      }
      told.reset();  // Who was told is gone.
    }
  }
  auto telling = follow(entry);
  if (followers.empty()) entries_.erase(entry);
  return telling;
}

std::optional<ResourceFollowers::Telling> ResourceFollowers::follow(Entries::iterator entry) {
  auto& [followers, told, is_telling, asked, tries, farewells] = entry->second;
  if (tries >= kTriesInARow) return std::nullopt;
  told.reset();
  // Another one each time: what one may not do, the next one may.
  auto one = followers.upper_bound(asked);
  for (std::size_t i = 0; i < followers.size(); ++i) {
    if (one == followers.end()) one = followers.begin();
    const auto& [who, principal] = *one++;
    if (principal->is_revoked()) continue;
    const auto source = find_(entry->first, principal->tools.get());
    if (source.code == nullptr) continue;
    asked = who;
    is_telling = true;
    return Telling{entry->first, true, principal, source.code, source.tool};
  }
  return std::nullopt;
}

template <typename Change>
std::vector<ResourceFollowers::Telling> ResourceFollowers::for_each(Change change) {
  std::vector<Telling> out;
  base::Lock lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto here = entry++;  // It may be forgotten.
    if (!change(here->second)) continue;
    if (auto telling = next(here)) out.push_back(*std::move(telling));
  }
  return out;
}

std::vector<ResourceFollowers::Telling> ResourceFollowers::try_again() {
  return for_each([](Entry& entry) {
    entry.tries = 0;
    return true;
  });
}

std::vector<ResourceFollowers::Telling> ResourceFollowers::forgotten(std::string_view tool) {
  return for_each([&](Entry& entry) {
    if (!entry.told || entry.told->tool != tool) return false;
    entry.told.reset();
    return true;
  });
}

std::vector<ResourceFollowers::Telling> ResourceFollowers::key_changed(const accounts::PrincipalRef& principal) {
  return for_each([&](Entry& entry) {
    bool is_concerned = false;
    for (auto& [who, own] : entry.followers) {
      if (own->key_id != principal->key_id) continue;
      own = principal;
      is_concerned = true;
    }
    if (is_concerned) entry.tries = 0;
    return is_concerned;
  });
}

}  // namespace toolrack::mcp
