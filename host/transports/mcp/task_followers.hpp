/// Which tasks the open streams follow, so that a change of one is looked at only where somebody wants to hear of it,
/// and by one at a time: what streams are told never goes back.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.hpp"

namespace toolrack::mcp {

/// Of one process. Threads: any.
class TaskFollowers {
 public:
  void add(std::string_view task) {
    base::Lock lock(mutex_);
    ++tasks_[std::string(task)].followers;
  }
  void remove(std::string_view task) {
    base::Lock lock(mutex_);
    const auto found = tasks_.find(task);
    if (found != tasks_.end() && --found->second.followers == 0 && !found->second.is_looked_at) tasks_.erase(found);
  }
  /// It has changed. True: somebody follows it, and whoever asked looks at it now, and tells with `end_look`.
  bool begin_look(std::string_view task) {
    base::Lock lock(mutex_);
    const auto found = tasks_.find(task);
    if (found == tasks_.end()) return false;
    auto& entry = found->second;
    if (entry.is_looked_at) {
      entry.has_changed = true;
      return false;
    }
    return entry.is_looked_at = true;
  }
  /// True: it has changed meanwhile, so look once more.
  bool end_look(std::string_view task) {
    base::Lock lock(mutex_);
    const auto found = tasks_.find(task);
    auto& entry = found->second;
    if (entry.followers != 0 && entry.has_changed) {
      entry.has_changed = false;
      return true;
    }
    entry.is_looked_at = entry.has_changed = false;
    if (entry.followers == 0) tasks_.erase(found);
    return false;
  }

 private:
  struct Entry {
    std::size_t followers = 0;  ///< Streams.
    bool is_looked_at = false;  ///< It stays until that has ended.
    bool has_changed = false;
  };
  base::Mutex mutex_;
  std::map<std::string, Entry, std::less<>> tasks_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::mcp
