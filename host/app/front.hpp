/// The door of every HTTP listener: Host and Origin first, then the transport that the path belongs to.
#pragma once

#include "base/metrics.hpp"
#include "transports/net/host_guard.hpp"
#include "transports/net/http.hpp"

namespace toolrack::app {

class Front final : public net::Handler {
 public:
  /// The handlers outlive the front.
  Front(net::HostGuard guard, net::Handler& rest, net::Handler& mcp, std::size_t max_body_bytes)
      : guard_(std::move(guard)), rest_(rest), mcp_(mcp), max_body_bytes_(max_body_bytes) {}

  void handle(const net::Request& request, net::Exchange& exchange) override;
  base::Result<std::size_t> body_limit(const net::Request&, std::size_t) override { return max_body_bytes_; }

 private:
  const net::HostGuard guard_;
  net::Handler& rest_;
  net::Handler& mcp_;
  const std::size_t max_body_bytes_;
};

/// GET /metrics, on a listener of its own, because a network policy cannot filter paths.
class MetricsHandler final : public net::Handler {
 public:
  MetricsHandler(net::HostGuard guard, const base::Metrics& metrics) : guard_(std::move(guard)), metrics_(metrics) {}
  void handle(const net::Request& request, net::Exchange& exchange) override;

 private:
  const net::HostGuard guard_;
  const base::Metrics& metrics_;
};

}  // namespace toolrack::app
