/// Answers of read-only skills that may be given again, and calls that wait for an answer which is being made already.
///
/// Threads: all functions from any thread; one short lock of a shard each, taken only for skills with a `cache_ttl`.
/// Memory: bounded by `max_bytes`; the answer that was used least recently goes first.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "registry/outcome.hpp"

namespace toolrack::call {

/// An answer, immutable, shared by the cache and the replies that borrow from it.
struct CachedResponse {
  std::string output_json, meta_json;
  std::vector<registry::Part> parts;
  std::int64_t expires_ns = 0;  ///< Monotonic.

  std::size_t bytes() const noexcept;
};
using CachedResponseRef = std::shared_ptr<const CachedResponse>;

/// Whose answer, to what. `question` names skill, version, build and input.
struct ResponseKey {
  std::string question, account;

  bool empty() const noexcept { return question.empty(); }
  void clear() noexcept { question.clear(), account.clear(); }
};

class ResponseCache {
 public:
  /// What those who waited get: the answer, or the skill's own error, or neither: then each has to ask again.
  struct Landing {
    CachedResponseRef response;
    std::optional<base::Error> error;
  };
  using Follower = std::function<void(std::shared_ptr<const Landing>)>;

  enum class Found : std::uint8_t {
    kHit,     ///< `response` is the answer.
    kLead,    ///< Nobody asks this now: the caller does, and calls `land` exactly once.
    kFollow,  ///< Somebody asks this now: `follower` is called once, in that one's thread.
  };
  struct Entered {
    Found found;
    CachedResponseRef response;
  };

  /// `max_bytes` 0: nothing is kept, but calls still share an answer that is being made.
  ResponseCache(std::size_t max_bytes, base::Metrics& metrics);

  Entered enter(const ResponseKey& key, std::int64_t now_ns, Follower follower);
  /// The leader's call has ended. An answer is given to the followers; `keep` stores it first.
  void land(const ResponseKey& key, Landing landing);
  /// For every account when `is_public`. One above a sixteenth of the cache is not kept: false.
  bool keep(const ResponseKey& key, const CachedResponseRef& response, bool is_public);

 private:
  struct Entry {
    std::string name;  ///< Account and question.
    CachedResponseRef response;
  };
  struct Shard {
    base::Mutex mutex;
    std::list<Entry> entries TR_GUARDED_BY(mutex);  ///< Most recently used first.
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name TR_GUARDED_BY(mutex);
    std::unordered_map<std::string, std::vector<Follower>> flights TR_GUARDED_BY(mutex);
    std::size_t bytes TR_GUARDED_BY(mutex) = 0;
  };
  static constexpr std::size_t kShards = 8;

  /// Both accounts' answers to a question, and everybody's, live in the question's shard.
  Shard& shard(const ResponseKey& key) noexcept;
  CachedResponseRef find(Shard& shard, const std::string& name, std::int64_t now_ns) TR_REQUIRES(shard.mutex);
  void erase(Shard& shard, std::list<Entry>::iterator entry) TR_REQUIRES(shard.mutex);

  const std::size_t max_shard_bytes_, max_response_bytes_;
  std::array<Shard, kShards> shards_;
  base::Counter &hits_, &misses_, &collapsed_;
  base::Gauge& bytes_;
};

}  // namespace toolrack::call
