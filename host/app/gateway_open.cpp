/// From nothing to a catalogue: the store, files, plugins and what they may use.
#include <fmt/format.h>

#include "app/asset_bytes.hpp"
#include "app/embedding.hpp"
#include "app/gateway_parts.hpp"
#include "app/session_key.hpp"
#include "services/log/log.hpp"
#include "store/lmdb/lmdb_store.hpp"

namespace toolrack::app {

namespace log = services::log;
namespace http = services::http;

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
  session_states = TRY(mcp::SessionStates::open(*store, clock));
  const auto key = TRY(session_key(*store));
  sessions.emplace(key, clock, *session_states);
  suspended.emplace(key, clock, *store);
  TRY(suspended->recover());
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
                                      {"keys",
                                       [this]() -> base::Result<void> {
                                         keys->end_expired();
                                         return {};
                                       }},
                                      {"MCP sessions",
                                       [this]() -> base::Result<void> {
                                         if (mcp) mcp->sweep();
                                         return {};
                                       }},
                                      {"approvals",
                                       [this]() -> base::Result<void> {
                                         TRY(approvals->sweep());
                                         return {};
                                       }},
                                      {"calls that wait for answers",
                                       [this]() -> base::Result<void> {
                                         suspended->sweep();
                                         return {};
                                       }},
                                      {"jobs", [this]() -> base::Result<void> {
                                         TRY(jobs->sweep());
                                         return {};
                                       }}});
  return {};
}

base::Result<void> Gateway::Parts::load_plugins(const Options& options) {
  egress.emplace(TRY(egress_policy(config)));
  sources::native::Environment environment;
  for (std::size_t i = 0; i < loops.size(); ++i) {
    clients.push_back(std::make_unique<http::Client>(loops[i], *egress, metrics, http::Client::Settings{}, &tracer));
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
  environment.announcements = &announcer;
  environment.settings.runtime_dir = directory.path() / "runtime";
  environment.settings.require_safe_permissions = config.mode == call::Mode::kHosted;
  const auto trust = trust_of(config);
  environment.settings.require_signature = trust.is_required;
  environment.settings.trusted_keys = trust.keys;
  environment.settings.allow_breaking = config.allow_breaking_versions;
  environment.settings.provider_base_urls = config.provider_base_urls;
  environment.settings.isolation = isolation_of(config);
  if (options.listen && config.isolation.has_safe_mode) {
    safe_mode = TRY(SafeMode::open(directory.path(), clock));
    environment.frames = &safe_mode->frames();
    environment.is_safe_mode = [this] { return safe_mode->is_on(); };
  }
  environment.settings.copies_at_once = options.runs_jobs && config.watch_plugins;
  native = std::make_unique<sources::native::NativeSource>(std::move(environment));

  plugins.emplace(*native, plugin_directories(config, options.bundled),
                  LivePlugins::Settings{.owners = config.owners, .loops = loops.size(), .trials = config.trials},
                  metrics, *store);
  TRY(plugins->open());
  metrics.gauge("toolrack_build_info", "1; which version this is.", {{"version", std::string(base::kVersion)}}).set(1);
  auto& tools = metrics.gauge("toolrack_tools", "Tools that are offered.");
  tools.set(static_cast<std::int64_t>(plugins->catalogue().load()->tools().size()));
  knowledge->publish(*plugins->catalogue().load());
  // Readers on loops that have nothing to do would keep what was replaced; MCP clients that listen are told.
  plugins->on_published([this, &tools](const registry::Catalogue& catalogue) {
    tools.set(static_cast<std::int64_t>(catalogue.tools().size()));
    knowledge->publish(catalogue);
    if (calls) calls->look_again();
    if (mcp) mcp->look_again();
  });
  return {};
}

}  // namespace toolrack::app
