/// The calls of legacy sessions that notifications/cancelled can name.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace toolrack::mcp {

/// One per loop; used by that loop's thread.
class RunningCalls {
 public:
  void add(const std::string& session, const std::string& id, std::uint64_t ticket) {
    tickets_[{session, id}] = ticket;
  }
  void remove(const std::string& session, const std::string& id) { tickets_.erase({session, id}); }
  /// 0 when it does not run on this loop.
  std::uint64_t find(const std::string& session, const std::string& id) const {
    const auto found = tickets_.find({session, id});
    return found == tickets_.end() ? 0 : found->second;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::uint64_t> tickets_;  ///< By session and Message::id_key.
};

}  // namespace toolrack::mcp
