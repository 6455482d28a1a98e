/// A real gateway takes over another configuration while it serves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <toolrack/abi.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "app/gateway.hpp"
#include "operations/table.hpp"
#include "support/http_client.hpp"
#include "support/scripted_http_server.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::HeaderList;
using ::testing::IsEmpty;

class GatewayReload : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto tools = directory_.path() / "tools";
    std::filesystem::create_directories(tools / "none");
    for (const auto* name : {"plain.so", "http.so"})
      std::filesystem::copy_file(std::filesystem::path(TOOLRACK_BINARY_DIR) / "tests" / "plugins" / name, tools / name);
    config_.mode = call::Mode::kHosted;
    config_.require_signature = false;  // The tests' plugins are signed by nobody.
    config_.isolation.otherwise = sources::isolated::Isolation::kInProcess;
    config_.listen = {"127.0.0.1", 0};
    config_.metrics_listen = Endpoint{"127.0.0.1", 0};
    config_.threads = 2;
    config_.data = directory_.path() / "data";
    config_.plugins = {tools};
    config_.limits = accounts::LimitSettings{.per_minute = 1'000, .per_hour = 0, .concurrent = 50};
    auto owned = store::DataDirectory::acquire(config_.data);
    ASSERT_TRUE(owned) << owned.error().message();
    auto started = Gateway::start(config_, table_, std::get<store::DataDirectory>(std::move(*owned)),
                                  {.listen = true, .bundled = tools / "none"});
    ASSERT_TRUE(started) << started.error().message();
    gateway_ = std::move(*started);
    auto owner = net::RawClient::local(gateway_->socket_path());
    owner.send(
        testing::http_request("POST", "/v1/keys", {{"Content-Type", "application/json"}}, R"({"name":"tests"})"));
    key_ = testing::at(testing::parsed(owner.read_reply().value_or(net::RawReply{}).body), "/api_key");
    ASSERT_THAT(key_, HasSubstr("tr_live_"));
  }

  net::RawReply call(std::string_view tool, std::string_view skill, HeaderList headers = {}) {
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Authorization", "Bearer " + key_);
    return testing::exchange(
        gateway_->endpoint().port, "POST", "/v1/tools/call", headers,
        std::string(R"({"tool":")").append(tool).append(R"(","skill":")").append(skill).append(R"(","input":{}})"));
  }
  net::RawReply echo(HeaderList headers = {}) { return call("plain", "echo", std::move(headers)); }
  ConfigChanges reload() {
    auto changes = gateway_->reload(config_);
    EXPECT_TRUE(changes) << (changes ? "" : changes.error().message());
    return changes.value_or(ConfigChanges{});
  }

  testing::TempDirectory directory_;
  operations::Table table_;
  Config config_;
  std::unique_ptr<Gateway> gateway_;
  std::string key_;
};

TEST_F(GatewayReload, ChangesNothingWhenNothingDiffers) {
  const auto changes = reload();
  EXPECT_THAT(changes.live, IsEmpty());
  EXPECT_THAT(changes.restart, IsEmpty());
  EXPECT_EQ(echo().status, 200);
}

TEST_F(GatewayReload, ChangesLimitsAndGoesOnCounting) {
  EXPECT_EQ(testing::header(echo(), "x-ratelimit-limit"), "1000");
  config_.limits->per_minute = 3;
  EXPECT_THAT(reload().live, ElementsAre("limits"));
  const auto second = echo();
  EXPECT_EQ(testing::header(second, "x-ratelimit-limit"), "3");
  EXPECT_EQ(testing::header(second, "x-ratelimit-remaining"), "1");
  EXPECT_EQ(echo().status, 200);
  EXPECT_EQ(echo().status, 429);
  config_.limits.reset();  // What a hosted gateway does unless it is told.
  reload();
  EXPECT_EQ(testing::header(echo(), "x-ratelimit-limit"), "60");
}

TEST_F(GatewayReload, ChangesHostsAndOrigins) {
  const HeaderList foreign{{"Host", "rack.example"}, {"Origin", "https://app.example"}};
  EXPECT_EQ(echo(foreign).status, 403);
  config_.allowed_hosts = {"rack.example"};
  config_.allowed_origins = {"https://app.example"};
  EXPECT_THAT(reload().live, ElementsAre("http.allowed_hosts", "http.allowed_origins"));
  EXPECT_EQ(echo(foreign).status, 200);
  EXPECT_EQ(testing::exchange(gateway_->metrics_endpoint()->port, "GET", "/metrics", {{"Host", "rack.example"}}).status,
            200);
  config_.allowed_hosts.clear();
  reload();
  EXPECT_EQ(echo(foreign).status, 403);
}

