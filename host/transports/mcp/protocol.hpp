/// The revisions of MCP that are served, and the constants of its wire. Facts: modelcontextprotocol.io/specification.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace toolrack::mcp {

/// Oldest first; comparing tells which is newer. Everything before k20260728 opens with `initialize` ("legacy"); from
/// there on every request stands alone ("modern").
enum class Revision : unsigned char { k20241105, k20250326, k20250618, k20251125, k20260728 };

inline constexpr std::array<std::string_view, 5> kRevisionNames{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25",
                                                                "2026-07-28"};
inline constexpr Revision kNewestLegacy = Revision::k20251125;
inline constexpr std::string_view kModernName = kRevisionNames.back();

constexpr std::string_view to_string(Revision revision) { return kRevisionNames[static_cast<std::size_t>(revision)]; }

constexpr std::optional<Revision> find_revision(std::string_view name) {
  for (std::size_t i = 0; i < kRevisionNames.size(); ++i)
    if (kRevisionNames[i] == name) return static_cast<Revision>(i);
  return std::nullopt;
}

/// Does the text claim the modern era: a date of 2026-07-28 or later?
constexpr bool is_modern(std::string_view version) {
  return version.size() == kModernName.size() && version[4] == '-' && version[7] == '-' && version >= kModernName;
}

/// Levels of log lines, RFC 5424's, least severe first: the numbers of abi.h and of services::log::Level.
inline constexpr std::array<std::string_view, 8> kLogLevels{"debug", "info",     "notice", "warning",
                                                            "error", "critical", "alert",  "emergency"};

constexpr std::optional<std::uint8_t> find_log_level(std::string_view name) {
  for (std::size_t i = 0; i < kLogLevels.size(); ++i)
    if (kLogLevels[i] == name) return static_cast<std::uint8_t>(i);
  return std::nullopt;
}

// JSON-RPC and MCP error codes.
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidMessage = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kHeaderMismatch = -32020;
inline constexpr int kMissingCapability = -32021;
inline constexpr int kUnsupportedVersion = -32022;

// Members of a modern request's _meta.
inline constexpr std::string_view kMetaVersion = "io.modelcontextprotocol/protocolVersion";
inline constexpr std::string_view kMetaCapabilities = "io.modelcontextprotocol/clientCapabilities";
inline constexpr std::string_view kMetaClientInfo = "io.modelcontextprotocol/clientInfo";
inline constexpr std::string_view kMetaLogLevel = "io.modelcontextprotocol/logLevel";
inline constexpr std::string_view kMetaSubscription =
    "io.modelcontextprotocol/subscriptionId";  // Of notifications, too.
inline constexpr std::string_view kMetaServerInfo = "io.modelcontextprotocol/serverInfo";

/// Of the capabilities' `extensions`.
inline constexpr std::string_view kTasksExtension = "io.modelcontextprotocol/tasks";

}  // namespace toolrack::mcp
