/// Requests of ours to clients of legacy sessions that are not answered yet.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"
#include "base/loop.hpp"
#include "base/mutex.hpp"

namespace toolrack::mcp {

/// Threads: any. The answer to a request comes over another connection than the request went, so perhaps to another
/// loop; it is handed to the loop that asked.
class ClientRequests {
 public:
  /// `response` is the whole JSON-RPC response, with `result` or `error`.
  using Answered = std::function<void(const base::json::Value& response)>;

  ClientRequests();
  /// The id of the new request, a string that no other request of any session has. `answered` is called once on `loop`,
  /// or never.
  std::string add(std::string_view session, base::Loop& loop, Answered answered);
  /// Nobody waits for it any more. On the loop that asked; afterwards `answered` is not called.
  void remove(const std::string& id);
  /// A client has posted a response. What belongs to nothing, or to a request of another session, is dropped.
  void answer(std::string_view session, const base::json::Value& response);

 private:
  struct Waiting {
    std::string session;
    base::Loop* loop = nullptr;
    Answered answered;
  };
  void hand_over(const std::string& id, const std::string& response);

  const std::string prefix_;  ///< Of this process: a client may answer what one before has asked.
  std::atomic<std::uint64_t> last_{0};
  base::Mutex mutex_;
  std::map<std::string, Waiting, std::less<>> waiting_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::mcp
