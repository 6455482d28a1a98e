/// Watches plugin directories and calls for a scan when something in them has changed and come to rest.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "sources/native/directory.hpp"
#include "sources/native/scan.hpp"
#include "sources/native/settling.hpp"

namespace toolrack::sources::native {

/// Owner: the application's wiring. A thread of its own: looks and scans read files. Where inotify is not to be had it
/// goes by the rescans alone, and logs that.
class Watcher {
 public:
  /// Scans with these options; returns the paths that it left as they were. In the watcher's thread.
  using ScanFunction = std::function<std::vector<std::string>(const ScanOptions& options)>;

  /// `known`: the files as the last scan saw them, taken before it.
  Watcher(std::vector<PluginDirectory> directories, Fingerprints known, Settling::Times times, ScanFunction scan);
  /// Waits for a scan that runs.
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  /// One watched directory: a plugin directory, or the folder that such a one lies in, where only its name counts.
  struct Watch {
    std::string path;
    std::vector<std::string> only;  // Names; empty: everything.
  };

  void run();
  void renew_watches();
  void watch(const std::string& path, const std::string& only, std::map<int, Watch>& now);
  void read_events();

  const std::vector<PluginDirectory> directories_;
  const ScanFunction scan_;
  Settling settling_;             // Of the thread.
  std::map<int, Watch> watches_;  // Of the thread.
  int events_ = -1, wake_ = -1;
  std::thread thread_;
};

}  // namespace toolrack::sources::native
