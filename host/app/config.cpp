#include "app/config.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "app/config_position.hpp"
#include "base/embedded.hpp"
#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "services/http/egress.hpp"
#include "services/log/log.hpp"
#include "sources/native/signature.hpp"

namespace toolrack::embedded {
std::span<const File> app_files();
}

namespace toolrack::app {
namespace {

using base::ErrorCode;
using base::fail;
namespace json = base::json;

std::vector<std::string> strings(const json::Value& array) {
  std::vector<std::string> out;
  for (const auto& item : array.GetArray()) out.emplace_back(json::view(item));
  return out;
}

/// A leading "~/" is the user's home.
std::filesystem::path expand(std::string_view path) {
  const auto* home = std::getenv("HOME");
  if (path.starts_with("~/") && home != nullptr) return std::filesystem::path(home) / path.substr(2);
  return std::filesystem::path(path);
}

std::vector<std::filesystem::path> split_paths(std::string_view list) {
  std::vector<std::filesystem::path> out;
  while (!list.empty()) {
    const auto end = std::min(list.find(':'), list.size());
    if (end > 0) out.push_back(expand(list.substr(0, end)));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return out;
}

/// An empty text switches the listener off.
base::Result<void> set_endpoint(std::string_view text, std::optional<Endpoint>& out) {
  if (text.empty()) {
    out.reset();
    return {};
  }
  out = TRY(parse_endpoint(text));
  return {};
}

void apply_http(const json::Value& http, Config& config) {
  if (const auto* hosts = json::find(http, "allowed_hosts")) config.allowed_hosts = strings(*hosts);
  if (const auto* origins = json::find(http, "allowed_origins")) config.allowed_origins = strings(*origins);
  if (const auto bytes = json::find_int(http, "max_body_bytes"))
    config.max_body_bytes = static_cast<std::size_t>(*bytes);
  if (const auto url = json::find_string(http, "public_url")) config.public_url = *url;
  if (const auto behind = json::find_bool(http, "behind_proxy")) config.behind_proxy = *behind;
}

void apply_mcp(const json::Value& given, Config& config) {
  if (const auto after = json::find_int(given, "poll_after_ms"))
    config.mcp.poll_after = std::chrono::milliseconds(*after);
  if (const auto serves = json::find_bool(given, "http_sse")) config.mcp.http_sse = *serves;
  if (const auto bytes = json::find_int(given, "inline_media_bytes"))
    config.mcp.inline_media_bytes = static_cast<std::uint64_t>(*bytes);
  if (const auto bytes = json::find_int(given, "inline_text_bytes"))
    config.mcp.inline_text_bytes = static_cast<std::uint64_t>(*bytes);
}

void apply_limits(const json::Value& limits, Config& config) {
  accounts::LimitSettings settings;
  const auto set = [&](std::string_view name, std::uint32_t& field) {
    if (const auto value = json::find_int(limits, name)) field = static_cast<std::uint32_t>(*value);
  };
  set("per_minute", settings.per_minute);
  set("per_hour", settings.per_hour);
  set("concurrent", settings.concurrent);
  config.limits = settings;
}

void apply_bucket(const json::Value& bucket, Config& config) {
  auto& s3 = config.assets_s3.emplace();
  const auto set = [&](std::string_view name, std::string& field) {
    if (const auto value = json::find_string(bucket, name)) field = *value;
  };
  set("endpoint", s3.endpoint);
  set("bucket", s3.bucket);
  set("region", s3.region);
  set("prefix", s3.prefix);
  s3.is_bucket_in_host = json::find_bool(bucket, "bucket_in_host").value_or(false);
  s3.redirects = json::find_bool(bucket, "redirect").value_or(false);
}

void apply_embeddings(const json::Value& given, Config& config) {
  auto& embeddings = config.embeddings.emplace();
  const auto set = [&](std::string_view name, std::string& field) {
    if (const auto value = json::find_string(given, name)) field = *value;
  };
  set("url", embeddings.url);
  set("model", embeddings.model);
  set("credential", embeddings.credential);
  embeddings.dimensions = static_cast<std::size_t>(json::find_int(given, "dimensions").value_or(0));
}

void apply_isolation(const json::Value& given, Config& config) {
  using sources::isolated::isolation_of;
  auto& isolation = config.isolation;
  if (const auto otherwise = json::find_string(given, "default")) isolation.otherwise = isolation_of(*otherwise);
  if (const auto sandbox = json::find_string(given, "sandbox"))
    isolation.sandbox = *sandbox == "required" ? worker::SandboxMode::kRequired : worker::SandboxMode::kBestEffort;
  if (const auto safe = json::find_bool(given, "safe_mode")) isolation.has_safe_mode = *safe;
  if (const auto megabytes = json::find_int(given, "max_memory_mb"))
    isolation.max_memory = static_cast<std::uint64_t>(*megabytes) << 20;
  if (const auto* libraries = json::find(given, "libraries"))
    for (const auto& folder : strings(*libraries)) isolation.libraries.emplace_back(folder);
  if (const auto* plugins = json::find(given, "plugins"))
    for (const auto& plugin : plugins->GetObject())
      isolation.plugins.emplace(json::view(plugin.name), isolation_of(json::view(plugin.value)));
}

/// A value that the schema allows and its reader does not.
struct WrongValue {
  std::string pointer;
  base::Error error;
};

std::optional<WrongValue> find_wrong_value(const json::Value& root) {
  for (const auto* name : {"listen", "metrics_listen"}) {
    const auto listen = json::find_string(root, name);
    if (!listen || (listen->empty() && std::string_view(name) == "metrics_listen")) continue;
    if (auto read = parse_endpoint(*listen); !read) return WrongValue{fmt::format("/{}", name), read.error()};
  }
  std::size_t index = 0;
  if (const auto* keys = json::find(root, "trusted_keys")) {
    for (const auto& key : strings(*keys)) {
      if (auto checked = sources::native::check_public_key(key); !checked)
        return WrongValue{fmt::format("/trusted_keys/{}", index), checked.error()};
      ++index;
    }
  }
  const auto* egress = json::find(root, "egress");
  const auto* allow = egress == nullptr ? nullptr : json::find(*egress, "allow");
  if (allow == nullptr) return std::nullopt;
  index = 0;
  for (const auto& network : strings(*allow)) {
    const auto policy =
        services::http::EgressPolicy::create({.allow_loopback = false, .allow = {network}, .ports = {}});
    if (!policy) return WrongValue{fmt::format("/egress/allow/{}", index), policy.error()};
    ++index;
  }
  return std::nullopt;
}

/// "toolrack.json, line 4: /threads: expected integer".
base::Error misplaced(std::string_view name, std::string_view text, std::string_view pointer, std::string_view message,
                      std::string_view hint) {
  return {ErrorCode::kInvalidConfig,
          fmt::format("{}, line {}: {}: {}", name, line_of(text, pointer), pointer.empty() ? "/" : pointer, message),
          std::string(hint)};
}

/// What is no JSON says where itself, but for a name that stands twice.
base::Error unreadable(std::string_view name, std::string_view text, const base::Error& error) {
  const auto line = error.code() == ErrorCode::kDuplicateKey ? line_of_repeated_name(text) : 0;
  const auto where = line == 0 ? std::string(name) : fmt::format("{}, line {}", name, line);
  return {ErrorCode::kInvalidConfig, fmt::format("{}: {}", where, error.message())};
}

void apply_trial(const json::Value& trial, registry::TrialSettings& settings) {
  settings.rolls_back = json::find_bool(trial, "rollback").value_or(settings.rolls_back);
  if (const auto calls = json::find_int(trial, "first_calls"))
    settings.first_calls = static_cast<std::uint64_t>(*calls);
  if (const auto* margin = json::find(trial, "margin")) settings.margin = margin->GetDouble();
}

/// `root` satisfies the schema and has no wrong value.
base::Result<void> apply(const json::Value& root, Config& config) {
  if (const auto mode = json::find_string(root, "mode"))
    config.mode = *mode == "hosted" ? call::Mode::kHosted : call::Mode::kLocal;
  if (const auto listen = json::find_string(root, "listen")) config.listen = TRY(parse_endpoint(*listen));
  if (const auto listen = json::find_string(root, "metrics_listen")) TRY(set_endpoint(*listen, config.metrics_listen));
  if (const auto threads = json::find_int(root, "threads")) config.threads = static_cast<unsigned>(*threads);
  if (const auto data = json::find_string(root, "data")) config.data = expand(*data);
  if (const auto* plugins = json::find(root, "plugins")) {
    config.plugins.clear();
    for (const auto& path : strings(*plugins)) config.plugins.push_back(expand(path));
  }
  if (const auto require = json::find_bool(root, "require_signature")) config.require_signature = *require;
  if (const auto* keys = json::find(root, "trusted_keys")) config.trusted_keys = strings(*keys);
  if (const auto* versions = json::find(root, "versions")) {
    config.allow_breaking_versions = json::find_bool(*versions, "allow_breaking").value_or(false);
    if (const auto* trial = json::find(*versions, "trial")) apply_trial(*trial, config.trials);
  }
  if (const auto watches = json::find_bool(root, "watch_plugins")) config.watch_plugins = *watches;
  if (const auto delay = json::find_int(root, "stop_delay_ms")) config.stop_delay = std::chrono::milliseconds(*delay);
  if (const auto* owners = json::find(root, "owners")) config.owners = strings(*owners);
  if (const auto* log = json::find(root, "log")) {
    config.log_level = json::find_string(*log, "level").value_or(config.log_level);
    config.log_format = json::find_string(*log, "format").value_or(config.log_format);
  }
  if (const auto* http = json::find(root, "http")) apply_http(*http, config);
  if (const auto* mcp = json::find(root, "mcp")) apply_mcp(*mcp, config);
  if (const auto* cache = json::find(root, "cache")) {
    if (const auto bytes = json::find_int(*cache, "max_bytes"))
      config.cache_max_bytes = static_cast<std::size_t>(*bytes);
  }
  if (const auto* egress = json::find(root, "egress")) {
    if (const auto* allow = json::find(*egress, "allow")) config.egress_allow = strings(*allow);
    if (const auto* ports = json::find(*egress, "ports"))
      for (const auto& port : ports->GetArray())
        config.egress_ports.push_back(static_cast<std::uint16_t>(port.GetUint()));
  }
  if (const auto* limits = json::find(root, "limits")) apply_limits(*limits, config);
  if (const auto* assets = json::find(root, "assets"))
    if (const auto* bucket = json::find(*assets, "s3")) apply_bucket(*bucket, config);
  if (const auto* knowledge = json::find(root, "knowledge"))
    if (const auto* embeddings = json::find(*knowledge, "embeddings")) apply_embeddings(*embeddings, config);
  if (const auto* jobs = json::find(root, "jobs")) {
    if (const auto most = json::find_int(*jobs, "per_account"))
      config.jobs.per_account = static_cast<std::uint32_t>(*most);
    if (const auto hours = json::find_int(*jobs, "keep_hours")) config.jobs.keep = std::chrono::hours(*hours);
  }
  if (const auto* isolation = json::find(root, "isolation")) apply_isolation(*isolation, config);
  if (const auto* telemetry = json::find(root, "telemetry")) apply_telemetry(*telemetry, config.telemetry);
  if (const auto* providers = json::find(root, "providers"))
    for (const auto& provider : providers->GetObject())
      if (const auto url = json::find_string(provider.value, "base_url"))
        config.provider_base_urls.emplace(json::view(provider.name), *url);
  return {};
}

base::Result<void> apply_environment(Config& config) {
  const auto variable = [](const char* name) -> std::optional<std::string_view> {
    const auto* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string_view>(value);
  };
  const auto wrong = [](std::string_view name, std::string_view value, std::string_view expected) {
    return fail(ErrorCode::kInvalidConfig, fmt::format("{} is \"{}\", not {}", name, value, expected));
  };
  if (const auto mode = variable("TOOLRACK_MODE")) {
    if (*mode != "local" && *mode != "hosted") return wrong("TOOLRACK_MODE", *mode, "local or hosted");
    config.mode = *mode == "hosted" ? call::Mode::kHosted : call::Mode::kLocal;
  }
  if (const auto listen = variable("TOOLRACK_LISTEN")) {
    auto endpoint = parse_endpoint(*listen);
    if (!endpoint) return wrong("TOOLRACK_LISTEN", *listen, "ADDRESS:PORT");
    config.listen = *std::move(endpoint);
  }
  if (const auto* listen = std::getenv("TOOLRACK_METRICS_LISTEN"))
    if (!set_endpoint(listen, config.metrics_listen))
      return wrong("TOOLRACK_METRICS_LISTEN", listen, "ADDRESS:PORT, or empty");
  if (const auto threads = variable("TOOLRACK_THREADS")) {
    const auto [end, error] = std::from_chars(threads->data(), threads->data() + threads->size(), config.threads);
    if (error != std::errc() || end != threads->data() + threads->size() || config.threads < 1 || config.threads > 256)
      return wrong("TOOLRACK_THREADS", *threads, "a number from 1 to 256");
  }
  if (const auto data = variable("TOOLRACK_DATA")) config.data = expand(*data);
  if (const auto plugins = variable("TOOLRACK_PLUGINS")) config.plugins = split_paths(*plugins);
  if (const auto require = variable("TOOLRACK_REQUIRE_SIGNATURE")) {
    if (*require != "true" && *require != "false")
      return wrong("TOOLRACK_REQUIRE_SIGNATURE", *require, "true or false");
    config.require_signature = *require == "true";
  }
  if (const auto level = variable("TOOLRACK_LOG_LEVEL")) {
    services::log::Level known;
    if (!services::log::parse_level(*level, known))
      return wrong("TOOLRACK_LOG_LEVEL", *level, "debug, info, notice, warning or error");
    config.log_level = *level;
  }
  if (const auto format = variable("TOOLRACK_LOG_FORMAT")) {
    if (*format != "text" && *format != "json") return wrong("TOOLRACK_LOG_FORMAT", *format, "text or json");
    config.log_format = *format;
  }
  apply_telemetry_environment(config.telemetry);
  return {};
}

base::Result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::kInvalidConfig, fmt::format("{} cannot be read", path.string()));
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

}  // namespace

base::Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&] {
    return fail(ErrorCode::kInvalidConfig, fmt::format("\"{}\" is not ADDRESS:PORT", text),
                "Write for example 127.0.0.1:3141 or [::1]:3141.");
  };
  Endpoint endpoint{.address = "127.0.0.1", .port = 0};
  const auto colon = text.rfind(':');
  auto digits = text;
  if (colon != std::string_view::npos) {
    auto address = text.substr(0, colon);
    digits = text.substr(colon + 1);
    if (address.starts_with('[') != address.ends_with(']')) return wrong();
    if (address.starts_with('['))
      address = address.substr(1, address.size() - 2);
    else if (address.find(':') != std::string_view::npos)
      return wrong();
    if (address == "localhost") address = "127.0.0.1";
    if (!address.empty()) endpoint.address = address;
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return wrong();
  return endpoint;
}

