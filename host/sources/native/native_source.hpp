/// Plugins in directories: which files there are, what is wrong with each, and the tools of those that can serve.
///
/// Discovery runs no code of a plugin: each *.so is read as ELF, its manifest taken from the note; a *.tool.json is a
/// manifest and nothing else. Libraries are loaded by their first call, and not at all when the host carries out every
/// skill itself. `scan` may be called again at any time and says what changed; a watcher only has to call it.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "registry/tool.hpp"
#include "sources/http_targets.hpp"
#include "sources/native/checked_file.hpp"
#include "sources/native/directory.hpp"
#include "sources/native/environment.hpp"
#include "sources/native/frame_watch.hpp"
#include "sources/native/module.hpp"
#include "sources/native/offer.hpp"
#include "sources/native/plugin_file.hpp"
#include "sources/native/scan.hpp"
#include "sources/native/served.hpp"
#include "sources/native/signature.hpp"

namespace toolrack::sources::native {

class Reaper;
class Runtime;

/// Modules whose file is gone or has been replaced. They go on serving until `NativeSource::drain`, so that the
/// catalogue without them can be published first.
struct RetiredModules {
  std::vector<std::shared_ptr<Served>> modules;
};

struct ScanResult {
  std::vector<std::shared_ptr<const registry::Tool>>
      tools;                                ///< All that can serve, in the order of directories and names.
  std::vector<std::string> added, removed;  ///< "owner/slug@version", against the scan before; both: another build.
  RetiredModules retired;
  std::vector<PluginFile> faults;  ///< Files that are not served as they are, and were not told of before.
  std::vector<std::string> left;   ///< Paths that were not looked at yet, because `ScanOptions` says so.
  bool has_new_lists = false;      ///< Skills that plugins list themselves are others than before.
  bool is_changed() const noexcept { return !added.empty() || !removed.empty(); }
};

/// Owner: the application's wiring. The destructor drains and closes everything and waits for it; loops and pools run
/// until then. Threads: any, one scan at a time; `scan` reads files, so not on a loop.
class NativeSource {
 public:
  explicit NativeSource(Environment environment);
  ~NativeSource();
  NativeSource(const NativeSource&) = delete;
  NativeSource& operator=(const NativeSource&) = delete;

  /// Reads every *.so and *.tool.json of the directories, in the given order, names sorted; hidden files, *.tmp and *~
  /// are passed over. Who serves an owner, slug and version goes on, else the first file counts; a second one with
  /// another build is E_DUPLICATE_ID, with the same build nothing. A flat name or alias that leads to another tool is
  /// E_NAME_CLASH. A directory that cannot be read is reported as a file.
  ///
  /// What takes the place of a tool that serves is loaded and started in here, with its state; when it fails, or the
  /// file is faulty, what was there before serves on and the file is told as a fault. Waits for that as long as a load
  /// may take; and for new plugins that list skills themselves, all at once, until they have been loaded and asked. One
  /// that fails at that has the manifest's skills.
  ScanResult scan(const std::vector<PluginDirectory>& directories, const ScanOptions& options = {});

  /// Whose signatures count from the next scan on, in place of `Settings`: with `retries_failed` it serves what is
  /// trusted now, and what serves without that is withdrawn. Returns what held. Waits for a scan that is under way.
  Trust set_trust(Trust trust);

  /// For modules that no published catalogue names any more. Once nobody holds an older catalogue either, lets nobody
  /// in, waits for who is inside, closes; after the drain timeout all of that whether they have ended or not. Returns
  /// at once; `closed` (may be null) runs when the last one is, but not after the source's own end.
  void drain(RetiredModules retired, std::function<void()> closed);

  /// `reverse` runs, in some thread, when an exclusive plugin is back because the next one has not come up after it had
  /// gone: the next scan offers it again. It returns at once, and later calls `published`, when that scan's catalogue
  /// is published; calls wait until then. Null: nobody is told, and when this returns nobody is being told any more.
  using Reverse = std::function<void(std::function<void()> published)>;
  void on_reversal(Reverse reverse);

  /// `heard` runs, in some thread, when plugins have listed skills since the last `scan` or `take_lists`. It returns at
  /// once. Null: nobody is told, and when this returns nobody is being told any more.
  void on_lists(std::function<void()> heard);
  /// The tools that serve, as the last scan gave them, with the skills that plugins have listed since; nothing when
  /// those are as they were. Waits for a scan that is under way.
  std::optional<std::vector<std::shared_ptr<const registry::Tool>>> take_lists();

  /// Where providers are from now on, in place of `Settings::provider_base_urls`: for requests that begin after it.
  void move_providers(BaseUrls base_urls);

  /// Whose code does not come back now.
  std::vector<HangingFrame> hanging() const { return frame_watch_->hanging(); }

  /// One row for every file the last scan saw, as things stand now: first of what is wrong with it, then of what serves
  /// from it, which may be what it was before. Then those who still drain, and libraries that stayed.
  std::vector<PluginFile> files() const;

 private:
  std::shared_ptr<Served> make_module(PluginFile row, CheckedFile file);
  std::shared_ptr<Served> make_declarative(PluginFile row, const CheckedFile& file);
  std::optional<LoadError> bring_up(Served& next, const std::shared_ptr<Served>& old);
  void fall_back(const std::shared_ptr<Served>& failed, const LoadError& why, Module::Left left,
                 std::function<void(bool)> done);
  void close(const std::shared_ptr<Served>& module, std::chrono::milliseconds patience, std::function<void()> closed);
  std::shared_ptr<Offer> offer_of(const std::shared_ptr<Served>& module);
  static void ask_for_skills(const std::vector<std::shared_ptr<Served>>& made,
                             const std::vector<std::shared_ptr<Served>>& failed);
  bool settle_lists(const std::vector<std::shared_ptr<Served>>& in_order);
  void forget(const std::shared_ptr<Served>& closed);

  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Reaper> reaper_;
  std::unique_ptr<base::Pool> control_;
  std::unique_ptr<FrameWatch> frame_watch_;  // Of the runtime's frames.

  /// An exclusive plugin that is back.
  struct Reversal {
    std::shared_ptr<Served> failed, restored;
    LoadError why;
  };

  std::mutex scan_mutex_;  // One scan at a time.
  Trust trust_;            // Of scan_mutex_.
  Mounts mounts_;          // Of scan_mutex_.

  mutable base::Mutex mutex_;
  FileEntries entries_ TR_GUARDED_BY(mutex_);
  std::vector<std::string> order_ TR_GUARDED_BY(mutex_);  // Paths as the last scan saw them.
  ServedByKey serving_ TR_GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<Served>> in_order_ TR_GUARDED_BY(mutex_);  // The same, as the last scan gave them.
  std::function<void()> lists_heard_ TR_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<Served>> open_ TR_GUARDED_BY(mutex_);  // Made and not closed yet.
  std::map<Served*, std::shared_ptr<Offer>> offers_ TR_GUARDED_BY(mutex_);
  std::deque<PluginFile> resident_ TR_GUARDED_BY(mutex_);  // The latest ones.
  std::vector<Reversal> reversals_ TR_GUARDED_BY(mutex_);  // That no scan has seen yet.
  Reverse reverse_ TR_GUARDED_BY(mutex_);
  /// Of plugins that leave some of their skills to the host.
  std::map<Served*, std::shared_ptr<Served>> companions_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::native
