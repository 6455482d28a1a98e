#include "app/doctor.hpp"

#include <fmt/format.h>
#include <linux/landlock.h>
#include <netdb.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>

#include "app/asset_bytes.hpp"
#include "app/backstage.hpp"
#include "app/config.hpp"
#include "app/http_api.hpp"
#include "app/port_holder.hpp"
#include "base/json.hpp"
#include "services/credentials/signing.hpp"
#include "sources/native/checked_file.hpp"
#include "store/data_directory.hpp"
#include "store/lmdb/lmdb_store.hpp"
#include "transports/net/listener.hpp"

namespace toolrack::app {
namespace {

namespace json = base::json;

/// The report, a check after another.
class Report {
 public:
  Report() : writer_(buffer_) {
    writer_.StartObject();
    json::key(writer_, "checks");
    writer_.StartArray();
  }
  void ok(std::string_view name, std::string_view detail) { add(name, "ok", detail, {}); }
  void warn(std::string_view name, std::string_view detail, std::string_view remedy) {
    add(name, "warning", detail, remedy);
  }
  void error(std::string_view name, const base::Error& error) { add(name, "error", error.message(), error.hint()); }
  std::string finish() {
    writer_.EndArray();
    writer_.EndObject();
    return std::string(json::view(buffer_));
  }

 private:
  void add(std::string_view name, std::string_view status, std::string_view detail, std::string_view remedy) {
    writer_.StartObject();
    for (const auto& [key, value] :
         {std::pair{std::string_view("name"), name}, {"status", status}, {"detail", detail}, {"remedy", remedy}}) {
      if (value.empty()) continue;
      json::key(writer_, key);
      json::put(writer_, value);
    }
    writer_.EndObject();
  }

  json::Buffer buffer_;
  json::Writer writer_;
};

void check_space(Report& report, std::filesystem::path path) {
  struct statvfs status {};
  while (statvfs(path.c_str(), &status) != 0) {
    if (errno != ENOENT || !path.has_relative_path()) return;
    path = path.parent_path();
  }
  const auto free_mib = status.f_bavail * status.f_frsize >> 20;
  const auto detail = fmt::format("{} MiB free", free_mib);
  if (free_mib < 512)
    report.warn("disk", detail, "Free some space: the store stops taking writes when the disk is full.");
  else
    report.ok("disk", detail);
}

/// Of nobody's data directory, as far as we know.
void check_unserved(Report& report, const Config& config, bool exists) {
  const auto path = config.data.string();
  report.ok("data directory", exists ? fmt::format("{}, nobody serves it", path)
                                     : fmt::format("{} is made by the first start; nobody serves it", path));
  const auto stored = exists ? store::LmdbStore::look(config.data) : std::optional<std::int64_t>();
  // Somebody who has begun to write meanwhile makes what we saw worth nothing.
  const auto again = store::DataDirectory::look(config.data);
  if (again && again->owner)
    report.ok("store", fmt::format("process {} has just begun to serve it", again->owner->pid));
  else if (!stored)
    report.error("store", stored.error());
  else if (*stored)
    report.ok("store", fmt::format("schema version {}", **stored));
  else
    report.ok("store", "made by the first start");
}

/// The process that serves the data directory; 0: nobody. Only looks: a gateway may be about to start.
pid_t check_store(Report& report, const Config& config) {
  pid_t owner = 0;
  const auto seen = store::DataDirectory::look(config.data);
  if (!seen) {
    report.error("data directory", seen.error());
    return owner;
  }
  if (seen->owner) {
    owner = seen->owner->pid;
    report.ok("data directory", fmt::format("{} is served by process {}", config.data.string(), owner));
    const auto reply =
        HttpApi::local(store::DataDirectory::socket_of(config.data).string())->request("GET", "/health", "");
    if (reply)
      report.ok("gateway", reply->body);
    else
      report.error("gateway", reply.error());
  } else {
    check_unserved(report, config, seen->exists);
  }
  check_space(report, config.data);
  return owner;
}

std::string describe(const Endpoint& endpoint) {
  const bool is_v6 = endpoint.address.find(':') != std::string::npos;
  return fmt::format("{}:{}", is_v6 ? fmt::format("[{}]", endpoint.address) : endpoint.address, endpoint.port);
}

/// Is it free, or ours already? `setting` is what names it.
void check_address(Report& report, std::string_view name, const Endpoint& endpoint, std::string_view setting,
                   pid_t owner) {
  const auto checked = net::check_tcp(endpoint.address, endpoint.port);
  const auto where = describe(endpoint);
  if (checked) return report.ok(name, fmt::format("{} is free", where));
  if (checked.error().code() != base::ErrorCode::kConflict) return report.error(name, checked.error());
  const auto holder = port_holder(endpoint.port);
  if (holder && holder->pid == owner)
    return report.ok(name, fmt::format("{} is served by process {}", where, holder->pid));
  const auto who = holder ? fmt::format("{} (process {})", holder->name, holder->pid)
                          : std::string("a process that only its user or root can look into");
  report.error(name, {base::ErrorCode::kConflict, fmt::format("{} is taken by {}", where, who),
                      fmt::format("Choose another address with {}, or stop {}.", setting,
                                  holder ? fmt::format("process {}", holder->pid) : "the process that listens there")});
}

void check_plugins(Report& report, const Config& config) {
  auto directories = config.plugins;
  directories.insert(directories.begin(), bundled_plugins());
  for (const auto& path : directories) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error))
      report.warn("plugins", fmt::format("{} is no directory", path.string()),
                  "Make it, or take it out of the configuration.");
    else
      report.ok("plugins", fmt::format("{}", path.string()));
  }
}

