/// Decides when what happens in plugin directories has come to an end, so that half a copy is never taken for a plugin.
/// Pure: time and looks come from outside.
///
/// An event makes the directories dirty. When they have been quiet for a moment, and two looks at a file agree, the
/// file has come to rest. Files that go on changing are looked at less and less often, and hold up no other. Because
/// some file systems send no events, everything is looked at now and then anyway.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sources/native/directory.hpp"

namespace toolrack::sources::native {

/// Of one thread.
class Settling {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  struct Times {
    std::chrono::milliseconds quiet{150};      ///< After the last event, until a look.
    std::chrono::milliseconds again{50};       ///< Between two looks that have to agree.
    std::chrono::milliseconds longest{2'000};  ///< Between looks at what does not come to rest; and how long a file
                                               ///< that ends early is given to grow.
    std::chrono::milliseconds rescan{30'000};  ///< Between scans without a reason.
  };
  /// `known`: as the last scan saw the files.
  Settling(Times times, TimePoint now, Fingerprints known);

  void note_event(TimePoint now);
  /// Events are lost: everything has to be scanned.
  void note_overflow(TimePoint now);
  /// When to look, at the latest.
  TimePoint next() const noexcept;

  struct Decision {
    bool scans = false;             ///< With what follows; then `scanned`.
    Fingerprints resting;           ///< What has come to rest.
    std::set<std::string> growing;  ///< Of that, what has rested for so short that it may go on growing.
  };
  /// `seen`: all files now.
  Decision look(TimePoint now, const Fingerprints& seen);
  /// The scan took over what rested, but for the paths that it left as they were.
  void scanned(TimePoint now, const Decision& decision, const std::vector<std::string>& left);

 private:
  struct Sight {
    FileStamp stamp;
    bool is_there = true;
    TimePoint since;  // It looks like that.
  };
  bool differs(const std::string& path, const Sight& sight) const;
  void see(TimePoint now, const Fingerprints& seen);

  const Times times_;
  Fingerprints known_;
  std::map<std::string, Sight> sights_;
  bool is_dirty_ = false;
  TimePoint first_event_, due_, rescan_at_;
  std::chrono::milliseconds delay_;  // Until the next look at what has not come to rest.
};

}  // namespace toolrack::sources::native
