#include "app/signals.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include <initializer_list>

namespace toolrack::app {
namespace {

bool has_terminal() {
  const int fd = ::open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) ::close(fd);
  return fd >= 0;
}

/// nohup sets it so.
bool ignores_hangup() {
  struct sigaction action {};
  return sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

Signals::Signals() : ends_with_terminal_(has_terminal() && !ignores_hangup()) {
  sigemptyset(&set_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Signal Signals::wait() const {
  int signal = 0;
  sigwait(&set_, &signal);
  if (signal == SIGUSR2) return Signal::kRenew;
  if (signal != SIGHUP) return Signal::kStop;
  // A closed terminal sends SIGHUP too, to say what it always said; a gateway started by hand must not outlive it
  // unseen.
  return ends_with_terminal_ && !has_terminal() ? Signal::kStop : Signal::kReload;
}

}  // namespace toolrack::app
