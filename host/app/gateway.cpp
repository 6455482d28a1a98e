#include "app/gateway.hpp"

#include <fmt/format.h>
#include <sodium.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "accounts/keys.hpp"
#include "accounts/limits.hpp"
#include "accounts/usage.hpp"
#include "app/asset_bytes.hpp"
#include "app/embedding.hpp"
#include "app/front.hpp"
#include "app/housekeeper.hpp"
#include "app/live_plugins.hpp"
#include "app/plugins_json.hpp"
#include "app/session_key.hpp"
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
#include "operations/runner.hpp"
#include "registry/catalogue.hpp"
#include "services/assets/asset_links.hpp"
#include "services/assets/assets.hpp"
#include "services/assets/fetch.hpp"
#include "services/assets/url_signer.hpp"
#include "services/credentials/nonces.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "services/files/scratch.hpp"
#include "services/http/client.hpp"
#include "services/http/egress.hpp"
#include "services/knowledge/knowledge.hpp"
#include "services/log/log.hpp"
#include "services/upstream/client.hpp"
#include "services/upstream/places.hpp"
#include "sources/native/native_source.hpp"
#include "store/lmdb/lmdb_store.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/net/descriptors.hpp"
#include "transports/net/server.hpp"
#include "transports/rest/rest_handler.hpp"

namespace toolrack::app {
namespace {

namespace log = services::log;
namespace http = services::http;
using sources::native::NativeSource;

constexpr std::chrono::seconds kDrainPatience{20};
constexpr std::chrono::seconds kCutPatience{10};  ///< After that, for handlers to notice that nobody listens.
/// Stages of calls and operations that wait for the store.
constexpr std::size_t kStoreThreads = 8;
constexpr std::size_t kBlockingThreads = 32;
/// Reading and writing files: enough to keep a disk busy, and no skill can take them up.
constexpr std::size_t kFileThreads = 8;
/// Uploads from URLs, which may take a minute each.
constexpr std::size_t kTransferThreads = 16;

unsigned loop_count(const Config& config) {
  return config.threads != 0 ? config.threads : std::max(1U, std::thread::hardware_concurrency());
}

/// Local gateways limit nobody unless told; hosted ones always do.
std::optional<accounts::LimitSettings> key_limits(const Config& config) {
  if (config.limits || config.mode == call::Mode::kLocal) return config.limits;
  return accounts::LimitSettings{};
}

accounts::PrincipalRef local_principal() {
  accounts::Principal principal;
  principal.account = "local";
  principal.scopes = accounts::Scopes::all();
  return std::make_shared<const accounts::Principal>(std::move(principal));
}

accounts::PrincipalRef anonymous_principal() {
  accounts::Principal principal;
  principal.account = "anonymous";
  principal.scopes = accounts::Scopes{accounts::Scope::kToolsRead};
  principal.anonymous = true;
  return std::make_shared<const accounts::Principal>(std::move(principal));
}

bool is_loopback(const Endpoint& endpoint) { return endpoint.address.starts_with("127.") || endpoint.address == "::1"; }

net::HostGuard guard_for(const Config& config, const Endpoint& endpoint) {
  return net::HostGuard({.is_loopback_bind = is_loopback(endpoint),
                         .allowed_hosts = config.allowed_hosts,
                         .allowed_origins = config.allowed_origins});
}

std::vector<sources::native::PluginDirectory> plugin_directories(const Config& config,
                                                                 const std::filesystem::path& bundled) {
  std::vector<sources::native::PluginDirectory> directories{{.path = bundled, .bundled = true}};
  for (const auto& path : config.plugins)
    if (path != directories.front().path) directories.push_back({.path = path, .bundled = false});
  return directories;
}

base::Result<std::shared_ptr<const http::EgressPolicy>> egress_policy(const Config& config) {
  return std::make_shared<const http::EgressPolicy>(
      TRY(http::EgressPolicy::create({.allow_loopback = config.mode == call::Mode::kLocal,
                                      .allow = config.egress_allow,
                                      .ports = config.egress_ports})));
}

/// Calls back once, from another thread; waits for it here, but not for ever. False when it has not come.
template <typename Start>
bool wait_for(std::chrono::milliseconds patience, Start start) {
  struct State {
    std::mutex mutex;
    std::condition_variable condition;
    bool is_done = false;
  };
  auto state = std::make_shared<State>();
  start([state] {
    const std::lock_guard lock(state->mutex);
    state->is_done = true;
    state->condition.notify_all();
  });
  std::unique_lock lock(state->mutex);
  return state->condition.wait_for(lock, patience, [&] { return state->is_done; });
}

}  // namespace

/// Declared in the order of making; destroyed in reverse, after `Gateway::stop`.
struct Gateway::Parts {
  Parts(const Config& given, const operations::Table& operations, store::DataDirectory owned)
      : config(given),
        table(operations),
        directory(std::move(owned)),
        socket_path(directory.socket().string()),
        loops(loop_count(given)) {}

