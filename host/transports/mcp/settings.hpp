/// What an operator may choose of MCP.
#pragma once

#include <chrono>
#include <cstdint>

namespace toolrack::mcp {

struct Settings {
  /// A call of a session at 2025-11-25 that takes longer lets go of its connection; the client comes back for the
  /// answer. 0: connections are held until the answer is there.
  std::chrono::milliseconds poll_after{0};
  /// The transport of 2024-11-05 at /sse and /messages, beside /mcp.
  bool http_sse = false;
  /// Of an image or a recording that stands in a result itself; a larger one is linked to.
  std::uint64_t inline_media_bytes = 256 << 10;
  /// Of a result's text; of a longer one the beginning is there, and a link to the whole. 0: any.
  std::uint64_t inline_text_bytes = 1 << 20;

  bool operator==(const Settings&) const = default;
};

}  // namespace toolrack::mcp
