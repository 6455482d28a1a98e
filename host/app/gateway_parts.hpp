/// What a gateway is made of. Private to gateway*.cpp, each of which holds what is done at one time of its life.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "accounts/keys.hpp"
#include "accounts/limits.hpp"
#include "accounts/usage.hpp"
#include "app/derived_settings.hpp"
#include "app/front.hpp"
#include "app/gateway.hpp"
#include "app/housekeeper.hpp"
#include "app/listen_sockets.hpp"
#include "app/live_plugins.hpp"
#include "app/safe_mode.hpp"
#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "base/version.hpp"
#include "call/approvals.hpp"
#include "call/call_path.hpp"
#include "call/file_outputs.hpp"
#include "call/identify.hpp"
#include "call/jobs/jobs.hpp"
#include "call/jobs/webhook_secrets.hpp"
#include "call/jobs/webhooks.hpp"
#include "call/nested_calls.hpp"
#include "call/questions/suspended_calls.hpp"
#include "operations/runner.hpp"
#include "registry/catalogue.hpp"
#include "services/assets/asset_links.hpp"
#include "services/assets/asset_store.hpp"
#include "services/assets/assets.hpp"
#include "services/assets/url_signer.hpp"
#include "services/credentials/nonces.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "services/files/scratch.hpp"
#include "services/http/client.hpp"
#include "services/http/egress.hpp"
#include "services/knowledge/http_embedder.hpp"
#include "services/knowledge/knowledge.hpp"
#include "services/telemetry/exporter.hpp"
#include "services/telemetry/tracer.hpp"
#include "services/upstream/client.hpp"
#include "services/upstream/places.hpp"
#include "sources/native/native_source.hpp"
#include "store/store.hpp"
#include "transports/mcp/http_sse.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/net/server.hpp"
#include "transports/rest/rest_handler.hpp"

namespace toolrack::app {

/// Stages of calls and operations that wait for the store.
constexpr std::size_t kStoreThreads = 8;
constexpr std::size_t kBlockingThreads = 32;
/// Reading and writing files: enough to keep a disk busy, and no skill can take them up.
constexpr std::size_t kFileThreads = 8;
/// Uploads from URLs, which may take a minute each.
constexpr std::size_t kTransferThreads = 16;

/// Declared in the order of making; destroyed in reverse, after `Gateway::stop`.
struct Gateway::Parts {
  Parts(const Config& given, const operations::Table& operations, store::DataDirectory owned)
      : config(given),
        table(operations),
        directory(std::move(owned)),
        socket_path(directory.socket().string()),
        loops(loop_count(given)) {}

  // gateway_open.cpp
  base::Result<void> open_store();
  base::Result<void> open_assets();
  base::Result<void> load_plugins(const Options& options);
  // gateway_serve.cpp
  void build_paths(bool runs_jobs);
  base::Result<void> choose_listeners(Options& options);
  base::Result<void> listen(Options& options);
  base::Result<void> listen_at(ListenSockets& where, net::Handler& handler);
  void set_links();
  // gateway_live.cpp
  base::Result<ConfigChanges> reload(const Config& wanted);
  void start_telemetry();
  void resume_jobs();
  void end_jobs(std::chrono::steady_clock::time_point began);
  void close();

  Config config;  // What holds now; used by whoever starts, reloads and stops.
  const operations::Table& table;
  store::DataDirectory directory;
  const std::string socket_path;
  const base::Clock& clock = base::system_clock();
  base::Metrics metrics;
  std::atomic<bool> is_ready{false};

  base::Loops loops;
  services::telemetry::Tracer tracer{loops.size(), clock, metrics};
  services::telemetry::Exporter exporter{tracer, metrics, clock, base::kVersion};
  base::Pool workers{"worker", std::max<std::size_t>(2, std::thread::hardware_concurrency())};
  base::Pool blocking{"blocking", kBlockingThreads};
  std::vector<std::unique_ptr<base::Pool>> nested_blocking;  // One for each depth below callers' own calls.
  base::Pool store_pool{"store", kStoreThreads};
  base::Pool file_pool{"files", kFileThreads};
  base::Pool transfer_pool{"transfers", kTransferThreads};

  std::unique_ptr<store::Store> store;
  std::unique_ptr<accounts::Keys> keys;
  std::unique_ptr<accounts::ClassLimits> class_limits;
  std::unique_ptr<accounts::Usage> usage;
  std::optional<call::SuspendedCalls> suspended;
  std::unique_ptr<call::Approvals> approvals;
  std::unique_ptr<call::jobs::Jobs> jobs;
  std::optional<call::jobs::WebhookSecrets> webhook_secrets;
  std::unique_ptr<mcp::SessionStates> session_states;
  std::optional<mcp::Sessions> sessions;
  mcp::Announcer announcer{loops};

  services::providers::ProviderStates providers{clock, metrics};
  call::ResponseCache responses{config.cache_max_bytes, metrics};

  std::unique_ptr<services::assets::AssetStore> asset_bytes;
  std::unique_ptr<services::assets::Assets> assets;
  std::unique_ptr<services::assets::UrlSigner> url_signer;
  std::optional<services::assets::AssetLinks> asset_links;
  std::unique_ptr<services::files::Scratches> scratches;
  std::optional<Housekeeper> housekeeper;

  std::optional<services::http::PublishedEgress> egress;
  const services::credentials::PlatformCredentials* credentials = nullptr;  // Of the program.
  services::recorder::Recording* recording = nullptr;                       // Of the program.
  std::unique_ptr<services::credentials::Nonces> nonces;
  services::upstream::Places places;
  std::vector<std::unique_ptr<services::http::Client>> clients;        // One a loop.
  std::vector<std::unique_ptr<services::upstream::Client>> upstreams;  // One a loop, over its client.
  std::optional<call::jobs::Webhooks> webhooks;
  std::unique_ptr<services::knowledge::HttpEmbedder> embedder;  // Null: none is configured.
  std::optional<services::knowledge::VectorCache> vectors;
  std::optional<services::knowledge::Knowledge> knowledge;
  std::unique_ptr<SafeMode> safe_mode;  // Null: this gateway is not one that serves.
  std::unique_ptr<sources::native::NativeSource> native;
  std::optional<LivePlugins> plugins;
  std::optional<call::FileOutputs> file_outputs;
  std::unique_ptr<call::CallPath> calls;

  std::optional<operations::AssetServices> asset_services;
  std::optional<operations::Services> operation_services;
  std::unique_ptr<operations::Runner> runner;
  std::vector<std::unique_ptr<call::Identifier>> identifiers;  // One a loop.
  std::optional<rest::AssetRoutes> asset_routes;
  std::unique_ptr<rest::RestHandler> rest;
  std::unique_ptr<mcp::McpHandler> mcp;
  std::unique_ptr<mcp::HttpSse> http_sse;  // Null: it is not served.
  std::unique_ptr<Front> front;
  std::unique_ptr<MetricsHandler> metrics_handler;
  std::unique_ptr<net::Server> server;

  ListenSockets listening;
  std::optional<ListenSockets> metrics_listening;  // Null: /metrics is not served.
  bool is_closed = false;
};

}  // namespace toolrack::app
