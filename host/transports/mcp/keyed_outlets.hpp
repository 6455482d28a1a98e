/// The event streams that clients have taken up again, so that they end with the key that they were taken up with.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/mcp/event_outlet.hpp"

namespace toolrack::mcp {

/// Those of one loop; used by that loop only.
class KeyedOutlets {
 public:
  /// `key`: an id; empty: it was taken up without one, which nobody can revoke.
  void add(std::string_view key, const std::shared_ptr<EventOutlet>& outlet) {
    if (key.empty()) return;
    if (outlets_.size() >= enough_) {
      std::erase_if(outlets_, [](const auto& entry) {
        const auto one = entry.second.lock();
        return one == nullptr || !one->is_open();
      });
      enough_ = std::max(kFew, 2 * outlets_.size());  // So that looking through them costs little for each.
    }
    outlets_.emplace(key, outlet);
  }
  /// What was told before is told still; what comes later is for whoever takes the stream up with another key.
  void end(std::string_view key) {
    const auto [first, last] = outlets_.equal_range(key);
    std::vector<std::weak_ptr<EventOutlet>> ended;
    for (auto entry = first; entry != last; ++entry) ended.push_back(std::move(entry->second));
    outlets_.erase(first, last);
    for (const auto& one : ended)
      if (const auto outlet = one.lock()) outlet->finish();
  }

 private:
  static constexpr std::size_t kFew = 64;
  std::multimap<std::string, std::weak_ptr<EventOutlet>, std::less<>> outlets_;
  std::size_t enough_ = kFew;
};

}  // namespace toolrack::mcp