  base::Result<void> open_store();
  base::Result<void> open_assets();
  void set_links();
  base::Result<void> load_plugins(const Options& options);
  void build_paths(bool runs_jobs);
  base::Result<void> listen(Options& options);
  base::Result<std::uint16_t> listen_at(const Endpoint& where, std::vector<net::UniqueFd> inherited,
                                        net::Handler& handler);
  base::Result<ConfigChanges> reload(const Config& wanted);
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
  std::unique_ptr<call::Approvals> approvals;
  std::unique_ptr<call::jobs::Jobs> jobs;
  std::optional<call::jobs::WebhookSecrets> webhook_secrets;

  services::providers::ProviderStates providers{clock, metrics};
  call::ResponseCache responses{config.cache_max_bytes, metrics};

  std::unique_ptr<services::assets::AssetStore> asset_bytes;
  std::unique_ptr<services::assets::Assets> assets;
  std::unique_ptr<services::assets::UrlSigner> url_signer;
  std::optional<services::assets::AssetLinks> asset_links;
  std::unique_ptr<services::files::Scratches> scratches;
  std::optional<Housekeeper> housekeeper;

  std::optional<http::PublishedEgress> egress;
  const services::credentials::PlatformCredentials* credentials = nullptr;  // Of the program.
  services::recorder::Recording* recording = nullptr;                       // Of the program.
  std::unique_ptr<services::credentials::Nonces> nonces;
  services::upstream::Places places;
  std::vector<std::unique_ptr<http::Client>> clients;                  // One a loop.
  std::vector<std::unique_ptr<services::upstream::Client>> upstreams;  // One a loop, over its client.
  std::optional<call::jobs::Webhooks> webhooks;
  std::unique_ptr<services::knowledge::HttpEmbedder> embedder;  // Null: none is configured.
  std::optional<services::knowledge::VectorCache> vectors;
  std::optional<services::knowledge::Knowledge> knowledge;
  std::unique_ptr<NativeSource> native;
  std::optional<LivePlugins> plugins;
  std::optional<call::FileOutputs> file_outputs;
  std::unique_ptr<call::CallPath> calls;

  std::optional<operations::AssetServices> asset_services;
  std::optional<operations::Services> operation_services;
  std::unique_ptr<operations::Runner> runner;
  std::vector<std::unique_ptr<call::Identifier>> identifiers;  // One a loop.
  std::optional<mcp::Sessions> sessions;
  std::optional<rest::AssetRoutes> asset_routes;
  std::unique_ptr<rest::RestHandler> rest;
  std::unique_ptr<mcp::McpHandler> mcp;
  std::unique_ptr<Front> front;
  std::unique_ptr<MetricsHandler> metrics_handler;
  std::unique_ptr<net::Server> server;

