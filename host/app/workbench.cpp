#include "app/workbench.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <utility>

#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

namespace log = services::log;
using Clock = std::chrono::steady_clock;

/// An editor that saves, or a tool that checks out, touches many files in a row.
constexpr std::chrono::milliseconds kQuiet(50);

std::int64_t milliseconds_since(Clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start).count();
}

}  // namespace

Workbench::Workbench(ToolFolder folder, std::filesystem::path served, std::filesystem::path data, Gateway& gateway)
    : folder_(std::move(folder)),
      served_(std::move(served)),
      data_(std::move(data)),
      gateway_(gateway),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

Workbench::~Workbench() {
  const std::uint64_t one = 1;
  while (::write(stop_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void Workbench::run() {
  ::pthread_setname_np(::pthread_self(), "workbench");
  if (!events_.problem().empty())
    log::write(log::Level::kError, "the tool's folder cannot be watched: it is built this once",
               {{"reason", events_.problem()}, {"remedy", "raise fs.inotify.max_user_instances"}});
  do {
    events_.watch(folder_.watched(data_));  // Before the build, so that nothing changes unseen.
    build();
  } while (wait_for_change());
}

bool Workbench::wait_for_change() {
  bool has_changed = false;
  for (;;) {
    std::array<pollfd, 2> ready{{{stop_.get(), POLLIN, 0}, {events_.fd(), POLLIN, 0}}};
    const int count = ::poll(ready.data(), ready.size(), has_changed ? static_cast<int>(kQuiet.count()) : -1);
    if (count < 0 && errno != EINTR) return false;
    if (ready[0].revents != 0) return false;
    if (count == 0) return true;
    if (ready[1].revents == 0) continue;
    const bool is_complete =
        events_.read([&](std::string_view name) { has_changed = has_changed || ToolFolder::is_source(name); });
    has_changed = has_changed || !is_complete;
  }
}

void Workbench::build() {
  const auto start = Clock::now();
  const auto published = [&]() -> base::Result<bool> {
    TRY(folder_.build(stop_.get()));
    return folder_.publish(served_);
  }();
  if (!published) {
    const auto& error = published.error();
    if (error.code() == base::ErrorCode::kCancelled) return;
    return log::write(log::Level::kError, "the tool is not built: what was built before serves on",
                      {{"reason", error.message()}, {"remedy", error.hint()}});
  }
  if (!*published) return log::write(log::Level::kInfo, "the build has changed nothing");
  log::write(log::Level::kInfo, "the tool is built", {{"ms", milliseconds_since(start)}});
  // As the watcher would in a moment. What is wrong with the new one, and what is served now, the gateway says itself.
  if (const auto scanned = gateway_.rescan_plugins(); !scanned)
    log::write(log::Level::kError, "the tool that was built cannot be offered: everything stays as it was",
               {{"reason", scanned.error().message()}, {"remedy", scanned.error().hint()}});
}

}  // namespace toolrack::app
