/// Which process of this machine listens on a TCP port, for people who find it taken.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace toolrack::app {

struct PortHolder {
  pid_t pid = 0;
  std::string name;  ///< "nginx".
};

/// As /proc shows it. Nothing when nobody listens there, or when the process is one that we may not look into.
std::optional<PortHolder> port_holder(std::uint16_t port);

}  // namespace toolrack::app
