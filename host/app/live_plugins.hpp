/// Plugins that come and go while the gateway serves: what a scan finds, and what was decided about versions, becomes
/// the catalogue that calls see.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "app/kept_policies.hpp"
#include "app/kept_trials.hpp"
#include "app/version_trials.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "registry/catalogue.hpp"
#include "registry/published_catalogue.hpp"
#include "registry/version_decision.hpp"
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

  struct Settings {
    std::vector<std::string> owners;  ///< Whose tool a bare slug means, the first of them that has it.
    std::size_t loops = 1;            ///< That run calls.
    registry::TrialSettings trials;
  };
  /// Source, metrics and store outlive it.
  LivePlugins(sources::native::NativeSource& source, std::vector<sources::native::PluginDirectory> directories,
              Settings settings, base::Metrics& metrics, store::Store& store);

  /// The first scan. Errors: those of the store and of Catalogue::build.
  base::Result<void> open();
  registry::PublishedCatalogue& catalogue() noexcept { return *catalogue_; }
  /// Before other threads use it.
  void on_published(Published published) { published_ = std::move(published); }

  /// Begins to watch; until `stop`.
  void watch(sources::native::Settling::Times times);
  /// Waits for a change that is under way; afterwards nothing changes any more.
  void stop();

  /// Looks at every file again, also at those that failed. `force` (may be empty): a "tool@version" that serves from
  /// now on, also after a restart, although it takes something away from callers of the one before. kConflict and
  /// others: the catalogue stays as it was.
  base::Result<Change> rescan(std::string_view force = {});
  /// Whose tool a bare slug means from now on. Errors are those of Catalogue::build, then everything is as it was.
  base::Result<void> set_owners(std::vector<std::string> owners);

  /// Whose signatures count: looks at every file again, and withdraws what is not trusted any more. On an error what
  /// was trusted before is, from the next scan on.
  base::Result<void> set_trust(sources::native::Trust trust);

  void set_trials(const registry::TrialSettings& settings);

  /// Takes effect at once, and holds after a restart: waits for the store. `tool` is "tool" or "tool@version", as
  /// callers name it; the decision's version comes from there. Returns what write_versions makes of the tool. On an
  /// error everything is as it was.
  base::Result<std::string> decide(std::string_view tool, registry::VersionDecision decision);
  /// versions_json of all.
  std::string versions();

 private:
  base::Result<Change> scan(sources::native::ScanOptions options, std::vector<std::string>* left);
  base::Result<std::shared_ptr<const registry::Catalogue>> build(const registry::VersionPolicies& policies);
  void publish(std::shared_ptr<const registry::Catalogue> next);
  void begin_reversal(std::function<void()> published);
  void publish_lists(const std::stop_token& stop);
  std::set<std::string> forced() const;
  void keep_forced(const std::vector<std::string>& added);
  void note_usual_versions(const registry::Catalogue& before, const registry::Catalogue& now);
  base::Result<std::string> find_id(std::string_view name, registry::VersionDecision::Kind kind) const;
  std::vector<const registry::Tool*> versions_of(std::string_view id) const;
  base::Result<void> set_policy(const std::string& id, registry::VersionPolicy policy);
  void update_trials(const registry::Catalogue& before, const registry::Catalogue& now);
  void keep_trials();
  void judge_trials(const std::stop_token& stop);
  void end_trials();
  void end_trial(const std::string& id, const VersionTrial& trial, const VersionTrials::Standing& standing);

  sources::native::NativeSource& source_;
  const std::vector<sources::native::PluginDirectory> directories_;
  base::Counter& changes_;
  base::Counter& faults_;
  store::Store& store_;
  Published published_;
  std::optional<registry::PublishedCatalogue> catalogue_;
  sources::native::Fingerprints first_look_;
  std::optional<sources::native::Watcher> watcher_;

  std::mutex mutex_;  // One change at a time.
  Settings settings_;
  std::optional<KeptPolicies> policies_;
  std::optional<KeptTrials> kept_trials_;
  VersionTrials trials_;
  std::condition_variable_any trial_began_;
  std::set<std::string> forced_;  // Of versions that nobody has seen yet.
  std::vector<std::shared_ptr<const registry::Tool>> tools_;
  sources::native::RetiredModules retired_;  // Of scans whose catalogue could not be made: still named by the old one.
  bool is_unpublished_ = false;              // The last scan's tools.
  bool is_stopped_ = false;
  std::jthread judge_;  // Of trials; from the first one on.

  std::mutex lists_mutex_;
  std::condition_variable_any lists_changed_;
  bool has_lists_ = false;  // That were not looked at yet.
  std::jthread lists_;      // Publishes the skills that plugins list themselves.

  std::mutex reversal_mutex_;
  std::vector<std::jthread> reversals_;  // Scans for plugins that are back; few ever.
};

/// {"added": [...], "removed": [...], "faults": [as in plugins_json]}.
std::string to_json(const LivePlugins::Change& change);

}  // namespace toolrack::app
