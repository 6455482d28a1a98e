/// Plugins in directories: which files there are, what is wrong with each, and the tools of those that can serve.
///
/// Discovery runs no code of a plugin: each *.so is read as ELF, its manifest taken from the note; a *.tool.json is a
/// manifest and nothing else. Libraries are loaded by their first call, and not at all when the host carries out every
/// skill itself. `scan` may be called again at any time and says what changed; a watcher only has to call it.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "registry/tool.hpp"
#include "sources/http_targets.hpp"
#include "sources/native/checked_file.hpp"
#include "sources/native/environment.hpp"
#include "sources/native/plugin_file.hpp"

namespace toolrack::sources::native {

class Module;
class Reaper;
class Served;
class Runtime;

struct PluginDirectory {
  std::filesystem::path path;
  bool bundled = false;  ///< Its tools ship with the program and win bare slugs.
};

/// Modules whose file is gone or has been replaced. They go on serving until `NativeSource::drain`, so that the
/// catalogue without them can be published first.
struct RetiredModules {
  std::vector<std::shared_ptr<Served>> modules;
};

struct ScanResult {
  std::vector<std::shared_ptr<const registry::Tool>>
      tools;                                ///< All that can serve, in the order of directories and names.
  std::vector<std::string> added, removed;  ///< "owner/slug@version", against the scan before.
  RetiredModules retired;
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
  /// are passed over. The first file of an owner, slug and version counts; a second one with another build is
  /// E_DUPLICATE_ID, with the same build nothing. A flat name or alias that leads to another tool is E_NAME_CLASH. A
  /// directory that cannot be read is reported as a file.
  ScanResult scan(const std::vector<PluginDirectory>& directories);

  /// Lets nobody in, waits for who is inside, closes. Returns at once; `closed` (may be null) runs when the last one
  /// is.
  void drain(RetiredModules retired, std::function<void()> closed);

  /// Where providers are from now on, in place of `Settings::provider_base_urls`: for requests that begin after it.
  void move_providers(BaseUrls base_urls);

  /// One row for every file the last scan saw, as things stand now.
  std::vector<PluginFile> files() const;

 private:
  class Scan;
  /// What is remembered of one file between scans.
  struct Entry {
    FileStamp stamp;
    std::shared_ptr<Served> module;  // Null: `row` says why.
    PluginFile row;
    bool is_settled = false;  // The file alone decided; reading it again would say the same.
  };

  std::shared_ptr<Served> make_module(PluginFile row, CheckedFile file);
  std::shared_ptr<Served> make_declarative(PluginFile row, const CheckedFile& file);

  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Reaper> reaper_;
  std::unique_ptr<base::Pool> control_;

  std::mutex scan_mutex_;  // One scan at a time.

  mutable base::Mutex mutex_;
  std::map<std::string, Entry> entries_ TR_GUARDED_BY(mutex_);                    // By path.
  std::vector<std::string> order_ TR_GUARDED_BY(mutex_);                          // Paths as the last scan saw them.
  std::map<std::string, std::shared_ptr<Served>> serving_ TR_GUARDED_BY(mutex_);  // By "owner/slug@version".
  std::set<std::shared_ptr<Served>> open_ TR_GUARDED_BY(mutex_);                  // Made and not closed yet.
  /// Of plugins that leave some of their skills to the host.
  std::map<Served*, std::shared_ptr<Served>> companions_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::native
