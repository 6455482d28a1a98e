/// Where a gateway listens: at the sockets that were handed to it, or where its configuration says.
#pragma once

#include <cstddef>
#include <vector>

#include "app/config.hpp"
#include "app/handover.hpp"
#include "base/result.hpp"
#include "transports/net/listener.hpp"

namespace toolrack::app {

struct ListenSockets {
  /// Where it really is; of several addresses one that others than this machine reach, if there is such. Port 0 until
  /// sockets are open.
  Endpoint endpoint;
  std::vector<net::TcpSocket> sockets;  ///< Empty: to be opened at `endpoint`.
  bool is_ours = true;                  ///< Opened by a gateway, here or before this one; else by a service manager.
  bool is_kept = false;                 ///< Ours, and not where the configuration says: there is no listening there.
};

/// A service manager's sockets are served whatever `wanted` says. Those of the gateway before this one are, too, when
/// they are where `wanted` says, or there is no listening there; else new ones take their place, as many as there are
/// loops. The log says what became of that, and names `field`. kInvalidConfig when one is no listening TCP socket.
base::Result<ListenSockets> choose_sockets(const Endpoint& wanted, std::string_view field, Handover::Sockets given,
                                           std::size_t loops);

}  // namespace toolrack::app
