/// Who follows which resource, so that its tool hears of the first follower and of the last.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/mutex.hpp"

namespace toolrack::mcp {

/// Of one process. Threads: any.
class ResourceFollowers {
 public:
  /// `who`: a session, or an open stream. True when nobody else follows it.
  bool add(std::string_view uri, std::string_view who) {
    base::Lock lock(mutex_);
    auto& all = followers_[std::string(uri)];
    return all.emplace(who).second && all.size() == 1;
  }
  /// True when nobody follows it any more; false also for who did not.
  bool remove(std::string_view uri, std::string_view who) {
    base::Lock lock(mutex_);
    const auto found = followers_.find(uri);
    if (found == followers_.end() || found->second.erase(std::string(who)) == 0 || !found->second.empty()) return false;
    followers_.erase(found);
    return true;
  }

 private:
  base::Mutex mutex_;
  std::map<std::string, std::set<std::string>, std::less<>> followers_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::mcp
