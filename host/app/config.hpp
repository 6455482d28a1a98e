/// What an operator can set, from a file, the environment and the command line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/limits.hpp"
#include "app/telemetry_config.hpp"
#include "base/result.hpp"
#include "call/identify.hpp"
#include "call/jobs/jobs.hpp"
#include "registry/version_trial.hpp"
#include "services/assets/s3/s3_client.hpp"
#include "services/knowledge/http_embedder.hpp"
#include "sources/isolated/settings.hpp"
#include "transports/mcp/settings.hpp"

namespace toolrack::app {

struct Endpoint {
  std::string address;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

struct Config {
  call::Mode mode = call::Mode::kLocal;
  Endpoint listen{"127.0.0.1", 3141};
  std::optional<Endpoint> metrics_listen = Endpoint{"127.0.0.1", 9464};
  unsigned threads = 0;  ///< 0: one per core.
  std::filesystem::path data;
  std::vector<std::filesystem::path> plugins;  ///< Beside the bundled directory.
  std::optional<bool> require_signature;       ///< Of plugins beside the bundled ones; unset: in hosted mode.
  std::vector<std::string> trusted_keys;       ///< Whose signatures count.
  bool allow_breaking_versions = false;        ///< A higher version may take something away from callers.
  registry::TrialSettings trials;              ///< Of versions that have just come into service.
  bool watch_plugins = true;                   ///< Plugins come and go while the gateway serves.
  std::chrono::milliseconds stop_delay{0};     ///< For so long it is told to be unready before it stops.
  std::vector<std::string> owners{"toolrack"};
  std::string log_level = "info";
  std::string log_format = "text";
  std::vector<std::string> allowed_hosts, allowed_origins;
  std::size_t max_body_bytes = 4 << 20;
  std::size_t cache_max_bytes = 64 << 20;  ///< Of answers that may be given again; 0: none is kept.
  bool behind_proxy = false;
  std::string public_url;  ///< How callers reach the gateway, for links to assets; empty: where it listens.
  std::vector<std::string> egress_allow;
  std::vector<std::uint16_t> egress_ports;
  std::optional<accounts::LimitSettings> limits;
  std::optional<services::assets::s3::S3Settings> assets_s3;         ///< Where assets lie; null: in the data directory.
  std::optional<services::knowledge::EmbeddingSettings> embeddings;  ///< Null: knowledge is found by words alone.
  call::jobs::JobSettings jobs;
  mcp::Settings mcp;
  sources::isolated::Settings isolation;  ///< Plugins in processes of their own, as far as the file says.
  TelemetryConfig telemetry;
  std::map<std::string, std::string, std::less<>> provider_base_urls;
};

/// "127.0.0.1:3141", "[::1]:0", ":8080" (loopback), "8080".
base::Result<Endpoint> parse_endpoint(std::string_view text);

/// "http://127.0.0.1:3141", "http://[::1]:3141".
std::string url_of(const Endpoint& endpoint);

/// The built-in defaults with the environment's TOOLRACK_* and the file's values laid over them. `file` empty:
/// TOOLRACK_CONFIG, or none. kInvalidConfig names file, line and what is expected there.
base::Result<Config> load_config(const std::filesystem::path& file);

/// The same from text; `name` stands for the file in errors.
base::Result<Config> read_config(std::string_view text, std::string_view name);

/// Only this machine reaches it.
bool is_loopback(const Endpoint& endpoint);

/// What a schema cannot say: a local gateway listens on loopback only, a hosted one behind TLS or a proxy.
base::Result<void> check_config(const Config& config);
/// The same of a socket that somebody else has opened, by what it is bound to.
base::Result<void> check_given_socket(const Config& config, const Endpoint& bound);

/// The directory of the plugins that ship with the program: beside it, or under its prefix.
std::filesystem::path bundled_plugins();
/// The program that runs a plugin in a process of its own: beside this one, or under its prefix.
std::filesystem::path worker_program();

}  // namespace toolrack::app
