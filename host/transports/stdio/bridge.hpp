/// MCP on standard input and output: a bridge from lines to a gateway's MCP endpoint over HTTP.
///
/// The gateway is the owner of this machine's data directory, reached over its socket, or a remote one. All knowledge
/// of the protocol's eras stays there; the bridge adds what HTTP wants beside the body (headers, the legacy session)
/// and keeps the client's pipe alive when the gateway's process is replaced.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace toolrack::stdio {

/// Where a gateway listens. A `url` without a path means its `/mcp`.
struct Endpoint {
  std::string url;          ///< http or https.
  std::string socket_path;  ///< When set, the connection goes to this unix socket whatever host the URL names.
  std::string key;          ///< Sent as `Authorization: Bearer`; may be empty.
};

/// Made and run by one thread, with one poll for the client's pipe and all requests under way. Writes nothing but
/// messages to `out_fd`, one a line.
class Bridge {
 public:
  /// Finds a gateway when the present one is gone, or becomes one. May take its time: nothing else is served meanwhile.
  using Elect = std::function<base::Result<Endpoint>()>;

  /// How long answers that are due have when the input has ended.
  static constexpr std::chrono::seconds kFarewell{2};

  /// The descriptors stay the caller's. Without `elect` (remote gateways) the endpoint never changes.
  Bridge(int in_fd, int out_fd, Endpoint endpoint, Elect elect, std::chrono::milliseconds farewell = kFarewell);
  ~Bridge();
  Bridge(const Bridge&) = delete;
  Bridge& operator=(const Bridge&) = delete;

  /// Until the input ends, then for as long as answers are due, the farewell at most. Call it once. Returns the exit
  /// status: 0, or 1 when the output broke.
  int run();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace toolrack::stdio
