/// The way from a socket to a call: call path, operations, transports, listeners.
#include <boost/asio/post.hpp>
#include <utility>

#include "app/gateway_parts.hpp"
#include "app/plugins_json.hpp"
#include "app/principals.hpp"
#include "base/version.hpp"
#include "services/assets/fetch.hpp"
#include "services/log/log.hpp"
#include "transports/net/descriptors.hpp"

namespace toolrack::app {

namespace log = services::log;
namespace http = services::http;

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
                                                                        .suspended = &*suspended,
                                                                        .recording = recording,
                                                                        .tracer = &tracer});
  asset_services.emplace(operations::AssetServices{
      .assets = *assets, .links = *asset_links, .fetch = [this](const auto& what, std::string url) {
        auto& loop = loops.next();
        return services::assets::fetch(*assets, what, std::move(url), loop, *clients[loop.index()]);
      }});
  asset_routes.emplace(rest::AssetRoutes::Dependencies{
      .assets = *assets, .links = *asset_links, .signer = *url_signer, .pool = file_pool});
  operation_services.emplace(operations::Services{
      .catalogue = plugins->catalogue(),
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
      .safety_json = [this] { return safety_json(native->hanging(), safe_mode ? safe_mode->json() : std::string()); },
      .end_safe_mode = [this]() -> base::Result<void> {
        if (safe_mode) return safe_mode->end();
        return {};
      },
      .reload_plugins = [this](std::string_view force) -> base::Result<std::string> {
        return to_json(TRY(plugins->rescan(force)));
      },
      .versions_json = [this] { return plugins->versions(); },
      .decide_version = [this](auto tool, auto what) { return plugins->decide(tool, what); },
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
                                                                             .assets = &*asset_routes,
                                                                             .tracer = &tracer});
  mcp = std::make_unique<mcp::McpHandler>(
      mcp::McpHandler::Dependencies{.loops = loops,
                                    .table = table,
                                    .runner = *runner,
                                    .calls = *calls,
                                    .catalogue = plugins->catalogue(),
                                    .identifiers = identifiers,
                                    .sessions = *sessions,
                                    .states = *session_states,
                                    .metrics = metrics,
                                    .tracer = &tracer,
                                    .settings = config.mcp,
                                    .tasks = {.jobs = runs_jobs ? jobs.get() : nullptr, .pool = &store_pool}});
  if (runs_jobs) jobs->set_listener([this](auto account, auto id) { mcp->task_changed(account, id); });
  boost::asio::post(loops[0].context(),
                    [this] { announcer.set_listener([this](auto news) { mcp->pass_on(std::move(news)); }); });
  keys->on_changed([this](const auto& principal) { mcp->key_changed(principal); });
  if (config.mcp.http_sse) http_sse = std::make_unique<mcp::HttpSse>(*mcp);
  front = std::make_unique<Front>(guard_for(config, listening.endpoint), *rest, *mcp, http_sse.get(),
                                  config.max_body_bytes, loops.size());
  net::Limits limits;
  const auto wanted = limits.connections;
  limits.connections = net::make_room_for_connections(wanted);
  if (limits.connections < wanted / 2)  // What many systems allow is enough for most.
    log::write(log::Level::kWarning, "few descriptors are allowed, so fewer connections are",
               {{"connections", limits.connections}, {"remedy", "raise the hard limit (ulimit -Hn, LimitNOFILE=)"}});
  server = std::make_unique<net::Server>(loops, metrics, limits);
}

/// Before anything is made that depends on who may reach the gateway.
base::Result<void> Gateway::Parts::choose_listeners(Options& options) {
  listening.endpoint = {config.listen.address, 0};
  if (!options.listen) return {};
  listening = TRY(choose_sockets(config.listen, "listen", std::move(options.inherited.http), loops.size()));
  TRY(listening.sockets.empty() ? check_config(config) : check_given_socket(config, listening.endpoint));
  if (config.metrics_listen)
    metrics_listening = TRY(
        choose_sockets(*config.metrics_listen, "metrics_listen", std::move(options.inherited.metrics), loops.size()));
  // What holds: reloads go on saying what needs a restart.
  if (listening.is_kept) config.listen = listening.endpoint;
  if (metrics_listening && metrics_listening->is_kept) config.metrics_listen = metrics_listening->endpoint;
  return {};
}

base::Result<void> Gateway::Parts::listen_at(ListenSockets& where, net::Handler& handler) {
  if (!where.sockets.empty()) return server->listen_on(std::exchange(where.sockets, {}), handler);
  where.endpoint.port = TRY(server->listen_tcp(where.endpoint.address, where.endpoint.port, handler));
  return {};
}

base::Result<void> Gateway::Parts::listen(Options& options) {
  if (options.listen) {
    TRY(listen_at(listening, *front));
    set_links();
    if (metrics_listening) {
      metrics_handler =
          std::make_unique<MetricsHandler>(guard_for(config, metrics_listening->endpoint), metrics, loops.size());
      TRY(listen_at(*metrics_listening, *metrics_handler));
    }
  }
  return server->listen_unix(socket_path, *front, std::move(options.inherited.local));
}

void Gateway::Parts::set_links() {
  const auto& where = listening.endpoint;
  const auto base = config.public_url.empty() && where.port != 0 ? url_of(where) : config.public_url;
  asset_links->set_base_url(base);
  webhooks->set_base_url(base);
}

}  // namespace toolrack::app