  Endpoint endpoint;
  std::optional<Endpoint> metrics_endpoint;
  bool is_closed = false;
};

base::Result<void> Gateway::Parts::open_store() {
  store = TRY(store::LmdbStore::open(directory.path()));
  keys = TRY(accounts::Keys::open(*store, clock, key_limits(config)));
  class_limits = std::make_unique<accounts::ClassLimits>(*store, clock);
  usage = std::make_unique<accounts::Usage>(*store, loops, clock);
  approvals = std::make_unique<call::Approvals>(*store, clock);
  jobs = std::make_unique<call::jobs::Jobs>(*store, clock, metrics, config.jobs);
  webhook_secrets.emplace(*store, clock);
  if (const auto left = TRY(jobs->recover()); left.interrupted > 0)
    log::write(log::Level::kWarning, "jobs were running when the gateway ended: they have failed as interrupted",
               {{"jobs", left.interrupted}});
  nonces = std::make_unique<services::credentials::Nonces>(*store, clock);
  sessions.emplace(TRY(session_key(*store)), clock);
  return {};
}

base::Result<void> Gateway::Parts::open_assets() {
  asset_bytes = TRY(open_asset_bytes(config, directory.path(), *store, clock, metrics, credentials));
  assets = std::make_unique<services::assets::Assets>(*store, *asset_bytes, clock);
  if (const auto dropped = TRY(assets->recover()); dropped > 0)
    log::write(log::Level::kNotice, "files that nobody owns are removed", {{"files", dropped}});
  url_signer = TRY(services::assets::UrlSigner::open(*store, clock));
  asset_links.emplace(*url_signer);
  scratches = TRY(services::files::Scratches::open(directory.path() / "scratch", file_pool));
  housekeeper.emplace(
      loops[0], store_pool,
      std::vector<Housekeeper::Chore>{{"assets",
                                       [this]() -> base::Result<void> {
                                         TRY(assets->sweep());
                                         return {};
                                       }},
                                      {"the key of links", [this] { return url_signer->rotate_when_due(); }},
                                      {"approvals",
                                       [this]() -> base::Result<void> {
                                         TRY(approvals->sweep());
                                         return {};
                                       }},
                                      {"jobs", [this]() -> base::Result<void> {
                                         TRY(jobs->sweep());
                                         return {};
                                       }}});
  return {};
}

void Gateway::Parts::set_links() {
  const auto base = config.public_url.empty() && endpoint.port != 0 ? url_of(endpoint) : config.public_url;
  asset_links->set_base_url(base);
  webhooks->set_base_url(base);
}

base::Result<void> Gateway::Parts::load_plugins(const Options& options) {
  egress.emplace(TRY(egress_policy(config)));
  sources::native::Environment environment;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    clients.push_back(std::make_unique<http::Client>(loops[i], *egress, metrics, http::Client::Settings{}));
    upstreams.push_back(std::make_unique<services::upstream::Client>(services::upstream::Client::Dependencies{
        .loop = loops[i], .http = *clients.back(), .nonces = *nonces, .clock = clock}));
    environment.http.push_back(upstreams.back().get());
  }
  embedder = TRY(open_embedder(config, credentials, loops, clients, providers, clock));
  if (embedder != nullptr) vectors.emplace(*store, embedder->space());
  knowledge.emplace(transfer_pool, embedder.get(), embedder == nullptr ? nullptr : &*vectors);
  environment.places = &places;
  environment.credentials = credentials;
  environment.loops = &loops;
  environment.workers = &workers;
  environment.blocking = &blocking;
  for (std::uint32_t depth = 1; depth <= call::kMostDepth; ++depth) {
    nested_blocking.push_back(std::make_unique<base::Pool>(fmt::format("blocking-{}", depth), kBlockingThreads));
    environment.nested_blocking.push_back(nested_blocking.back().get());
  }
  environment.metrics = &metrics;
  environment.assets = assets.get();
  environment.scratches = scratches.get();
  environment.files = &file_pool;
  environment.knowledge = &*knowledge;
  environment.has_recordings = recording != nullptr;
  environment.settings.runtime_dir = directory.path() / "runtime";
  environment.settings.require_safe_permissions = config.mode == call::Mode::kHosted;
  environment.settings.require_signature = config.require_signature.value_or(config.mode == call::Mode::kHosted);
  environment.settings.trusted_keys = config.trusted_keys;
  environment.settings.allow_breaking = config.allow_breaking_versions;
  environment.settings.provider_base_urls = config.provider_base_urls;
  environment.settings.isolation = config.isolation;
  environment.settings.isolation.program = worker_program();
  environment.settings.copies_at_once = options.runs_jobs && config.watch_plugins;
  native = std::make_unique<NativeSource>(std::move(environment));

