/// The door of every HTTP listener: Host and Origin first, then the transport that the path belongs to.
#pragma once

#include <atomic>

#include "app/live_guard.hpp"
#include "base/metrics.hpp"
#include "transports/net/http.hpp"

namespace toolrack::app {

class Front final : public net::Handler {
 public:
  /// The handlers outlive the front. `sse`: null when that transport is not served. `loops`: how many serve it.
  Front(net::HostGuard guard, net::Handler& rest, net::Handler& mcp, net::Handler* sse, std::size_t max_body_bytes,
        std::size_t loops)
      : guard_(std::move(guard), loops), rest_(rest), mcp_(mcp), sse_(sse), max_body_bytes_(max_body_bytes) {}

  void handle(const net::Request& request, net::Exchange& exchange) override;
  base::Result<std::size_t> body_limit(const net::Request& head, std::size_t) override {
    return to(head).body_limit(head, max_body_bytes_.load(std::memory_order_relaxed));
  }
  base::Result<std::shared_ptr<net::BodySink>> stream_body(const net::Request& head, net::BodySource& source) override;

  /// Any thread; for the next request.
  void replace_guard(net::HostGuard guard) { guard_.replace(std::move(guard)); }
  void set_max_body_bytes(std::size_t bytes) noexcept { max_body_bytes_.store(bytes, std::memory_order_relaxed); }

 private:
  net::Handler& to(const net::Request& request) const noexcept;

  LiveGuard guard_;
  net::Handler& rest_;
  net::Handler& mcp_;
  net::Handler* const sse_;
  std::atomic<std::size_t> max_body_bytes_;
};

/// GET /metrics, on a listener of its own, because a network policy cannot filter paths.
class MetricsHandler final : public net::Handler {
 public:
  MetricsHandler(net::HostGuard guard, const base::Metrics& metrics, std::size_t loops)
      : guard_(std::move(guard), loops), metrics_(metrics) {}
  void handle(const net::Request& request, net::Exchange& exchange) override;
  void replace_guard(net::HostGuard guard) { guard_.replace(std::move(guard)); }

 private:
  LiveGuard guard_;
  const base::Metrics& metrics_;
};

}  // namespace toolrack::app
