/// SIGTERM and SIGINT as something to wait for.
#pragma once

#include <csignal>

namespace toolrack::app {

/// Blocks both for this thread and the ones made after it, and ignores SIGPIPE. One per process, made before other
/// threads.
class StopSignals {
 public:
  StopSignals();
  /// Returns when one of them has come.
  void wait() const;

 private:
  sigset_t set_;
};

}  // namespace toolrack::app
