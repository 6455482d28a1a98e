/// While it serves, and how it ends: another configuration, jobs of an earlier start, the way down.
#include <algorithm>
#include <utility>

#include "app/gateway_parts.hpp"
#include "app/principals.hpp"
#include "app/wait_for.hpp"
#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

constexpr std::chrono::seconds kDrainPatience{20};
constexpr std::chrono::seconds kCutPatience{10};  ///< After that, for handlers to notice that nobody listens.
constexpr std::chrono::seconds kLastExport{2};    ///< For what the collector has not been told yet.

}  // namespace

namespace log = services::log;

/// What can fail is made first, then everything is handed over.
base::Result<ConfigChanges> Gateway::Parts::reload(const Config& wanted) {
  auto changes = compare(config, wanted);
  auto next = with_live_fields(config, wanted);
  auto next_egress = TRY(egress_policy(next));
  if (!listening.is_ours) TRY(check_given_socket(next, listening.endpoint));
  if (changes.has("owners")) TRY(plugins->set_owners(next.owners));
  if (changes.has("require_signature") || changes.has("trusted_keys")) {
    if (auto trusted = plugins->set_trust(trust_of(next)); !trusted) {
      if (changes.has("owners")) static_cast<void>(plugins->set_owners(config.owners));  // They held before.
      return tl::unexpected(std::move(trusted).error());
    }
  }

  config = std::move(next);
  if (changes.has("versions.trial")) plugins->set_trials(config.trials);
  if (changes.has("jobs")) jobs->set_settings(config.jobs);
  if (changes.has("limits")) keys->set_limits(key_limits(config));
  if (changes.has("egress.allow") || changes.has("egress.ports")) egress->publish(std::move(next_egress));
  if (changes.has("telemetry")) start_telemetry();
  if (changes.has("providers")) native->move_providers(config.provider_base_urls);
  if (changes.has("http.public_url")) set_links();
  if (changes.has("http.max_body_bytes")) front->set_max_body_bytes(config.max_body_bytes);
  if (changes.has("http.allowed_hosts") || changes.has("http.allowed_origins")) {
    front->replace_guard(guard_for(config, listening.endpoint));
    if (metrics_handler) metrics_handler->replace_guard(guard_for(config, metrics_listening->endpoint));
  }
  return changes;
}

void Gateway::Parts::start_telemetry() {
  for (const auto& variable : config.telemetry.ignored)
    log::write(log::Level::kWarning, "a variable of OpenTelemetry's is ignored", {{"variable", variable}});
  exporter.apply(config.telemetry.settings());
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
  if (safe_mode) safe_mode->expect_end();
  if (plugins) plugins->stop();
  // For clients of calls that have let go of their connection: once they are back they are waited for like all others.
  if (mcp) std::this_thread::sleep_for(mcp->hold_clients());
  const auto began = std::chrono::steady_clock::now();
  if (jobs) jobs->stop_taking();
  if (mcp) mcp->end_streams();
  if (http_sse) http_sse->end_streams();
  const auto drained = !server || wait_for(kDrainPatience + kCutPatience,
                                           [this](auto done) { server->drain(kDrainPatience, std::move(done)); });
  if (!drained)
    log::write(log::Level::kWarning, "calls are cut off: they did not end in time", {{"calls", calls->running()}});
  end_jobs(began);
  if (jobs) jobs->set_listener(nullptr);
  if (webhooks) webhooks->stop();
  if (housekeeper) housekeeper->stop();
  if (mcp) mcp->count_open_sessions();
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
  exporter.stop(kLastExport);
}

}  // namespace toolrack::app
