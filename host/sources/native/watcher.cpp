#include "sources/native/watcher.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::sources::native {
namespace {

namespace log = services::log;

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
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (!events_.problem().empty())
    log::write(log::Level::kWarning, "plugin directories cannot be watched; they are looked at now and then",
               {{"reason", events_.problem()}, {"remedy", "raise fs.inotify.max_user_instances"}});
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
  ::close(wake_);
}

void Watcher::run() {
  ::pthread_setname_np(::pthread_self(), "plugin-watch");
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(settling_.next() - std::chrono::steady_clock::now());
    std::array<pollfd, 2> ready{{{wake_, POLLIN, 0}, {events_.fd(), POLLIN, 0}}};  // A negative one is passed over.
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

/// The plugin directories, and the folders that they lie in, where only their names count.
void Watcher::renew_watches() {
  std::vector<base::FolderEvents::Folder> folders;
  for (const auto& directory : directories_) {
    const auto path = std::filesystem::absolute(directory.path).lexically_normal();
    folders.push_back({path.string()});
    const auto named = without_end_slash(path);
    folders.push_back({named.parent_path().string(), named.filename().string()});
  }
  for (const auto& folder : knowledge_folders(take_fingerprints(directories_))) folders.push_back({folder});
  events_.watch(folders);
}

void Watcher::read_events() {
  const auto now = std::chrono::steady_clock::now();
  if (!events_.read([&](std::string_view) { settling_.note_event(now); })) settling_.note_overflow(now);
}

}  // namespace toolrack::sources::native