/// What the tools' credentials lack in this command's environment, and what would set it.
void check_credentials(Report& report, const Config& config,
                       const services::credentials::PlatformCredentials& credentials) {
  auto directories = config.plugins;
  directories.insert(directories.begin(), bundled_plugins());
  std::set<std::string> seen;
  for (const auto& directory : directories) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
      if (entry.path().extension() != ".so") continue;
      const auto file = sources::native::check_file(entry.path().string(), false);
      if (!file) continue;  // The plugins' own check tells.
      for (const auto& credential : file->tool->credentials) {
        if (!seen.insert(credential.name).second) continue;
        const auto missing = services::credentials::missing_variables(credential, credentials);
        const auto name = fmt::format("credential: {}", credential.name);
        if (missing.empty())
          report.ok(name, fmt::format("set, for {}", file->tool->id()));
        else
          report.warn(name, fmt::format("{} wants it, and it is not set", file->tool->id()),
                      fmt::format("Set {} for the gateway{}.", fmt::join(missing, " and "),
                                  credential.help_url.empty() ? "" : " (" + credential.help_url + ")"));
      }
    }
  }
}

void check_assets(Report& report, const Config& config, const services::credentials::PlatformCredentials& credentials) {
  if (!config.assets_s3) return;
  const auto name = fmt::format("assets: bucket {}", config.assets_s3->bucket);
  if (const auto checked = check_bucket(config, credentials); checked)
    report.ok(name, fmt::format("can be listed at {}", config.assets_s3->endpoint));
  else
    report.error(name, checked.error());
}

/// What worker processes are locked up with; each is used where the kernel has it.
void check_sandbox(Report& report) {
  const auto landlock = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (landlock > 0)
    report.ok("sandbox: landlock", fmt::format("ABI {}", landlock));
  else
    report.warn("sandbox: landlock", "the kernel does not offer it",
                "Use a kernel of 5.13 or later with Landlock switched on.");
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)
    report.ok("sandbox: seccomp", "available");
  else
    report.warn("sandbox: seccomp", "the kernel does not offer it", "Use a kernel built with CONFIG_SECCOMP.");
}

/// Looks a name up that every resolver knows without asking anybody.
void check_dns(Report& report) {
  addrinfo* found = nullptr;
  const auto failure = getaddrinfo("localhost", nullptr, nullptr, &found);
  if (failure == 0) {
    freeaddrinfo(found);
    report.ok("dns", "localhost resolves");
  } else {
    report.warn("dns", fmt::format("localhost does not resolve: {}", gai_strerror(failure)),
                "Check /etc/hosts and /etc/nsswitch.conf.");
  }
  std::error_code error;
  if (!std::filesystem::exists("/etc/resolv.conf", error))
    report.warn("dns", "/etc/resolv.conf is missing", "Name a resolver there; tools cannot look hosts up without one.");
}

}  // namespace

std::string doctor_report(const cli::Target& target, const services::credentials::PlatformCredentials& credentials) {
  Report report;
  const auto config = configure(target);
  if (!config) {
    report.error("configuration", config.error());
    return report.finish();
  }
  if (const auto checked = check_config(*config); !checked)
    report.error("configuration", checked.error());
  else
    report.ok("configuration",
              fmt::format("{} mode, listens on {}:{}", config->mode == call::Mode::kHosted ? "hosted" : "local",
                          config->listen.address, config->listen.port));
  const auto owner = check_store(report, *config);
  check_address(report, "listening address", config->listen, "--listen", owner);
  if (config->metrics_listen)
    check_address(report, "metrics address", *config->metrics_listen, "--metrics-listen", owner);
  check_plugins(report, *config);
  check_credentials(report, *config, credentials);
  check_assets(report, *config, credentials);
  check_sandbox(report);
  check_dns(report);
  return report.finish();
}

}  // namespace toolrack::app
