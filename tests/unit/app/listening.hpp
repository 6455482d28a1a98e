/// A socket that listens on a free port, as a stranger's would.
#pragma once

#include <chrono>

#include "transports/net/listener.hpp"

namespace toolrack::app {

inline base::Result<net::TcpSocket> listen_on(const char* address) {
  return net::open_tcp(address, 0, true, std::chrono::seconds(60));
}

}  // namespace toolrack::app
