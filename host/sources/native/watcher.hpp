/// Watches plugin directories and calls for a scan when something in them has changed and come to rest.
#pragma once

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "base/folder_events.hpp"
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
  void run();
  void renew_watches();
  void read_events();

  const std::vector<PluginDirectory> directories_;
  const ScanFunction scan_;
  Settling settling_;          // Of the thread.
  base::FolderEvents events_;  // Of the thread.
  int wake_ = -1;
  std::thread thread_;
};

}  // namespace toolrack::sources::native
