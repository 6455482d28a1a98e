#include "base/folder_events.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

namespace toolrack::base {
namespace {

/// Links come with CREATE alone, moves with MOVED_TO alone. MODIFY is left out: what is written is closed in the end.
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

}  // namespace

FolderEvents::FolderEvents() : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)) {
  if (fd_ < 0) problem_ = std::strerror(errno);
}

FolderEvents::~FolderEvents() {
  if (fd_ >= 0) ::close(fd_);
}

void FolderEvents::watch(const std::vector<Folder>& folders) {
  if (fd_ < 0) return;
  std::map<int, std::vector<std::string>> now;
  for (const auto& folder : folders) {
    // Asking again gives the same watch where nothing changed.
    const int id = ::inotify_add_watch(fd_, folder.path.c_str(), kEvents);
    if (id < 0) continue;
    const auto [found, is_new] = now.try_emplace(id);
    auto& names = found->second;
    if (folder.only.empty())
      names.clear();
    else if (is_new || !names.empty())
      names.push_back(folder.only);
  }
  for (const auto& [id, names] : watches_)
    if (!now.contains(id)) ::inotify_rm_watch(fd_, id);
  watches_ = std::move(now);
}

bool FolderEvents::read(const std::function<void(std::string_view name)>& seen) {
  alignas(inotify_event) std::array<char, 16384> buffer;
  bool is_complete = true;
  for (;;) {
    const auto size = ::read(fd_, buffer.data(), buffer.size());
    if (size <= 0) return is_complete;
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(at);
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        is_complete = false;
        continue;
      }
      const auto watch = watches_.find(event.wd);
      if (watch == watches_.end()) continue;
      const auto& only = watch->second;
      const std::string_view name = event.len == 0 ? "" : event.name;
      if (only.empty() || std::ranges::find(only, name) != only.end()) seen(name);
    }
  }
}

}  // namespace toolrack::base
