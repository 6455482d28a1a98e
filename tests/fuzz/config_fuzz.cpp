/// Text -> configuration.
#include <arpa/inet.h>

#include <cstdlib>
#include <string>

#include "app/config.hpp"
#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "services/http/egress.hpp"

namespace toolrack::fuzz {
namespace {

/// No variable of whoever runs this may take part.
void clean_environment() {
  for (const auto* name :
       {"TOOLRACK_MODE", "TOOLRACK_LISTEN", "TOOLRACK_METRICS_LISTEN", "TOOLRACK_THREADS", "TOOLRACK_DATA",
        "TOOLRACK_PLUGINS", "TOOLRACK_LOG_LEVEL", "TOOLRACK_LOG_FORMAT", "TOOLRACK_CONFIG"})
    ::unsetenv(name);
  ::setenv("HOME", "/home/fuzz", 1);
}

void check_promises(const app::Config& config) {
  require(config.threads <= 256, "threads are bounded");
  require(config.max_body_bytes >= 1024 && config.max_body_bytes <= 1 << 30, "a body is bounded");
  require(!config.data.empty(), "there is a data directory");
  require(
      services::http::EgressPolicy::create({.allow = config.egress_allow, .ports = config.egress_ports}).has_value(),
      "what egress allows can be read");
  for (const auto port : config.egress_ports) require(port != 0, "a port is one");
  if (config.limits)
    require(config.limits->per_minute >= 1 && config.limits->per_hour >= 1 && config.limits->concurrent >= 1,
            "a limit lets somebody through");
  // Who may listen where, decided by the address itself instead of its spelling.
  if (!app::check_config(config)) return;
  in_addr v4{};
  in6_addr v6{};
  const auto* address = config.listen.address.c_str();
  const bool is_loopback = (::inet_pton(AF_INET, address, &v4) == 1 && (ntohl(v4.s_addr) >> 24) == 127) ||
                           (::inet_pton(AF_INET6, address, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
  const bool is_address = ::inet_pton(AF_INET, address, &v4) == 1 || ::inet_pton(AF_INET6, address, &v6) == 1;
  // A name cannot be listened on: the listener refuses it.
  if (is_address && !is_loopback)
    require(config.mode == call::Mode::kHosted && config.behind_proxy, "keys never travel unencrypted", address);
}

}  // namespace

void check(std::string_view text) {
  static const bool is_clean [[maybe_unused]] = (clean_environment(), true);
  const auto config = app::read_config(text, "fuzz.json");
  if (config) return check_promises(*config);
  require(config.error().code() == base::ErrorCode::kInvalidConfig, "a configuration fails as one");
  require(config.error().message().starts_with("fuzz.json"), "an error names the file", config.error().message());
  require(base::is_utf8(config.error().message()), "messages are UTF-8", config.error().message());
}

}  // namespace toolrack::fuzz
