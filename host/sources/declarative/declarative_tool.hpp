/// A tool that is a manifest and nothing else: the handler of skills whose `request` block the host carries out itself.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.hpp"
#include "base/mutex.hpp"
#include "base/published.hpp"
#include "registry/handler.hpp"
#include "registry/tool.hpp"
#include "services/credentials/platform_credentials.hpp"
#include "services/upstream/client.hpp"
#include "services/upstream/places.hpp"
#include "sources/declarative/program.hpp"
#include "sources/http_targets.hpp"
#include "sources/native/plugin_file.hpp"
#include "sources/native/served.hpp"
#include "sources/native/watchdog.hpp"

namespace toolrack::sources::declarative {

class DeclarativeCall;

/// What requests need; all of it outlives the tools.
struct Services {
  base::Loops* loops = nullptr;
  std::vector<services::upstream::Client*> http;  ///< By loop index; empty: there is no way out.
  services::upstream::Places* places = nullptr;
  const services::credentials::PlatformCredentials* credentials = nullptr;
  const base::Published<BaseUrls>* base_urls = nullptr;
  const base::Clock* clock = nullptr;
};

/// Shared by the source and the tool's skills; the circle with the tool is broken when it is closed.
/// Threads: `invoke` and `cancel` on the call's loop, everything else any.
class DeclarativeTool final : public registry::Handler,
                              public native::Served,
                              public std::enable_shared_from_this<DeclarativeTool> {
 public:
  /// `row` says what is known of the file. The caller makes it the handler of the skills that have a program.
  DeclarativeTool(Services services, std::shared_ptr<const registry::Tool> tool, Programs programs,
                  native::PluginFile row);
  ~DeclarativeTool() override;

  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override;
  void cancel(std::uint64_t ticket) override;

  std::shared_ptr<const registry::Tool> tool() const override;
  const std::string& build_id() const noexcept override { return row_.build_id; }
  const std::string& id() const noexcept override { return row_.tool; }
  void set_path(std::string path) override;
  native::PluginFile report() const override;
  void load_soon(Ready ready) override {
    if (ready) ready(std::nullopt);
  }
  void take_over_from(const std::shared_ptr<Served>&) override {}
  /// `closed` runs once the last call has ended: at once, or on that call's loop.
  void drain(std::chrono::milliseconds patience, std::function<void()> closed) override;

  // --- By its calls.

  const Services& services() const noexcept { return services_; }
  const HttpTargets& targets() const noexcept { return targets_; }
  void leave(base::Loop& loop, std::uint64_t ticket);

 private:
  using Calls = std::unordered_map<std::uint64_t, std::shared_ptr<DeclarativeCall>>;
  void close_if_quiet();
  void cancel_all_calls();

  const Services services_;
  const HttpTargets targets_;
  const Programs programs_;
  const native::PluginFile row_;

  /// By loop, of that loop's thread. Tickets hold the loop's index in their upper bits.
  struct OfLoop {
    Calls calls;
    std::uint64_t last_ticket = 0;
  };
  std::vector<OfLoop> of_loop_;

  std::atomic<std::uint64_t> calls_{0};
  mutable base::Mutex mutex_;
  std::string path_ TR_GUARDED_BY(mutex_);
  std::size_t running_ TR_GUARDED_BY(mutex_) = 0;
  bool is_draining_ TR_GUARDED_BY(mutex_) = false;
  native::Watchdog watchdog_ TR_GUARDED_BY(mutex_);  // Over calls that do not end while it drains.
  std::vector<std::function<void()>> when_closed_ TR_GUARDED_BY(mutex_);
  std::shared_ptr<const registry::Tool> tool_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::sources::declarative
