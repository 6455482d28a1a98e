/// Plugins that come and go while the gateway serves: what a scan finds becomes the catalogue that calls see.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.hpp"
#include "base/result.hpp"
#include "registry/catalogue.hpp"
#include "sources/native/native_source.hpp"
#include "sources/native/watcher.hpp"

namespace toolrack::app {

/// Owner: the gateway. Threads: any; one change at a time, and whoever waits for one waits for plugins that start.
class LivePlugins {
 public:
  /// What one scan came to.
  struct Change {
    std::vector<std::string> added, removed;          ///< "owner/slug@version".
    std::vector<sources::native::PluginFile> faults;  ///< Not told before.
    bool is_change() const noexcept { return !added.empty() || !removed.empty(); }
  };
  /// Runs once for each published catalogue, in the thread that published it; for those who tell clients.
  using Published = std::function<void(const registry::Catalogue& catalogue)>;

  /// Source and metrics outlive it.
  LivePlugins(sources::native::NativeSource& source, std::vector<sources::native::PluginDirectory> directories,
              std::vector<std::string> owners, base::Metrics& metrics);

  /// The first scan. Errors: those of Catalogue::build.
  base::Result<void> open();
  registry::PublishedCatalogue& catalogue() noexcept { return *catalogue_; }
  /// Before other threads use it.
  void on_published(Published published) { published_ = std::move(published); }

  /// Begins to watch; until `stop`.
  void watch(sources::native::Settling::Times times);
  /// Waits for a scan that runs; afterwards nothing changes any more.
  void stop();

  /// Looks at every file again, also at those that failed. `force` (may be empty): a "tool@version" that serves from
  /// now on although it takes something away from callers of the one before. kConflict and others: the catalogue stays
  /// as it was.
  base::Result<Change> rescan(std::string_view force = {});
  /// Whose tool a bare slug means from now on. Errors are those of Catalogue::build, then everything is as it was.
  base::Result<void> set_owners(std::vector<std::string> owners);

 private:
  base::Result<Change> scan(sources::native::ScanOptions options, std::vector<std::string>* left);
  void publish(std::shared_ptr<const registry::Catalogue> next);

  sources::native::NativeSource& source_;
  const std::vector<sources::native::PluginDirectory> directories_;
  base::Counter& changes_;
  base::Counter& faults_;
  Published published_;
  std::optional<registry::PublishedCatalogue> catalogue_;
  sources::native::Fingerprints first_look_;
  std::optional<sources::native::Watcher> watcher_;

  std::mutex mutex_;  // One change at a time.
  std::vector<std::string> owners_;
  std::set<std::string> forced_;
  std::vector<std::shared_ptr<const registry::Tool>> tools_;
  sources::native::RetiredModules retired_;  // Of scans whose catalogue could not be made: still named by the old one.
  bool is_unpublished_ = false;              // The last scan's tools.
  bool is_stopped_ = false;
};

/// {"added": [...], "removed": [...], "faults": [as in plugins_json]}.
std::string to_json(const LivePlugins::Change& change);

}  // namespace toolrack::app
