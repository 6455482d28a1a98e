/// Signals as something to wait for.
#pragma once

#include <csignal>

namespace toolrack::app {

enum class Signal {
  kStop,    ///< SIGTERM, SIGINT; SIGHUP when our terminal is gone.
  kReload,  ///< SIGHUP.
  kRenew,   ///< SIGUSR2: become the program that is on the disk now.
};

/// Blocks SIGTERM, SIGINT, SIGHUP and SIGUSR2 for this thread and the ones made after it, and ignores SIGPIPE. One per
/// process, made before other threads.
class Signals {
 public:
  Signals();
  /// Returns when one of them has come; several of one kind that came before count as one.
  Signal wait() const;

 private:
  sigset_t set_;
  bool ends_with_terminal_;
};

}  // namespace toolrack::app
