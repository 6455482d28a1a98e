/// What a configuration must keep and a schema cannot say: who may reach the gateway.
#include <fmt/format.h>

#include "app/config.hpp"

namespace toolrack::app {

using base::ErrorCode;
using base::fail;

bool is_loopback(const Endpoint& endpoint) { return endpoint.address.starts_with("127.") || endpoint.address == "::1"; }

base::Result<void> check_config(const Config& config) {
  const auto& address = config.listen.address;
  if (is_loopback(config.listen)) return {};
  if (config.mode == call::Mode::kLocal)
    return fail(ErrorCode::kInvalidConfig,
                fmt::format("a local gateway asks for no key, so it cannot listen on {}", address),
                "Listen on 127.0.0.1, or set mode to hosted.");
  if (!config.behind_proxy)
    return fail(ErrorCode::kInvalidConfig, fmt::format("keys would travel unencrypted to {}", address),
                "Put a proxy that ends TLS in front and set http.behind_proxy to true, or listen on 127.0.0.1.");
  return {};
}

base::Result<void> check_given_socket(const Config& config, const Endpoint& bound) {
  if (is_loopback(bound)) return {};
  const auto where = url_of(bound);
  const auto rebind = fmt::format("bind the socket to loopback (ListenStream=127.0.0.1:{})", bound.port);
  if (config.mode == call::Mode::kLocal)
    return fail(ErrorCode::kInvalidConfig,
                fmt::format("a local gateway asks for no key, so it cannot serve the socket that was handed over: "
                            "it listens at {}",
                            where),
                fmt::format("Set mode to hosted, or {}.", rebind));
  if (!config.behind_proxy)
    return fail(
        ErrorCode::kInvalidConfig,
        fmt::format("keys would travel unencrypted to the socket that was handed over: it listens at {}", where),
        fmt::format("Put a proxy that ends TLS in front and set http.behind_proxy to true, or {}.", rebind));
  return {};
}

std::string url_of(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.address.find(':') != std::string::npos;
  return fmt::format("http://{}:{}", is_v6 ? fmt::format("[{}]", endpoint.address) : endpoint.address, endpoint.port);
}

}  // namespace toolrack::app