TEST_F(GatewayReload, ChangesTheLongestBody) {
  config_.max_body_bytes = 16;
  EXPECT_THAT(reload().live, ElementsAre("http.max_body_bytes"));
  EXPECT_EQ(echo().status, 413);
  config_.max_body_bytes = 4096;
  reload();
  EXPECT_EQ(echo().status, 200);
}

TEST_F(GatewayReload, ChangesWhereToolsMayGo) {
  test::ScriptedHttpServer server;
  server.on("/data", test::Reply::json(R"({"ok":true})"));
  const auto status = [&] { return testing::at(testing::parsed(call("http", "get").body), "/output/status"); };
  config_.provider_base_urls = {{"local", server.url("")}};
  EXPECT_THAT(reload().live, ElementsAre("providers"));
  EXPECT_EQ(status(), std::to_string(TR_PERMISSION_DENIED)) << "a hosted gateway's tools do not reach loopback";
  EXPECT_TRUE(server.requests().empty());
  config_.egress_allow = {"127.0.0.0/8"};
  EXPECT_THAT(reload().live, ElementsAre("egress.allow"));
  EXPECT_EQ(status(), std::to_string(TR_OK));
  EXPECT_EQ(server.requests().size(), 1u);
  config_.egress_allow.clear();
  reload();
  EXPECT_EQ(status(), std::to_string(TR_PERMISSION_DENIED)) << "over the connection that was kept, too";
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST_F(GatewayReload, ReportsWhatNeedsARestartUntilItIsTakenBack) {
  const auto before = gateway_->endpoint().port;
  auto wanted = config_;
  wanted.threads = 5;
  wanted.listen.port = 1;
  wanted.owners = {"test"};
  const auto first = gateway_->reload(wanted);
  ASSERT_TRUE(first);
  EXPECT_THAT(first->live, ElementsAre("owners"));
  EXPECT_THAT(first->restart, ElementsAre("listen", "threads"));
  const auto second = gateway_->reload(wanted);
  EXPECT_THAT(second->live, IsEmpty());
  EXPECT_THAT(second->restart, ElementsAre("listen", "threads"));
  EXPECT_EQ(gateway_->endpoint().port, before);
  EXPECT_EQ(echo().status, 200);
  wanted.threads = config_.threads;
  wanted.listen = config_.listen;
  EXPECT_THAT(gateway_->reload(wanted)->restart, IsEmpty());
}

TEST_F(GatewayReload, LeavesEverythingAsItWasWhenSomethingIsWrong) {
  config_.limits->per_minute = 3;
  config_.egress_allow = {"nonsense"};
  EXPECT_FALSE(gateway_->reload(config_));
  EXPECT_EQ(testing::header(echo(), "x-ratelimit-limit"), "1000");
}

TEST_F(GatewayReload, LosesNoCall) {
  std::atomic<bool> is_over{false};
  std::atomic<int> calls{0}, failures{0};
  std::vector<std::thread> callers;
  config_.limits = accounts::LimitSettings{.per_minute = 4'000'000, .per_hour = 0, .concurrent = 50};
  reload();  // Before the first call: what they may make in a minute is more than they can.
  for (int i = 0; i < 3; ++i)
    callers.emplace_back([&] {
      auto client = net::RawClient::tcp(gateway_->endpoint().port);
      const auto request = testing::http_request(
          "POST", "/v1/tools/call", {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + key_}},
          R"({"tool":"plain","skill":"echo_pooled","input":{}})");
      while (!is_over.load()) {
        client.send(request);
        const auto reply = client.read_reply();
        if (!reply || reply->status != 200) failures.fetch_add(1);
        calls.fetch_add(1);
      }
    });
  for (int i = 0; i < 50; ++i) {
    const bool is_even = i % 2 == 0;
    config_.limits =
        accounts::LimitSettings{.per_minute = is_even ? 5'000'000u : 6'000'000u, .per_hour = 0, .concurrent = 50};
    config_.owners = {is_even ? "test" : "toolrack"};
    config_.allowed_hosts = {is_even ? "one.example" : "two.example"};
    config_.egress_ports = {static_cast<std::uint16_t>(is_even ? 443 : 80)};
    config_.provider_base_urls = {{"local", is_even ? "http://one.example" : "http://two.example"}};
    EXPECT_EQ(reload().live.size(), 5u);
    const int seen = calls.load();
    while (calls.load() < seen + 6 && failures.load() == 0) std::this_thread::yield();
  }
  is_over.store(true);
  for (auto& caller : callers) caller.join();
  EXPECT_EQ(failures.load(), 0);
  EXPECT_GE(calls.load(), 300);
}

}  // namespace
}  // namespace toolrack::app