  plugins.emplace(*native, plugin_directories(config, options.bundled), config.owners, metrics);
  TRY(plugins->open());
  knowledge->publish(*plugins->catalogue().load());
  // Readers on loops that have nothing to do would keep what was replaced; MCP clients of today have no stream on which
  // they could be told that the list has changed.
  plugins->on_published([this](const registry::Catalogue& catalogue) {
    knowledge->publish(catalogue);
    if (calls) calls->look_again();
    if (mcp) mcp->look_again();
  });
  return {};
}

void Gateway::Parts::build_paths(bool runs_jobs) {
  std::vector<http::Client*> senders;
  for (const auto& client : clients) senders.push_back(client.get());
  webhooks.emplace(call::jobs::Webhooks::Dependencies{.store = *store,
                                                      .clock = clock,
                                                      .metrics = metrics,
                                                      .loops = loops,
                                                      .clients = std::move(senders),
                                                      .pool = store_pool,
                                                      .egress = *egress,
                                                      .secrets = *webhook_secrets,
                                                      .allows_plain_loopback = config.mode == call::Mode::kLocal});
  jobs->set_webhooks(*webhooks);
  file_outputs.emplace(call::FileOutputs{.assets = *assets, .links = *asset_links, .pool = file_pool});
  calls = std::make_unique<call::CallPath>(call::CallPath::Dependencies{.loops = loops,
                                                                        .pool = store_pool,
                                                                        .clock = clock,
                                                                        .metrics = metrics,
                                                                        .catalogue = plugins->catalogue(),
                                                                        .usage = *usage,
                                                                        .class_limits = *class_limits,
                                                                        .file_outputs = &*file_outputs,
                                                                        .providers = providers,
                                                                        .responses = responses,
                                                                        .jobs = runs_jobs ? jobs.get() : nullptr,
                                                                        .approvals = approvals.get(),
                                                                        .recording = recording});
  asset_services.emplace(operations::AssetServices{
      .assets = *assets, .links = *asset_links, .fetch = [this](const auto& what, std::string url) {
        auto& loop = loops.next();
        return services::assets::fetch(*assets, what, std::move(url), loop, *clients[loop.index()]);
      }});
  asset_routes.emplace(rest::AssetRoutes::Dependencies{
      .assets = *assets, .links = *asset_links, .signer = *url_signer, .pool = file_pool});
  operation_services.emplace(
      operations::Services{.catalogue = plugins->catalogue(),
                           .keys = *keys,
                           .usage = *usage,
                           .providers = providers,
                           .clock = clock,
                           .version = base::kVersion,
                           .mode = config.mode == call::Mode::kHosted ? "hosted" : "local",
                           .started_unix_ns = clock.unix_ns(),
                           .is_ready = [this] { return is_ready.load(std::memory_order_relaxed); },
                           .plugins_json = [this] { return plugins_json(native->files()); },
                           .workers_json = [this] { return workers_json(native->files()); },
                           .reload_plugins = [this](std::string_view force) -> base::Result<std::string> {
                             return to_json(TRY(plugins->rescan(force)));
                           },
                           .credentials = credentials,
                           .assets = &*asset_services,
                           .approvals = approvals.get(),
                           .jobs = jobs.get(),
                           .webhook_secrets = &*webhook_secrets,
                           .knowledge = &*knowledge,
                           .table = &table});
  runner = std::make_unique<operations::Runner>(*operation_services, store_pool, &transfer_pool);
  const auto local = local_principal();
  const auto anonymous = anonymous_principal();
  for (std::size_t i = 0; i < loops.size(); ++i)
    identifiers.push_back(std::make_unique<call::Identifier>(config.mode, *keys, local, anonymous));
  rest = std::make_unique<rest::RestHandler>(rest::RestHandler::Dependencies{.table = table,
                                                                             .runner = *runner,
                                                                             .calls = *calls,
                                                                             .identifiers = identifiers,
                                                                             .clock = clock,
                                                                             .assets = &*asset_routes});
  mcp = std::make_unique<mcp::McpHandler>(mcp::McpHandler::Dependencies{.loops = loops,
                                                                        .table = table,
                                                                        .runner = *runner,
                                                                        .calls = *calls,
                                                                        .catalogue = plugins->catalogue(),
                                                                        .identifiers = identifiers,
                                                                        .sessions = *sessions});
  front = std::make_unique<Front>(guard_for(config, config.listen), *rest, *mcp, config.max_body_bytes, loops.size());
  net::Limits limits;
  const auto wanted = limits.connections;
  limits.connections = net::make_room_for_connections(wanted);
  if (limits.connections < wanted)
    log::write(log::Level::kWarning, "few descriptors are allowed, so fewer connections are",
               {{"connections", limits.connections}, {"remedy", "raise the hard limit (ulimit -Hn, LimitNOFILE=)"}});
  server = std::make_unique<net::Server>(loops, metrics, limits);
}

