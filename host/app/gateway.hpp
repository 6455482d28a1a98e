/// A whole gateway: every part of the host, made in order and taken down in reverse.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "app/config.hpp"
#include "app/config_changes.hpp"
#include "app/handover.hpp"
#include "base/result.hpp"
#include "operations/table.hpp"
#include "store/data_directory.hpp"

namespace toolrack::services::credentials {
class PlatformCredentials;
}
namespace toolrack::services::recorder {
class Recording;
}

namespace toolrack::app {

class Gateway {
 public:
  struct Options {
    bool listen = true;     ///< False: only the owner's socket, for a command's time.
    bool runs_jobs = true;  ///< False: calls end with their requests, because the gateway does; plugins are
                            ///< not watched either.
    std::filesystem::path bundled = bundled_plugins();
    const services::credentials::PlatformCredentials* credentials = nullptr;  ///< Outlives the gateway; null: none.
    /// Of the only call that this gateway is made for. Outlives the gateway; null: nothing is recorded.
    services::recorder::Recording* recording = nullptr;
    Handover inherited = {};  ///< Listens there (listen_sockets.hpp). Its lock belongs to `directory`.
  };
  /// Starts serving. `directory` is taken over: this process owns the data. Errors name what is wrong and the remedy.
  static base::Result<std::unique_ptr<Gateway>> start(const Config& config, const operations::Table& table,
                                                      store::DataDirectory directory, Options options);
  /// `stop`, if that was not done.
  ~Gateway();

  /// Takes over from `wanted`, which `check_config` has passed, what may change while calls run; none is lost or held
  /// up. Says what differed. On an error everything is as it was. Not on a loop; by one thread at a time.
  base::Result<ConfigChanges> reload(const Config& wanted);

  /// Copies of what a successor needs: clients that come after `stop`, which is what has to follow, wait there for it.
  /// `wanted`: what the successor will go by (null: not known here); kInvalidConfig when it may not serve sockets that
  /// have to stay, and on every error this gateway goes on as it was.
  base::Result<Handover> hand_over(const Config* wanted);
  /// Does every loop do what it is given within that time? Not on a loop.
  bool answers(std::chrono::milliseconds patience);

  /// Looks at every plugin file again, also at those that have failed, as the watcher does by itself; waits for plugins
  /// that start. On an error the catalogue is as it was. Not on a loop.
  base::Result<void> rescan_plugins();

  /// From now on /readyz says no, and everything is served as before. Returns for how long that is to go on, so that
  /// who balances load notices it before `stop`.
  std::chrono::milliseconds announce_stop();
  /// No new calls, running ones may end until the deadline; returns when everything is down. Not on a loop.
  void stop();

  /// Where it really listens; the port that a port 0 became.
  const Endpoint& endpoint() const noexcept;
  const Endpoint* metrics_endpoint() const noexcept;  ///< Null: /metrics is not served.
  const std::string& socket_path() const noexcept;

 private:
  struct Parts;
  explicit Gateway(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace toolrack::app
