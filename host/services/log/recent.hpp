/// The log's last lines, for those who ask the gateway instead of reading its stderr.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"
#include "services/log/log.hpp"

namespace toolrack::services::log {

/// Threads: any. Bounded by lines and bytes; the oldest go first.
class Recent {
 public:
  /// Numbers of lines are above `origin`: by that, who followed another process before sees that this is a later one.
  Recent(std::size_t max_lines, std::size_t max_bytes, std::uint64_t origin = 0)
      : max_lines_(max_lines), max_bytes_(max_bytes), origin_(origin), last_(origin) {}

  struct Line {
    std::uint64_t number = 0;  ///< Counted from `origin` on; given by `add`.
    Level level = Level::kInfo;
    std::string tool, request_id;  ///< What it is about; empty: nothing of the kind.
    std::string json;              ///< The whole line, an object.
  };
  void add(Line line);

  struct Query {
    /// Lines with higher numbers, the oldest first; 0: the last ones that there are. A number that no line of this
    /// process has had is another one's: all lines that there are, the oldest first.
    std::uint64_t after = 0;
    Level level = Level::kDebug;                  ///< This and above.
    std::string_view tool = {}, request_id = {};  ///< Empty: any.
    std::size_t limit = 200;
  };
  struct Page {
    std::vector<std::string> lines;  ///< JSON objects, in order.
    std::uint64_t next = 0;          ///< `after` of the next question.
    bool has_lost = false;           ///< Lines after `after` have gone already, perhaps with the process before.
  };
  Page read(const Query& query) const;

 private:
  const std::size_t max_lines_, max_bytes_;
  const std::uint64_t origin_;
  mutable base::Mutex mutex_;
  std::deque<Line> lines_ TR_GUARDED_BY(mutex_);
  std::size_t bytes_ TR_GUARDED_BY(mutex_) = 0;
  std::uint64_t last_ TR_GUARDED_BY(mutex_);
};

/// Of this process, numbered from the microseconds since 1970 at its start on: every line that `write` and
/// `write_plugin` let through.
Recent& recent();

}  // namespace toolrack::services::log
