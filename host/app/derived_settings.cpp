#include "app/derived_settings.hpp"

#include <algorithm>
#include <thread>

namespace toolrack::app {

namespace http = services::http;

unsigned loop_count(const Config& config) {
  return config.threads != 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
}

std::optional<accounts::LimitSettings> key_limits(const Config& config) {
  if (config.limits || config.mode == call::Mode::kLocal) return config.limits;
  return accounts::LimitSettings{};
}

net::HostGuard guard_for(const Config& config, const Endpoint& endpoint) {
  return net::HostGuard({.is_loopback_bind = is_loopback(endpoint),
                         .allowed_hosts = config.allowed_hosts,
                         .allowed_origins = config.allowed_origins});
}

std::vector<sources::native::PluginDirectory> plugin_directories(const Config& config,
                                                                 const std::filesystem::path& bundled) {
  using sources::native::without_end_slash;
  std::vector<sources::native::PluginDirectory> directories{{.path = without_end_slash(bundled), .bundled = true}};
  for (const auto& path : config.plugins)
    if (without_end_slash(path) != directories.front().path)
      directories.push_back({.path = without_end_slash(path), .bundled = false});
  return directories;
}

sources::isolated::Settings isolation_of(const Config& config) {
  using sources::isolated::Isolation;
  auto out = config.isolation;
  if (!out.otherwise) out.otherwise = config.mode == call::Mode::kHosted ? Isolation::kWorker : Isolation::kInProcess;
  out.program = worker_program();
  return out;
}

sources::native::Trust trust_of(const Config& config) {
  return {.is_required = config.require_signature.value_or(config.mode == call::Mode::kHosted),
          .keys = config.trusted_keys};
}

base::Result<std::shared_ptr<const http::EgressPolicy>> egress_policy(const Config& config) {
  return std::make_shared<const http::EgressPolicy>(
      TRY(http::EgressPolicy::create({.allow_loopback = config.mode == call::Mode::kLocal,
                                      .allow = config.egress_allow,
                                      .ports = config.egress_ports})));
}

}  // namespace toolrack::app
