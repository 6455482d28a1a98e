#include "app/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "services/log/log.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::app {
namespace {

std::optional<std::uint64_t> whole_number_in(const char* variable) {
  const auto* text = std::getenv(variable);
  std::uint64_t number = 0;
  if (text == nullptr || std::from_chars(text, text + std::strlen(text), number).ec != std::errc()) return std::nullopt;
  return number;
}

}  // namespace

void tell_service_manager(std::string_view state) noexcept {
  const auto* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto size = std::strlen(path);
  if (size < 2 || size >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@')) return;
  std::memcpy(address.sun_path, path, size);
  if (path[0] == '@') address.sun_path[0] = '\0';  // A name that is no file.
  const net::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ::sendto(socket.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
           static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size));
}

void tell_reloading() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  tell_service_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                                   std::uint64_t(now.tv_sec) * 1'000'000 + std::uint64_t(now.tv_nsec) / 1'000));
}

std::optional<std::chrono::microseconds> watchdog_interval() noexcept {
  const auto interval = whole_number_in("WATCHDOG_USEC");
  if (!interval || *interval == 0 || std::getenv("NOTIFY_SOCKET") == nullptr) return std::nullopt;
  const auto pid = whole_number_in("WATCHDOG_PID");
  if (pid && *pid != static_cast<std::uint64_t>(::getpid())) return std::nullopt;
  return std::chrono::microseconds(*interval);
}

Heartbeat::Heartbeat(std::chrono::microseconds interval,
                     std::function<bool(std::chrono::milliseconds patience)> is_alive)
    : pause_(std::max<std::chrono::milliseconds>(std::chrono::duration_cast<std::chrono::milliseconds>(interval / 2),
                                                 std::chrono::milliseconds(1))),
      is_alive_(std::move(is_alive)),
      thread_([this] { run(); }) {}

Heartbeat::~Heartbeat() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Heartbeat::run() {
  std::unique_lock lock(mutex_);
  while (!is_over_) {
    lock.unlock();
    if (is_alive_(pause_))
      tell_service_manager("WATCHDOG=1");
    else
      services::log::write(services::log::Level::kError, "an event loop does not answer",
                           {{"patience_ms", std::int64_t{pause_.count()}}});
    lock.lock();
    wake_.wait_for(lock, pause_, [this] { return is_over_; });
  }
}

}  // namespace toolrack::app
