#include "app/last_resort.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>

#include "cli/exit_code.hpp"
#include "services/log/log.hpp"

namespace toolrack::app {

namespace log = services::log;

LastResort::LastResort(std::chrono::milliseconds patience, Heeds heeds)
    : over_(::eventfd(0, EFD_CLOEXEC)), thread_([this, patience, heeds] { run(patience, heeds); }) {}

LastResort::~LastResort() {
  constexpr std::uint64_t kOne = 1;
  if (over_ >= 0) [[maybe_unused]]
    const auto written = ::write(over_, &kOne, sizeof kOne);
  thread_.join();
  ::close(over_);
}

void LastResort::run(std::chrono::milliseconds patience, Heeds heeds) const {
  if (over_ < 0) return;
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  const int signals = heeds == Heeds::kTime ? -1 : ::signalfd(-1, &ends, SFD_CLOEXEC);
  std::array<pollfd, 2> watched{pollfd{over_, POLLIN, 0}, pollfd{signals, POLLIN, 0}};  // poll passes over -1.

  const auto deadline = std::chrono::steady_clock::now() + patience;
  int ready = 0;
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    ready = ::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
  } while (ready < 0 && errno == EINTR);
  if (signals >= 0) ::close(signals);
  if (watched[0].revents != 0) return;
  log::write(log::Level::kCritical, "the gateway ends without its plugins",
             {{"reason", ready == 0 ? "it did not stop in time" : "it was told to stop a second time"}});
  std::_Exit(cli::kFailure);
}

}  // namespace toolrack::app
