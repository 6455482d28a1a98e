#include "sources/native/watcher.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::sources::native {
namespace {

namespace log = services::log;

/// Links come with CREATE alone, moves with MOVED_TO alone. MODIFY is left out: what is written is closed in the end.
constexpr std::uint32_t kEvents =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/// Documents beside a manifest lie in a folder of their own.
std::vector<std::string> knowledge_folders(const Fingerprints& files) {
  std::vector<std::string> out;
  for (const auto& [path, stamp] : files)
    if (path.ends_with(kManifestSuffix))
      out.push_back(path.substr(0, path.size() - kManifestSuffix.size()) + ".knowledge");
  return out;
}

}  // namespace

Watcher::Watcher(std::vector<PluginDirectory> directories, Fingerprints known, Settling::Times times, ScanFunction scan)
    : directories_(std::move(directories)),
      scan_(std::move(scan)),
      settling_(times, std::chrono::steady_clock::now(), known),
      events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (events_ < 0)
    log::write(log::Level::kWarning, "plugin directories cannot be watched; they are looked at now and then",
               {{"reason", std::strerror(errno)}, {"remedy", "raise fs.inotify.max_user_instances"}});
  renew_watches();
  // Between the look that `known` is and the watches something may have happened.
  settling_.note_event(std::chrono::steady_clock::now());
  thread_ = std::thread([this] { run(); });
}

Watcher::~Watcher() {
  const std::uint64_t one = 1;
  while (::write(wake_, &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
  if (events_ >= 0) ::close(events_);
  ::close(wake_);
}

void Watcher::run() {
  ::pthread_setname_np(::pthread_self(), "plugin-watch");
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(settling_.next() - std::chrono::steady_clock::now());
    std::array<pollfd, 2> ready{{{wake_, POLLIN, 0}, {events_, POLLIN, 0}}};  // A negative one is passed over.
    const auto patience = std::clamp<std::int64_t>(left.count(), 0, 60'000);
    if (::poll(ready.data(), ready.size(), static_cast<int>(patience)) < 0 && errno != EINTR) return;
    if (ready[0].revents != 0) return;
    if (ready[1].revents != 0) read_events();
    const auto now = std::chrono::steady_clock::now();
    if (now < settling_.next()) continue;
    renew_watches();  // Before the look, so that nothing happens between them unseen.
    const auto decision = settling_.look(now, take_fingerprints(directories_));
    if (!decision.scans) continue;
    ScanOptions options;
    options.resting = &decision.resting;
    options.growing = decision.growing;
    const auto untouched = scan_(options);
    settling_.scanned(std::chrono::steady_clock::now(), decision, untouched);
  }
}

/// A directory may have been replaced by another one of its name, or by a link to elsewhere: the watch is of what it
/// was. Asking again gives the same watch where nothing changed.
void Watcher::renew_watches() {
  if (events_ < 0) return;
  std::map<int, Watch> now;
  for (const auto& directory : directories_) {
    const auto path = std::filesystem::absolute(directory.path).lexically_normal();
    watch(path.string(), "", now);
    const auto named = path.has_filename() ? path : path.parent_path();
    watch(named.parent_path().string(), named.filename().string(), now);
  }
  for (const auto& folder : knowledge_folders(take_fingerprints(directories_))) watch(folder, "", now);
  for (const auto& [id, watch] : watches_)
    if (!now.contains(id)) ::inotify_rm_watch(events_, id);
  watches_ = std::move(now);
}

void Watcher::watch(const std::string& path, const std::string& only, std::map<int, Watch>& now) {
  const int id = ::inotify_add_watch(events_, path.c_str(), kEvents);
  if (id < 0) return;  // Not there now: the folder that it lies in tells when it is, or the next rescan does.
  const auto [found, is_new] = now.try_emplace(id, Watch{path, {}});
  auto& names = found->second.only;
  if (only.empty())
    names.clear();
  else if (is_new || !names.empty())
    names.push_back(only);
}

void Watcher::read_events() {
  alignas(inotify_event) std::array<char, 16384> buffer;
  for (;;) {
    const auto size = ::read(events_, buffer.data(), buffer.size());
    if (size <= 0) return;
    const auto now = std::chrono::steady_clock::now();
    for (const char* at = buffer.data(); at < buffer.data() + size;) {
      const auto& event = *reinterpret_cast<const inotify_event*>(at);
      at += sizeof event + event.len;
      if ((event.mask & IN_Q_OVERFLOW) != 0) {
        settling_.note_overflow(now);
        continue;
      }
      const auto watch = watches_.find(event.wd);
      if (watch == watches_.end()) continue;
      const auto& only = watch->second.only;
      const std::string_view name = event.len == 0 ? "" : event.name;
      if (only.empty() || std::ranges::find(only, name) != only.end()) settling_.note_event(now);
    }
  }
}

}  // namespace toolrack::sources::native
