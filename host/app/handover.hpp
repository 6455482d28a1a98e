/// What one process gives to the next so that no client notices the change: listening sockets, and the right to the
/// data directory. It comes from a service manager that listens already (systemd.socket), or from the program that this
/// one takes the place of; both as sd_listen_fds(3) has it.
///
/// Descriptors are known by LISTEN_FDNAMES: "metrics", and whatever else is a socket for the gateway itself; from
/// ourselves also "lock", "own-local", the socket in the data directory, and "own-http" and "own-metrics", sockets that
/// a gateway has opened where its configuration said.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "transports/net/unique_fd.hpp"

namespace toolrack::app {

struct Handover {
  struct Sockets {
    std::vector<net::UniqueFd> fds;  ///< Empty: open them yourself.
    bool is_ours = false;            ///< Opened by a gateway; else by a service manager.
  };
  Sockets http, metrics;
  net::UniqueFd local;  ///< In the data directory, beside its lock; none: open it.
  net::UniqueFd lock;   ///< Of the data directory; none: acquire it.
};

/// What was given to this process, and to no child of it: the variables are removed. Before the first thread.
Handover take_handover();

/// The program that takes the place of this process: what is on the disk by then, with the same arguments.
class Successor {
 public:
  /// Remembers how this process was started. Before its program can be replaced.
  Successor();

  /// Would it start? Runs it with --check, for at most half a minute. kInvalidConfig says what it said.
  base::Result<void> check() const;

  /// This process becomes it, with nothing open but what is handed over; everything has been taken down before. Returns
  /// only when that fails. `credentials`: what was taken from the environment of this process.
  base::Error start(const Handover& handover, const services::credentials::PlatformCredentials& credentials) const;

 private:
  std::string program_;  ///< Empty: it cannot be told.
  std::vector<std::string> arguments_;
};

}  // namespace toolrack::app
