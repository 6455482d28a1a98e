/// The inside of a gateway without files and configuration: catalogue, accounts, call path, operations, over a store in
/// memory; and, on top, its HTTP front on a free port and a unix socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "accounts/keys.hpp"
#include "accounts/usage.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "call/approvals.hpp"
#include "call/call_path.hpp"
#include "call/identify.hpp"
#include "call/jobs/jobs.hpp"
#include "call/questions/suspended_calls.hpp"
#include "operations/runner.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"
#include "services/telemetry/tracer.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"
#include "support/temp_directory.hpp"
#include "transports/mcp/mcp_handler.hpp"
#include "transports/mcp/settings.hpp"
#include "transports/net/host_guard.hpp"
#include "transports/net/server.hpp"
#include "transports/rest/rest_handler.hpp"

namespace toolrack::testing {

struct RackOptions {
  call::Mode mode = call::Mode::kLocal;
  std::optional<accounts::LimitSettings> limits;  ///< Of every key.
  std::chrono::milliseconds store_delay{0};
  std::size_t loops = 1;
  net::Limits http;
  accounts::Scopes local_scopes = accounts::Scopes::all();
  const call::FileOutputs* files = nullptr;  ///< Where files of skills go; null: nowhere. Outlives the rack.
  const MemoryStore* left = nullptr;         ///< What a process before has left; null: nothing.
  base::Nanoseconds suspended_later{0};      ///< How long after another rack's start `suspended_clock` begins.
  mcp::Settings mcp{};                       ///< Of a front.
  bool starts_loops = true;                  ///< False: nothing runs on a loop but what the test polls there itself.
};

/// Members in the order of their making. Whoever runs calls ends them before the rack goes.
class Rack {
 public:
  Rack(std::vector<std::shared_ptr<const registry::Tool>> tools, RackOptions options = {});
  ~Rack();
  Rack(const Rack&) = delete;
  Rack& operator=(const Rack&) = delete;

  /// Replaces the catalogue; its generation grows by one.
  void publish(std::vector<std::shared_ptr<const registry::Tool>> tools,
               const registry::VersionPolicies& policies = {});
  /// Interrupts those that run; none begins any more.
  void end_jobs();
  /// Waits until whatever was posted before to the pool, and then to the loops, has been done. While both run.
  void settle();
  /// Waits until no call runs any more; fails the test when one goes on for too long.
  void wait_for_calls();
  /// A new key's secret.
  std::string make_key(std::string_view account = "acc_one", accounts::Scopes scopes = accounts::Scopes::standard(),
                       registry::ToolSetRef tools = nullptr);

  const base::Clock& clock = base::system_clock();
  MemoryStore store;
  base::Metrics metrics;
  static constexpr std::size_t kPoolThreads = 4;
  base::Pool pool{"rack", kPoolThreads};
  base::Loops loops;
  services::telemetry::Tracer tracer;  ///< Off, until a test applies settings to it.
  registry::PublishedCatalogue catalogue;
  std::unique_ptr<accounts::Keys> keys;
  accounts::Usage usage;
  accounts::ClassLimits class_limits;
  services::providers::ProviderStates providers;
  call::ResponseCache responses;
  call::Approvals approvals;
  call::jobs::Jobs jobs;
  FakeClock suspended_clock;  ///< Of the calls only that wait for answers.
  call::SuspendedCalls suspended{base::Seal::Key{9}, suspended_clock, store};
  call::CallPath calls;
  operations::Table table;
  operations::Services services;
  operations::Runner runner;
  accounts::PrincipalRef local, anonymous;
  std::vector<std::unique_ptr<call::Identifier>> identifiers;
  std::atomic<bool> is_ready{true};
};

/// What stands behind a rack's port: the guard, then /mcp or REST.
class RackFront final : public net::Handler {
 public:
  explicit RackFront(Rack& rack, const mcp::Settings& settings = {});  ///< The rack outlives it.
  ~RackFront() override;
  void handle(const net::Request& request, net::Exchange& exchange) override;

 private:
  call::jobs::Jobs& jobs_;

 public:
  FakeClock session_clock;   ///< Of the legacy sessions only.
  FakeClock progress_clock;  ///< Of the pauses between what is told of progress.
  std::unique_ptr<mcp::SessionStates> states;
  mcp::Sessions sessions;
  mcp::McpHandler mcp;
  rest::RestHandler rest;

 private:
  const net::HostGuard guard_{{}};
};

/// A rack that serves HTTP.
class ServedRack {
 public:
  explicit ServedRack(std::vector<std::shared_ptr<const registry::Tool>> tools, RackOptions options = {});
  ~ServedRack();

  TempDirectory directory;
  Rack rack;
  RackFront front;
  FakeClock& session_clock = front.session_clock;
  mcp::Sessions& sessions = front.sessions;
  std::uint16_t port = 0;
  std::string socket_path;

 private:
  std::unique_ptr<net::Server> server_;
};

}  // namespace toolrack::testing
