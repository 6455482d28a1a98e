/// What happens in folders: files that come, go and are written, by inotify.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::base {

/// Owner: whoever waits for it; one thread. Where inotify is not to be had it never tells anything, and says so.
class FolderEvents {
 public:
  struct Folder {
    std::string path;
    std::string only = {};  ///< The one name in it that counts; empty: every name.
  };
  FolderEvents();
  ~FolderEvents();
  FolderEvents(const FolderEvents&) = delete;
  FolderEvents& operator=(const FolderEvents&) = delete;

  /// Empty, or why nothing can be watched.
  const std::string& problem() const noexcept { return problem_; }
  /// To wait for with poll(); negative when nothing can be watched, which poll() passes over.
  int fd() const noexcept { return fd_; }

  /// From now on these, and no others. A folder may have been replaced by another one of its name, or by a link to
  /// elsewhere, and the watch is of what it was: so ask again after each event. One that is not there is passed over.
  void watch(const std::vector<Folder>& folders);

  /// Takes what has come, without waiting. `seen` is called for each with the name in its folder (empty: the folder
  /// itself). False: events are lost, anything may have happened.
  bool read(const std::function<void(std::string_view name)>& seen);

 private:
  std::map<int, std::vector<std::string>> watches_;  // The names that count; none: all.
  std::string problem_;
  int fd_;
};

}  // namespace toolrack::base
