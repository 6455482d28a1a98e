#include "app/config_changes.hpp"

#include <algorithm>
#include <array>

namespace toolrack::app {
namespace {

template <auto kMember>
constexpr ConfigField field(std::string_view name, bool is_live) {
  return {name, is_live, [](const Config& a, const Config& b) { return a.*kMember == b.*kMember; },
          [](const Config& from, Config& to) { to.*kMember = from.*kMember; }};
}

constexpr bool kLive = true, kRestart = false;

constexpr std::array kFields = {
    field<&Config::mode>("mode", kRestart),
    field<&Config::listen>("listen", kRestart),
    field<&Config::metrics_listen>("metrics_listen", kRestart),
    field<&Config::threads>("threads", kRestart),
    field<&Config::data>("data", kRestart),
    field<&Config::plugins>("plugins", kRestart),
    field<&Config::require_signature>("require_signature", kLive),
    field<&Config::trusted_keys>("trusted_keys", kLive),
    field<&Config::allow_breaking_versions>("versions.allow_breaking", kRestart),
    field<&Config::trials>("versions.trial", kLive),
    field<&Config::watch_plugins>("watch_plugins", kRestart),
    field<&Config::stop_delay>("stop_delay_ms", kLive),
    field<&Config::owners>("owners", kLive),
    field<&Config::log_level>("log.level", kLive),
    field<&Config::log_format>("log.format", kLive),
    field<&Config::allowed_hosts>("http.allowed_hosts", kLive),
    field<&Config::allowed_origins>("http.allowed_origins", kLive),
    field<&Config::max_body_bytes>("http.max_body_bytes", kLive),
    field<&Config::public_url>("http.public_url", kLive),
    field<&Config::behind_proxy>("http.behind_proxy", kLive),
    field<&Config::cache_max_bytes>("cache.max_bytes", kRestart),
    field<&Config::egress_allow>("egress.allow", kLive),
    field<&Config::egress_ports>("egress.ports", kLive),
    field<&Config::limits>("limits", kLive),
    field<&Config::jobs>("jobs", kLive),
    field<&Config::mcp>("mcp", kRestart),
    field<&Config::assets_s3>("assets.s3", kRestart),
    field<&Config::embeddings>("knowledge.embeddings", kRestart),
    field<&Config::isolation>("isolation", kRestart),
    field<&Config::telemetry>("telemetry", kLive),
    field<&Config::provider_base_urls>("providers", kLive),
};

}  // namespace

std::span<const ConfigField> config_fields() noexcept { return kFields; }

bool ConfigChanges::has(std::string_view name) const noexcept {
  return std::ranges::find(live, name) != live.end() || std::ranges::find(restart, name) != restart.end();
}

ConfigChanges compare(const Config& running, const Config& wanted) {
  ConfigChanges changes;
  for (const auto& field : kFields)
    if (!field.is_equal(running, wanted)) (field.is_live ? changes.live : changes.restart).push_back(field.name);
  return changes;
}

Config with_live_fields(const Config& running, const Config& wanted) {
  auto out = running;
  for (const auto& field : kFields)
    if (field.is_live) field.copy(wanted, out);
  return out;
}

std::string join(std::span<const std::string_view> names) {
  std::string out;
  for (const auto name : names) out.append(out.empty() ? "" : ", ").append(name);
  return out.empty() ? "nothing" : out;
}

}  // namespace toolrack::app
