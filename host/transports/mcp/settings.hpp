/// What an operator may choose of MCP.
#pragma once

#include <chrono>

namespace toolrack::mcp {

struct Settings {
  /// A call of a session at 2025-11-25 that takes longer lets go of its connection; the client comes back for the
  /// answer. 0: connections are held until the answer is there.
  std::chrono::milliseconds poll_after{0};
  /// The transport of 2024-11-05 at /sse and /messages, beside /mcp.
  bool http_sse = false;

  bool operator==(const Settings&) const = default;
};

}  // namespace toolrack::mcp