base::Result<std::uint16_t> Gateway::Parts::listen_at(const Endpoint& where, std::vector<net::UniqueFd> inherited,
                                                      net::Handler& handler) {
  if (!inherited.empty()) return server->listen_on(std::move(inherited), handler);
  return server->listen_tcp(where.address, where.port, handler);
}

base::Result<void> Gateway::Parts::listen(Options& options) {
  if (options.listen) {
    endpoint = config.listen;
    endpoint.port = TRY(listen_at(endpoint, std::move(options.inherited.http), *front));
    set_links();
    if (config.metrics_listen) {
      metrics_handler =
          std::make_unique<MetricsHandler>(guard_for(config, *config.metrics_listen), metrics, loops.size());
      metrics_endpoint = config.metrics_listen;
      metrics_endpoint->port =
          TRY(listen_at(*metrics_endpoint, std::move(options.inherited.metrics), *metrics_handler));
    }
  }
  return server->listen_unix(socket_path, *front);
}

/// What can fail is made first, then everything is handed over.
base::Result<ConfigChanges> Gateway::Parts::reload(const Config& wanted) {
  auto changes = compare(config, wanted);
  auto next = with_live_fields(config, wanted);
  auto next_egress = TRY(egress_policy(next));
  if (changes.has("owners")) TRY(plugins->set_owners(next.owners));

  config = std::move(next);
  if (changes.has("jobs")) jobs->set_settings(config.jobs);
  if (changes.has("limits")) keys->set_limits(key_limits(config));
  if (changes.has("egress.allow") || changes.has("egress.ports")) egress->publish(std::move(next_egress));
  if (changes.has("providers")) native->move_providers(config.provider_base_urls);
  if (changes.has("http.public_url")) set_links();
  if (changes.has("http.max_body_bytes")) front->set_max_body_bytes(config.max_body_bytes);
  if (changes.has("http.allowed_hosts") || changes.has("http.allowed_origins")) {
    front->replace_guard(guard_for(config, config.listen));
    if (metrics_handler) metrics_handler->replace_guard(guard_for(config, *config.metrics_listen));
  }
  return changes;
}

/// Once everything is there that they may need.
void Gateway::Parts::resume_jobs() {
  const auto find = [this](std::string_view account, std::string_view key_id) -> base::Result<accounts::PrincipalRef> {
    auto local = local_principal();
    if (key_id.empty() && account == local->account) return local;
    return keys->principal(account, key_id);
  };
  const auto resumed = jobs->resume(*calls, loops, find);
  if (!resumed)
    log::write(log::Level::kError, "jobs that were to go on wait for the next start",
               {{"reason", resumed.error().message()}});
  else if (*resumed > 0)
    log::write(log::Level::kNotice, "jobs go on that were running when the gateway ended", {{"jobs", *resumed}});
}

