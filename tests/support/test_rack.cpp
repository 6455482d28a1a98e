#include "support/test_rack.hpp"

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <thread>

#include "registry/catalogue.hpp"
#include "support/patience.hpp"
#include "transports/net/error_body.hpp"

namespace toolrack::testing {
namespace {

std::shared_ptr<const registry::Catalogue> build(std::vector<std::shared_ptr<const registry::Tool>> tools,
                                                 std::uint64_t generation,
                                                 const registry::VersionPolicies& policies = {}) {
  auto built = registry::Catalogue::build(std::move(tools), {"test"}, generation, policies);
  EXPECT_TRUE(built) << built.error().message();
  return built.value_or(nullptr);
}

accounts::PrincipalRef principal(std::string account, accounts::Scopes scopes, bool is_anonymous) {
  return std::make_shared<accounts::Principal>(accounts::Principal{
      .account = std::move(account), .key_id = {}, .scopes = scopes, .anonymous = is_anonymous, .limits = nullptr});
}

}  // namespace

Rack::Rack(std::vector<std::shared_ptr<const registry::Tool>> tools, RackOptions options)
    : store(options.store_delay, options.left),
      loops(options.loops),
      tracer(options.loops, clock, metrics),
      catalogue(build(std::move(tools), 1)),
      keys(*accounts::Keys::open(store, clock, options.limits)),
      usage(store, loops, clock),
      class_limits(store, clock),
      providers(clock, metrics),
      responses(1 << 20, metrics),
      approvals(store, clock),
      jobs(store, clock, metrics),
      calls({.loops = loops,
             .pool = pool,
             .clock = clock,
             .metrics = metrics,
             .catalogue = catalogue,
             .usage = usage,
             .class_limits = class_limits,
             .file_outputs = options.files,
             .providers = providers,
             .responses = responses,
             .jobs = &jobs,
             .approvals = &approvals,
             .suspended = &suspended,
             .tracer = &tracer}),
      services{.catalogue = catalogue,
               .keys = *keys,
               .usage = usage,
               .providers = providers,
               .clock = clock,
               .version = "0.0.1-test",
               .mode = options.mode == call::Mode::kLocal ? "local" : "hosted",
               .started_unix_ns = clock.unix_ns(),
               .is_ready = [this] { return is_ready.load(); },
               .plugins_json = [] { return std::string("[]"); },
               .approvals = &approvals,
               .jobs = &jobs,
               .table = &table},
      runner(services, pool),
      local(principal("local", options.local_scopes, false)),
      anonymous(principal("anonymous", {accounts::Scope::kToolsRead}, true)) {
  for (std::size_t i = 0; i < loops.size(); ++i)
    identifiers.push_back(std::make_unique<call::Identifier>(options.mode, *keys, local, anonymous));
  suspended_clock.advance(options.suspended_later);
  EXPECT_TRUE(suspended.recover());
  if (options.starts_loops) loops.start();
}

Rack::~Rack() {
  end_jobs();
  pool.stop();
  loops.stop();
}

void Rack::end_jobs() {
  jobs.stop_taking();
  jobs.end_running(std::chrono::milliseconds(0), test::kPatience);
}

void Rack::settle() {
  // No thread of the pool comes here before it has ended what it took before.
  const auto here = std::make_shared<std::latch>(kPoolThreads + 1);
  for (std::size_t i = 0; i < kPoolThreads; ++i)
    if (!pool.post([here] { here->arrive_and_wait(); })) here->count_down();
  here->arrive_and_wait();
  for (std::size_t i = 0; i < loops.size(); ++i) {
    std::promise<void> done;
    boost::asio::post(loops[i].context(), [&] { done.set_value(); });
    done.get_future().wait();
  }
}

void Rack::wait_for_calls() {
  const auto end = std::chrono::steady_clock::now() + test::kPatience;
  while (calls.running() != 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(calls.running(), 0U);
}

void Rack::publish(std::vector<std::shared_ptr<const registry::Tool>> tools,
                   const registry::VersionPolicies& policies) {
  catalogue.publish(build(std::move(tools), catalogue.load()->generation() + 1, policies));
}

std::string Rack::make_key(std::string_view account, accounts::Scopes scopes, registry::ToolSetRef tools) {
  auto made = keys->create(account, "test", scopes, 0, std::move(tools));
  EXPECT_TRUE(made) << made.error().message();
  return made ? made->secret : "";
}

RackFront::RackFront(Rack& rack, const mcp::Settings& settings)
    : jobs_(rack.jobs),
      states(mcp::SessionStates::open(rack.store, session_clock).value()),
      sessions(mcp::Sessions::Key{1, 2, 3}, session_clock, *states),
      mcp({.loops = rack.loops,
           .table = rack.table,
           .runner = rack.runner,
           .calls = rack.calls,
           .catalogue = rack.catalogue,
           .identifiers = rack.identifiers,
           .sessions = sessions,
           .states = *states,
           .metrics = rack.metrics,
           .tracer = &rack.tracer,
           .settings = settings,
           .tasks = {.jobs = &rack.jobs, .pool = &rack.pool},
           .progress_clock = progress_clock}),
      rest({.table = rack.table,
            .runner = rack.runner,
            .calls = rack.calls,
            .identifiers = rack.identifiers,
            .clock = rack.clock,
            .tracer = &rack.tracer,
            .progress_clock = progress_clock}) {
  rack.jobs.set_listener([this](auto account, auto id) { mcp.task_changed(account, id); });
  rack.keys->on_changed([this](const auto& principal) { mcp.key_changed(principal); });
}

RackFront::~RackFront() { jobs_.set_listener(nullptr); }

void RackFront::handle(const net::Request& request, net::Exchange& exchange) {
  if (auto allowed = guard_.check(request); !allowed) return net::respond_error(exchange, allowed.error());
  if (request.path == "/mcp") return mcp.handle(request, exchange);
  rest.handle(request, exchange);
}

ServedRack::ServedRack(std::vector<std::shared_ptr<const registry::Tool>> tools, RackOptions options)
    : rack(std::move(tools), options),
      front(rack, options.mcp),
      socket_path((directory.path() / "toolrack.sock").string()),
      server_(std::make_unique<net::Server>(rack.loops, rack.metrics, options.http)) {
  const auto tcp = server_->listen_tcp("127.0.0.1", 0, front);
  EXPECT_TRUE(tcp) << tcp.error().message();
  port = tcp.value_or(0);
  const auto local = server_->listen_unix(socket_path, front);
  EXPECT_TRUE(local) << local.error().message();
}

ServedRack::~ServedRack() {
  rack.end_jobs();
  rack.pool.stop();
  rack.loops.stop();
}

}  // namespace toolrack::testing
