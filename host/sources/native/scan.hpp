/// One pass over the plugin directories: which files changed, and who serves from now on. Internal to
/// native_source.cpp.
///
/// Who serves already goes on: a file that is unchanged keeps its tool against any newcomer, one that was replaced by
/// something faulty keeps what it was before, and a newcomer that takes a tool over has to be up first. Only then do
/// new files get what is left, in their order. What is not trusted any more does not go on: it is read anew.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sources/native/checked_file.hpp"
#include "sources/native/directory.hpp"
#include "sources/native/environment.hpp"
#include "sources/native/plugin_file.hpp"
#include "sources/native/served.hpp"
#include "sources/native/signature.hpp"

namespace toolrack::sources::native {

/// What is remembered of one file between scans.
struct FileEntry {
  FileStamp stamp;
  /// Null: nothing serves from it. With a fault in `row` it is what the file was before that.
  std::shared_ptr<Served> module;
  PluginFile row;
  bool is_settled = false;  // The file alone decided; reading it again would say the same.
  bool is_faulty() const noexcept { return !row.code.empty(); }
};

/// Makes the row one of a file that failed.
void describe_failure(PluginFile& row, const LoadError& error);

using FileEntries = std::map<std::string, FileEntry>;                // By path.
using ServedByKey = std::map<std::string, std::shared_ptr<Served>>;  // By "owner/slug@version".

struct ScanOptions {
  /// The files as they have come to rest: what is not among them, or has changed since, is left as it was. Null: every
  /// file as it is.
  const Fingerprints* resting = nullptr;
  /// Paths among them that may still grow: one that ends early is left as it was, and not a fault yet.
  std::set<std::string> growing;
  bool retries_failed = false;  ///< Also files that have failed and not changed.
  /// "owner/slug@version" or "slug@version": may take something away from callers of the version before.
  std::set<std::string> forced;
};

class Scan {
 public:
  struct Hooks {
    std::function<std::shared_ptr<Served>(PluginFile row, CheckedFile file)> make;
    /// Returns when `next` is ready to serve in place of `old` (may be null), or with the reason why it is not.
    std::function<std::optional<LoadError>(Served& next, const std::shared_ptr<Served>& old)> bring_up;
  };
  Scan(FileEntries before, ServedByKey serving, const Settings& settings, const Trust& trust,
       const ScanOptions& options, Hooks hooks)
      : before_(std::move(before)),
        serving_before_(std::move(serving)),
        settings_(settings),
        trust_(trust),
        options_(options),
        hooks_(std::move(hooks)) {}

  /// Once.
  void run(const std::vector<Candidate>& candidates);

  // What came of it.
  FileEntries entries;
  std::vector<std::string> order;  // Paths as they were listed.
  ServedByKey serving;
  std::vector<std::shared_ptr<Served>> in_order, made, failed;  // `failed`: made, and not up.
  std::vector<std::string> left;                                // Paths that were left as they were.

 private:
  enum class Kind { kSame, kHeld, kBad, kNew };
  struct Look {
    std::string path;
    Kind kind = Kind::kBad;
    FileEntry entry;
    std::optional<CheckedFile> checked;  // With kNew.
  };
  struct Holder {
    std::string tool, path;
  };
  using Holders = std::map<std::string, Holder>;

  void look(const Candidate& candidate);
  LoadResult<void> check_signer(const std::string& path, const FileStamp& stamped, CheckedFile& checked) const;
  bool is_trusted(const Served& module, bool is_bundled) const;
  void look_at_directory(const Candidate& candidate);
  void leave(const std::string& path, const FileEntry* known);
  void note_fault(Look& look, const FileEntry* known, const LoadError& error, bool is_settled);
  void refuse_breaks();
  std::shared_ptr<Served> module_before(const Look& look) const;
  void take(Look& look);
  void hold(Look& look);
  bool admit(FileEntry& entry, const registry::Tool& tool, const std::string& build_id);
  std::optional<LoadError> find_clash(const registry::Tool& tool) const;
  void serve(FileEntry& entry, const std::shared_ptr<Served>& module, const registry::Tool& tool);
  const FileEntry* find_known(const std::string& path) const;
  std::shared_ptr<Served> find_equal(const CheckedFile& file) const;
  std::shared_ptr<Served> find_predecessor(const std::string& path, const std::string& id) const;
  bool is_served_now(const Served& module) const;

  const FileEntries before_;
  const ServedByKey serving_before_;
  const Settings& settings_;
  const Trust& trust_;
  const ScanOptions& options_;
  const Hooks hooks_;
  std::deque<Look> looks_;
  std::set<std::string> paths_;
  std::map<std::string, std::string> holders_;  // Key to path.
  Holders flat_names_, slugs_, aliases_, uris_, prompts_;
};

}  // namespace toolrack::sources::native
