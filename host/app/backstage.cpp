#include "app/backstage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <thread>

#include "app/doctor.hpp"
#include "app/gateway.hpp"
#include "app/handover.hpp"
#include "app/http_api.hpp"
#include "app/last_resort.hpp"
#include "app/service_manager.hpp"
#include "app/serving.hpp"
#include "app/signals.hpp"
#include "app/validate.hpp"
#include "base/encoding.hpp"
#include "base/version.hpp"
#include "cli/exit_code.hpp"
#include "services/log/log.hpp"
#include "sources/native/signature.hpp"
#include "store/data_directory.hpp"
#include "transports/stdio/bridge.hpp"

namespace toolrack::app {
namespace {

namespace log = services::log;

/// Longer than a stop takes whose calls and plugins end when they are told to; shorter than systemd's 90 seconds.
constexpr std::chrono::seconds kStopPatience{75};

std::string_view environment(const char* name) {
  const auto* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// How to reach the gateway that a command means, and that gateway itself when it lives in this process.
struct Attachment {
  std::unique_ptr<Gateway> own;
  std::string socket_path;
};

/// For an owner that has just taken the data directory and may not listen yet.
constexpr std::chrono::seconds kOwnerPatience{10};

/// Attaches to the owner of the data directory; where there is none, `when_free` says what then.
base::Result<Attachment> attach_to_owner(
    const Config& config, const std::function<base::Result<Attachment>(store::DataDirectory directory)>& when_free) {
  constexpr std::chrono::milliseconds kLongestPause(100);
  const auto deadline = std::chrono::steady_clock::now() + kOwnerPatience;
  std::chrono::milliseconds pause(1);
  for (;;) {
    auto acquired = TRY(store::DataDirectory::acquire(config.data));
    if (auto* directory = std::get_if<store::DataDirectory>(&acquired)) return when_free(std::move(*directory));
    auto socket_path = store::DataDirectory::socket_of(config.data).string();
    if (HttpApi::local(socket_path)->request("GET", "/livez", "")) return Attachment{nullptr, std::move(socket_path)};
    if (std::chrono::steady_clock::now() > deadline)
      return base::fail(
          base::ErrorCode::kUnavailable,
          fmt::format("process {} owns {} but does not answer at {}",
                      std::get<store::DataDirectory::Owned>(acquired).pid, config.data.string(), socket_path),
          "End that process, or choose another --data directory.");
    std::this_thread::sleep_for(pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

/// Attaches to the owner of the data directory, or becomes it. `runs_jobs`: this process lives long enough for that.
base::Result<Attachment> attach(const Config& config, const operations::Table& table,
                                const services::credentials::PlatformCredentials& credentials, bool runs_jobs) {
  return attach_to_owner(config, [&](store::DataDirectory directory) -> base::Result<Attachment> {
    auto gateway = TRY(Gateway::start(config, table, std::move(directory),
                                      {.listen = false, .runs_jobs = runs_jobs, .credentials = &credentials}));
    auto socket_path = gateway->socket_path();
    return Attachment{std::move(gateway), std::move(socket_path)};
  });
}

/// Attaches to the owner of the data directory, and to nobody else.
base::Result<Attachment> attach_to_running(const Config& config) {
  return attach_to_owner(config, [&](const store::DataDirectory&) -> base::Result<Attachment> {
    return base::fail(base::ErrorCode::kUnavailable, fmt::format("no gateway serves {}", config.data.string()),
                      "Start one with `toolrack serve`, or name another one: --data DIR, --url URL.");
  });
}

/// Talks to the gateway of the data directory; to one in this process, it takes down afterwards.
class OwnApi final : public cli::Api {
 public:
  using Attach = std::function<base::Result<Attachment>()>;

  explicit OwnApi(Attachment attachment, Attach attach_again = nullptr)
      : own_(std::move(attachment.own)),
        api_(HttpApi::local(attachment.socket_path)),
        attach_again_(std::move(attach_again)) {}

  base::Result<cli::ApiReply> request(std::string_view method, std::string_view path, std::string_view body) override {
    auto reply = api_->request(method, path, body);
    if (reply || api_->was_connected() || own_ != nullptr || attach_again_ == nullptr) return reply;
    // Its owner has gone since, or is being renewed, and has not heard of this.
    auto attachment = TRY(attach_again_());
    own_ = std::move(attachment.own);
    api_ = HttpApi::local(attachment.socket_path);
    return api_->request(method, path, body);
  }

 private:
  std::unique_ptr<Gateway> own_;  // Null when another process has the gateway.
  std::unique_ptr<HttpApi> api_;
  const Attach attach_again_;
};

std::string remote_url(const cli::Target& target) {
  return target.url.empty() ? std::string(environment("TOOLRACK_API_URL")) : target.url;
}

std::string remote_key(const cli::Target& target) {
  return target.key.empty() ? std::string(environment("TOOLRACK_API_KEY")) : target.key;
}

/// "expose=flat&tools=a,b", as registry::Exposure reads it.
std::string exposure_query(const cli::StdioOptions& options) {
  std::string query;
  if (!options.expose.empty()) query = "expose=" + options.expose;
  for (std::size_t i = 0; i < options.tools.size(); ++i) {
    if (i == 0 && !query.empty()) query += '&';
    query += (i == 0 ? "tools=" : ",") + base::percent_encode(options.tools[i]);
  }
  return query;
}

/// A URL that already has a query keeps it.
std::string with_query(std::string url, std::string_view query) {
  if (query.empty()) return url;
  url += url.find('?') == std::string::npos ? '?' : '&';
  return url.append(query);
}

/// What `toolrack serve` runs with: the file, the environment, the command line.
base::Result<Config> configure_serving(const cli::ServeOptions& options) {
  auto config = TRY(configure(options.target));
  if (options.listen) config.listen = TRY(parse_endpoint(*options.listen));
  if (options.metrics_listen) {
    config.metrics_listen.reset();
    if (!options.metrics_listen->empty()) config.metrics_listen = TRY(parse_endpoint(*options.metrics_listen));
  }
  if (options.mode) config.mode = *options.mode == "hosted" ? call::Mode::kHosted : call::Mode::kLocal;
  if (options.threads) config.threads = *options.threads;
  TRY(check_config(config));
  return config;
}

/// SIGHUP. One line says what came of it.
void reload(Gateway& gateway, const cli::ServeOptions& options) {
  if (const auto rescanned = gateway.rescan_plugins(); !rescanned)
    log::write(log::Level::kError, "the plugins that have changed cannot be offered",
               {{"reason", rescanned.error().message()}, {"remedy", rescanned.error().hint()}});
  const auto changes = [&]() -> base::Result<ConfigChanges> {
    const auto config = TRY(configure_serving(options));
    auto result = TRY(gateway.reload(config));
    set_up_log(config, "");
    return result;
  }();
  if (!changes)
    return log::write(log::Level::kError, "the configuration is not taken over: everything stays as it was",
                      {{"reason", changes.error().message()}, {"remedy", changes.error().hint()}});
  if (changes->restart.empty())
    return log::write(log::Level::kNotice, "the configuration is read again", {{"changed", join(changes->live)}});
  log::write(log::Level::kWarning, "the configuration is read again; some of it needs a restart",
             {{"changed", join(changes->live)}, {"needs_restart", join(changes->restart)}});
}

/// SIGUSR2. Nothing when the program on the disk would not start: this one goes on.
std::optional<Handover> prepare(Gateway& gateway, const Successor& successor, const cli::ServeOptions& options) {
  auto handover = [&]() -> base::Result<Handover> {
    TRY(successor.check());
    // The successor may understand what this program does not.
    const auto wanted = configure_serving(options);
    return gateway.hand_over(wanted ? &*wanted : nullptr);
  }();
  if (handover) return *std::move(handover);
  log::write(log::Level::kError, "the gateway is not renewed: everything stays as it was",
             {{"reason", handover.error().message()}, {"remedy", handover.error().hint()}});
  return std::nullopt;
}

}  // namespace

base::Result<Config> configure(const cli::Target& target) {
  auto config = TRY(load_config(target.config));
  if (!target.data.empty()) config.data = target.data;
  if (config.data.empty()) config.data = TRY(store::DataDirectory::default_path());
  if (!target.plugins.empty()) config.plugins.assign(target.plugins.begin(), target.plugins.end());
  return config;
}

int Backstage::serve(const cli::ServeOptions& options) {
  const auto prepared = configure_serving(options);
  if (!prepared) return complain(prepared.error());
  if (options.checks_only) return cli::kOk;
  const Successor successor;
  auto inherited = take_handover();
  const Signals signals;  // Before the first thread, so that every thread inherits the mask.
  const auto& config = *prepared;
  set_up_log(config, "");

  auto started = start_serving(config, table_, credentials_, std::move(inherited));
  if (!started) return complain(started.error());
  auto gateway = *std::move(started);
  log::write(log::Level::kInfo, "the gateway is ready",
             {{"url", url_of(gateway->endpoint())},
              {"metrics", gateway->metrics_endpoint() ? url_of(*gateway->metrics_endpoint()) : std::string()},
              {"mode", config.mode == call::Mode::kHosted ? "hosted" : "local"},
              {"data", config.data.native()}});
  tell_service_manager("READY=1");
  // Its loops end while it stops; that it does not stop for ever is LastResort's to see to.
  std::atomic<bool> is_stopping{false};
  std::optional<Heartbeat> heartbeat;
  if (const auto interval = watchdog_interval())
    heartbeat.emplace(*interval,
                      [&](std::chrono::milliseconds patience) { return gateway->answers(patience) || is_stopping; });

  std::optional<Handover> handover;
  while (!handover) {
    const auto signal = signals.wait();
    if (signal == Signal::kStop) break;
    tell_reloading();
    if (signal == Signal::kReload)
      reload(*gateway, options);
    else
      handover = prepare(*gateway, successor, options);
    if (!handover) tell_service_manager("READY=1");
  }
  if (!handover) tell_service_manager("STOPPING=1");
  {
    // Who renews refuses nobody, and leaves a SIGTERM that comes now to the successor.
    const auto delay = handover ? std::chrono::milliseconds(0) : gateway->announce_stop();
    const LastResort last_resort(kStopPatience + delay,
                                 handover ? LastResort::Heeds::kTime : LastResort::Heeds::kTimeAndSignals);
    if (delay.count() > 0) {
      log::write(log::Level::kInfo, "the gateway is about to stop: it says that it is not ready, and serves on for now",
                 {{"stop_delay_ms", std::int64_t{delay.count()}}});
      std::this_thread::sleep_for(delay);
    }
    log::write(log::Level::kInfo, handover ? "the gateway is renewed: running calls may end, new ones wait"
                                           : "the gateway stops: running calls may end");
    is_stopping = true;
    gateway->stop();
    heartbeat.reset();
    gateway.reset();
  }
  return handover ? complain(successor.start(*handover, credentials_)) : int{cli::kOk};
}

int Backstage::stdio(const cli::StdioOptions& options) {
  const auto& target = options.target;
  const auto query = exposure_query(options);
  const auto url = remote_url(target);
  if (!url.empty()) {
    stdio::Bridge bridge(0, 1, {.url = with_query(url, query), .socket_path = {}, .key = remote_key(target)}, nullptr);
    return bridge.run();
  }
  const auto config = configure(target);
  if (!config) return complain(config.error());
  set_up_log(*config, "warning");
  Attachment attachment;
  // Called again when the owner went away: then this process, or another one like it, becomes the owner.
  const auto elect = [&]() -> base::Result<stdio::Endpoint> {
    attachment = TRY(attach(*config, table_, credentials_, true));
    return stdio::Endpoint{
        .url = with_query("http://localhost", query), .socket_path = attachment.socket_path, .key = {}};
  };
  auto endpoint = elect();
  if (!endpoint) return complain(endpoint.error());
  stdio::Bridge bridge(0, 1, *std::move(endpoint), elect);
  return bridge.run();
}

base::Result<std::unique_ptr<cli::Api>> Backstage::connect(const cli::Target& target) {
  if (auto url = remote_url(target); !url.empty()) return HttpApi::remote(std::move(url), remote_key(target));
  const auto config = TRY(configure(target));
  set_up_log(config, "warning");
  auto attach_now = [this, config] { return attach(config, table_, credentials_, false); };
  auto attachment = TRY(attach_now());
  return std::make_unique<OwnApi>(std::move(attachment), std::move(attach_now));
}

base::Result<std::unique_ptr<cli::Api>> Backstage::connect_running(const cli::Target& target) {
  if (auto url = remote_url(target); !url.empty()) return HttpApi::remote(std::move(url), remote_key(target));
  const auto config = TRY(configure(target));
  // Never attached again by the lock of the directory: who follows a gateway that restarts would take it from it.
  return std::make_unique<OwnApi>(TRY(attach_to_running(config)));
}

base::Result<std::unique_ptr<cli::Api>> Backstage::connect_recorded(const cli::Target& target,
                                                                    services::recorder::Recording& recording) {
  if (!remote_url(target).empty())
    return base::fail(base::ErrorCode::kInvalidRequest,
                      "a call of a remote gateway can be neither recorded nor replayed",
                      "Leave out --url and TOOLRACK_API_URL.");
  const auto config = TRY(configure(target));
  set_up_log(config, "warning");
  auto acquired = TRY(store::DataDirectory::acquire(config.data));
  if (const auto* owned = std::get_if<store::DataDirectory::Owned>(&acquired))
    return base::fail(
        base::ErrorCode::kConflict,
        fmt::format("process {} serves {}, and recording needs a gateway of its own", owned->pid, config.data.string()),
        "End that process, or choose another data directory: toolrack --data DIR call ...");
  auto gateway =
      TRY(Gateway::start(config, table_, std::get<store::DataDirectory>(std::move(acquired)),
                         {.listen = false, .runs_jobs = false, .credentials = &credentials_, .recording = &recording}));
  auto socket_path = gateway->socket_path();
  return std::make_unique<OwnApi>(Attachment{std::move(gateway), std::move(socket_path)});
}

base::Result<std::string> Backstage::validate(const std::string& file) { return validate_file(file); }

base::Result<std::string> Backstage::keygen(const std::string& file) {
  const auto key = TRY(sources::native::make_signing_key(file));
  return fmt::format(
      "{} (keep it to yourself), {}.pub\nWho is to trust it adds to the configuration:\n  \"trusted_keys\": [\"{}\"]\n",
      file, file, key);
}

base::Result<std::string> Backstage::sign(const std::string& key_file, const std::vector<std::string>& plugins) {
  std::string out;
  for (const auto& plugin : plugins) {
    const auto key = TRY(sources::native::sign_plugin(key_file, plugin));
    out += fmt::format("{}.sig, by {}\n", plugin, key);
  }
  return out;
}

std::string Backstage::doctor(const cli::Target& target) { return doctor_report(target, credentials_); }

std::string Backstage::version() { return std::string(base::kVersion); }

}  // namespace toolrack::app
