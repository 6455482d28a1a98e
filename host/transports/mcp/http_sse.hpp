/// The HTTP+SSE transport of 2024-11-05: GET opens the one stream on which everything is said, each message is a POST.
///
/// It is deprecated, and therefore off unless the operator wants it. The messages are served by the very handler of
/// `/mcp`; only their answers go to the stream.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "transports/net/http.hpp"

namespace toolrack::mcp {

class McpHandler;

inline constexpr std::string_view kSsePath = "/sse", kSseMessagesPath = "/messages";

/// Threads: each loop calls it; a stream belongs to the loop of its GET, whatever loop the POSTs come to.
class HttpSse final : public net::Handler {
 public:
  /// `mcp` outlives it.
  explicit HttpSse(McpHandler& mcp) : mcp_(mcp) {}

  void handle(const net::Request& request, net::Exchange& exchange) override;
  /// Any thread, before the server stops: the streams would go on for ever.
  void end_streams();

 private:
  class Channel;
  class MessageExchange;
  void open(const net::Request& request, net::Exchange& exchange);
  void take(const net::Request& request, net::Exchange& exchange);

  McpHandler& mcp_;
  base::Mutex mutex_;
  std::map<std::string, std::shared_ptr<Channel>, std::less<>> channels_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::mcp
