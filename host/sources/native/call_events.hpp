/// Progress, partial results, lines and checkpoints on their way from a plugin's thread to the call's loop.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/lent_bytes.hpp"
#include "base/mutex.hpp"
#include "registry/handler.hpp"

namespace toolrack::sources::native {

/// More than this waiting: the plugin is asked to pause.
inline constexpr std::size_t kEventsPauseBytes = 256 << 10;

/// Threads: `flush`, `reset` on the call's loop; the rest any.
class CallEvents {
 public:
  struct Progress {
    double done = 0, total = 0;
    std::string note;
  };
  struct Line {
    std::uint8_t level = 0;
    std::string text, fields_json;
  };
  /// `lent` is released, on the loop, after the part was passed on.
  struct Partial {
    registry::Part part;
    base::LentBytes lent;
  };

  /// A place among them: `reached` is called, on the loop, when everything before it has been passed on and nothing
  /// behind it. Not when the call has ended before.
  struct Mark {
    std::function<void()> reached;
  };

  /// True when nothing was waiting: the caller posts a flush. A progress replaces one that is still waiting behind no
  /// part.
  bool add(Progress progress);
  bool add(Partial partial);
  /// Left out when too much is waiting: a plugin that writes without end does not fill the memory.
  bool add(Line line);
  bool add(Mark mark);
  bool is_full() const noexcept { return waiting_bytes_.load(std::memory_order_acquire) > kEventsPauseBytes; }
  /// Has the listener said that it takes no more?
  bool is_deaf() const noexcept { return is_deaf_.load(std::memory_order_acquire); }

  /// Passes everything on, in order; to nobody when `completion` is null.
  void flush(registry::Completion* completion);
  bool is_empty() const noexcept { return !has_any_.load(std::memory_order_acquire); }
  void reset() {
    if (!is_empty()) flush(nullptr);
    is_deaf_.store(false, std::memory_order_release);
  }

 private:
  base::Mutex mutex_;
  std::vector<std::variant<Progress, Partial, Line, Mark>> waiting_ TR_GUARDED_BY(mutex_);
  std::atomic<std::size_t> waiting_bytes_{0};
  std::atomic<bool> has_any_{false};
  std::atomic<bool> is_deaf_{false};
};

}  // namespace toolrack::sources::native