base::Result<Config> read_config(std::string_view text, std::string_view name) {
  Config config;
  if (const auto* home = std::getenv("HOME")) config.data = std::filesystem::path(home) / ".toolrack";
  if (!text.empty()) {
    auto root = json::parse_config(text);
    if (!root) return fail(unreadable(name, text, root.error()));
    const auto schema = TRY(registry::compile_schema(embedded::app_files().front().bytes));
    if (const auto violations = schema->check(*root); !violations.empty())
      return fail(misplaced(name, text, violations.front().pointer, violations.front().message, ""));
    if (const auto wrong = find_wrong_value(*root))
      return fail(misplaced(name, text, wrong->pointer, wrong->error.message(), wrong->error.hint()));
    TRY(apply(*root, config));
  }
  TRY(apply_environment(config));
  return config;
}

base::Result<Config> load_config(const std::filesystem::path& file) {
  auto path = file;
  if (const auto* variable = std::getenv("TOOLRACK_CONFIG"); path.empty() && variable != nullptr) path = variable;
  if (path.empty()) return read_config("", "");
  const auto text = TRY(read_file(path));
  return read_config(text, path.string());
}

std::filesystem::path bundled_plugins() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "plugins";
  if (std::filesystem::is_directory(beside, error)) return beside;
  return self.parent_path().parent_path() / "lib" / "toolrack" / "plugins";
}

std::filesystem::path worker_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "toolrack-worker";
  if (std::filesystem::exists(beside, error)) return beside;
  return self.parent_path().parent_path() / "lib" / "toolrack" / "toolrack-worker";
}

}  // namespace toolrack::app