/// Jobs may end until calls of connections had to: `began` is when the gateway was told to stop.
void Gateway::Parts::end_jobs(std::chrono::steady_clock::time_point began) {
  if (!jobs) return;
  const auto left = began + kDrainPatience - std::chrono::steady_clock::now();
  const auto stopped = jobs->end_running(
      std::max(std::chrono::duration_cast<std::chrono::milliseconds>(left), std::chrono::milliseconds(0)),
      kCutPatience);
  if (stopped.set_aside > 0)
    log::write(log::Level::kNotice, "jobs are stopped, and go on at the next start", {{"jobs", stopped.set_aside}});
  if (stopped.interrupted > 0)
    log::write(log::Level::kWarning, "jobs are cut off: they did not end in time, and fail as interrupted",
               {{"jobs", stopped.interrupted}});
}

/// Transports first, then who answers them, then what those stand on.
void Gateway::Parts::close() {
  if (std::exchange(is_closed, true)) return;
  is_ready.store(false);
  if (plugins) plugins->stop();
  const auto began = std::chrono::steady_clock::now();
  if (jobs) jobs->stop_taking();
  const auto drained = !server || wait_for(kDrainPatience + kCutPatience,
                                           [this](auto done) { server->drain(kDrainPatience, std::move(done)); });
  if (!drained)
    log::write(log::Level::kWarning, "calls are cut off: they did not end in time", {{"calls", calls->running()}});
  end_jobs(began);
  if (webhooks) webhooks->stop();
  if (housekeeper) housekeeper->stop();
  if (knowledge) knowledge->close();
  if (embedder) embedder->close();
  transfer_pool.stop();
  store_pool.stop();
  if (usage) {
    if (const auto flushed = usage->flush(); !flushed)
      log::write(log::Level::kError, "usage records are lost", {{"reason", flushed.error().message()}});
  }
  plugins.reset();
  native.reset();
  workers.stop();
  blocking.stop();
  for (auto& pool : nested_blocking) pool->stop();
  loops.stop();
  file_pool.stop();
}

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

base::Result<std::unique_ptr<Gateway>> Gateway::start(const Config& config, const operations::Table& table,
                                                      store::DataDirectory directory, Options options) {
  auto gateway = std::unique_ptr<Gateway>(new Gateway(std::make_unique<Parts>(config, table, std::move(directory))));
  auto& parts = *gateway->parts_;
  parts.credentials = options.credentials;
  parts.recording = options.recording;
  parts.loops.start();
  TRY(parts.open_store());
  TRY(parts.open_assets());
  TRY(parts.load_plugins(options));
  parts.build_paths(options.runs_jobs);
  TRY(parts.listen(options));
  if (options.runs_jobs) {
    parts.webhooks->start();
    parts.resume_jobs();
  }
  if (options.runs_jobs && config.watch_plugins) parts.plugins->watch({});
  parts.is_ready.store(true);
  return gateway;
}

Gateway::~Gateway() { stop(); }

base::Result<ConfigChanges> Gateway::reload(const Config& wanted) { return parts_->reload(wanted); }

base::Result<Handover> Gateway::hand_over() const {
  Handover out;
  const auto& parts = *parts_;
  out.http = TRY(parts.server->copy_sockets(*parts.front));
  if (parts.metrics_handler) out.metrics = TRY(parts.server->copy_sockets(*parts.metrics_handler));
  out.lock = net::UniqueFd(parts.directory.copy_lock());
  return out;
}

bool Gateway::answers(std::chrono::milliseconds patience) {
  return wait_for(patience, [this](auto done) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(parts_->loops.size());
    for (std::size_t i = 0; i < parts_->loops.size(); ++i)
      boost::asio::post(parts_->loops[i].context(), [left, done] {
        if (left->fetch_sub(1) == 1) done();
      });
  });
}

base::Result<void> Gateway::rescan_plugins() {
  TRY(parts_->plugins->rescan());
  return {};
}

void Gateway::stop() { parts_->close(); }

const Endpoint& Gateway::endpoint() const noexcept { return parts_->endpoint; }

const std::optional<Endpoint>& Gateway::metrics_endpoint() const noexcept { return parts_->metrics_endpoint; }

const std::string& Gateway::socket_path() const noexcept { return parts_->socket_path; }

}  // namespace toolrack::app
