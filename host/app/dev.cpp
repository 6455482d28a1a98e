/// `toolrack dev`: a gateway for who writes a tool, with a workbench beside it.
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "app/backstage.hpp"
#include "app/last_resort.hpp"
#include "app/serving.hpp"
#include "app/signals.hpp"
#include "app/tool_folder.hpp"
#include "app/workbench.hpp"
#include "cli/exit_code.hpp"
#include "services/log/log.hpp"

namespace toolrack::app {
namespace {

namespace fs = std::filesystem;
namespace log = services::log;

constexpr std::chrono::seconds kDevStopPatience{10};

/// A folder for as long as the command runs.
class TemporaryFolder {
 public:
  static base::Result<TemporaryFolder> create() {
    std::error_code failed;
    auto pattern = (fs::temp_directory_path(failed) / "toolrack-dev-XXXXXX").string();
    if (!failed && ::mkdtemp(pattern.data()) != nullptr) return TemporaryFolder(std::move(pattern));
    return base::fail(base::ErrorCode::kUnavailable,
                      "no folder can be made for the gateway's data: " + std::string(std::strerror(errno)),
                      "Name one with --data, or set TMPDIR to a place that can be written.");
  }
  TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const fs::path& path() const noexcept { return path_; }

 private:
  explicit TemporaryFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

/// What `options` and the configuration say, for one author on one machine.
base::Result<Config> configure_development(const cli::DevOptions& options, const fs::path& data,
                                           const fs::path& served) {
  auto target = options.target;
  target.data = data;
  auto config = TRY(configure(target));
  if (options.listen) config.listen = TRY(parse_endpoint(*options.listen));
  config.mode = call::Mode::kLocal;
  config.metrics_listen.reset();
  config.plugins.push_back(served);
  config.require_signature = false;
  config.allow_breaking_versions = true;  // Half-written tools take back what they offered a moment ago.
  config.watch_plugins = true;
  config.log_level = "debug";                                          // A line for each call.
  config.isolation.otherwise = sources::isolated::Isolation::kWorker;  // A crash costs the call, not the gateway.
  TRY(check_config(config));
  return config;
}

}  // namespace

int Backstage::dev(const cli::DevOptions& options) {
  auto folder = ToolFolder::open(options.folder, options.preset);
  if (!folder) return complain(folder.error());
  const auto temporary = TemporaryFolder::create();  // Goes after the gateway.
  if (!temporary) return complain(temporary.error());
  const auto data = options.target.data.empty() ? temporary->path() / "data" : fs::absolute(options.target.data);
  auto served = folder->path();
  if (folder->is_built()) {
    served = temporary->path() / "built";
    std::error_code failed;
    fs::create_directory(served, failed);  // A gateway that cannot read it says so.
  }
  const auto config = configure_development(options, data, served);
  if (!config) return complain(config.error());
  const Signals signals;  // Before the first thread, so that every thread inherits the mask.
  set_up_log(*config, "");
  auto started = start_serving(*config, table_, credentials_, {});
  if (!started) return complain(started.error());
  const auto gateway = *std::move(started);
  const auto url = url_of(gateway->endpoint());
  log::write(
      log::Level::kInfo, "the gateway is ready",
      {{"url", url}, {"tool", folder->path().native()}, {"call_it", "toolrack --url " + url + " call TOOL SKILL"}});
  {
    std::optional<Workbench> workbench;
    if (folder->is_built()) workbench.emplace(*std::move(folder), served, data, *gateway);
    while (signals.wait() != Signal::kStop) {
    }
  }
  log::write(log::Level::kInfo, "the gateway stops: running calls may end");
  const LastResort last_resort(kDevStopPatience, LastResort::Heeds::kTimeAndSignals);
  gateway->stop();
  return cli::kOk;
}

}  // namespace toolrack::app
