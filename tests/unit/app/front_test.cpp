/// The door: who gets in, and to whom.
#include "app/front.hpp"

#include <gtest/gtest.h>

#include "support/http_client.hpp"
#include "support/test_server.hpp"

namespace toolrack::app {
namespace {

using testing::exchange;
using testing::HeaderList;

net::HostGuard guard(std::vector<std::string> hosts = {}, std::vector<std::string> origins = {}) {
  return net::HostGuard(
      {.is_loopback_bind = true, .allowed_hosts = std::move(hosts), .allowed_origins = std::move(origins)});
}

net::FunctionHandler answers(std::string_view text) {
  return net::FunctionHandler(
      [text](const net::Request&, net::Exchange& to) { to.respond(200, "text/plain", std::string(text)); });
}

class FrontTest : public ::testing::Test {
 protected:
  FrontTest() {
    port_ = server_.listen_tcp("127.0.0.1", 0, front_).value_or(0);
    loops_.start();
  }
  ~FrontTest() override { loops_.stop(); }

  net::RawReply get(std::string_view path, const HeaderList& headers = {}) {
    return exchange(port_, "GET", path, headers);
  }
  std::string code(const net::RawReply& reply) { return testing::at(testing::parsed(reply.body), "/error/code"); }

  base::Metrics metrics_;
  net::FunctionHandler rest_ = answers("rest"), mcp_ = answers("mcp");
  base::Loops loops_{2};
  Front front_{guard(), rest_, mcp_, nullptr, 100, loops_.size()};
  net::Server server_{loops_, metrics_, net::short_limits()};
  std::uint16_t port_ = 0;
};

TEST_F(FrontTest, GivesMcpItsPathsAndRestTheOthers) {
  for (const auto* path : {"/mcp", "/mcp/", "/mcp?expose=flat", "/api/v1/mcp", "/mcp/anthropic"})
    EXPECT_EQ(get(path).body, "mcp") << path;
  for (const auto* path : {"/", "/v1/tools", "/mcpx", "/mcp/other", "/MCP", "/v1/mcp", "/health"})
    EXPECT_EQ(get(path).body, "rest") << path;
}

TEST_F(FrontTest, RefusesForeignHostsAndOriginsOnEveryPath) {
  for (const auto* path : {"/mcp", "/v1/tools"}) {
    const auto host = get(path, {{"Host", "evil.example"}});
    EXPECT_EQ(host.status, 403);
    EXPECT_EQ(code(host), "host_refused");
    const auto origin = get(path, {{"Origin", "https://evil.example"}});
    EXPECT_EQ(origin.status, 403);
    EXPECT_EQ(code(origin), "origin_refused");
    EXPECT_EQ(get(path, {{"Host", "127.0.0.1:3141"}, {"Origin", "http://localhost:3000"}}).status, 200);
  }
}

TEST_F(FrontTest, ChangesItsGuardOnEveryLoop) {
  front_.replace_guard(guard({"rack.example"}, {"https://app.example"}));
  for (int i = 0; i < 8; ++i) {  // The kernel spreads connections over the loops.
    EXPECT_EQ(get("/mcp", {{"Host", "rack.example"}, {"Origin", "https://app.example"}}).status, 200);
    EXPECT_EQ(get("/mcp", {{"Host", "evil.example"}}).status, 403);
  }
  front_.replace_guard(guard());
  for (int i = 0; i < 8; ++i) EXPECT_EQ(get("/mcp", {{"Host", "rack.example"}}).status, 403);
}

TEST_F(FrontTest, ChangesItsGuardUnderAConnectionThatStays) {
  auto client = net::RawClient::tcp(port_);
  const auto request = testing::http_request("GET", "/", {{"Host", "rack.example"}}, "");
  client.send(request);
  EXPECT_EQ(client.read_reply()->status, 403);
  front_.replace_guard(guard({"rack.example"}));
  client.send(request);
  EXPECT_EQ(client.read_reply()->status, 200);
}

TEST_F(FrontTest, BoundsBodies) {
  EXPECT_EQ(exchange(port_, "POST", "/", {}, std::string(100, 'x')).status, 200);
  EXPECT_EQ(exchange(port_, "POST", "/", {}, std::string(101, 'x')).status, 413);
  front_.set_max_body_bytes(200);
  EXPECT_EQ(exchange(port_, "POST", "/", {}, std::string(200, 'x')).status, 200);
  EXPECT_EQ(exchange(port_, "POST", "/", {}, std::string(201, 'x')).status, 413);
}

TEST(MetricsHandler, ShowsTheMetricsAndNothingElse) {
  base::Metrics metrics;
  metrics.counter("toolrack_test_total", "A counter of the test.").add(7);
  base::Loops loops(1);
  MetricsHandler handler(guard(), metrics, loops.size());
  net::Server server(loops, metrics, net::short_limits());
  const auto port = server.listen_tcp("127.0.0.1", 0, handler).value_or(0);
  loops.start();
  const auto shown = exchange(port, "GET", "/metrics");
  EXPECT_EQ(shown.status, 200);
  EXPECT_EQ(testing::header(shown, "content-type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_NE(shown.body.find("\ntoolrack_test_total 7\n"), std::string::npos) << shown.body;
  EXPECT_EQ(exchange(port, "GET", "/").status, 404);
  EXPECT_EQ(exchange(port, "GET", "/v1/tools").status, 404);
  EXPECT_EQ(exchange(port, "GET", "/metrics", {{"Host", "evil.example"}}).status, 403);
  handler.replace_guard(guard({"evil.example"}));
  EXPECT_EQ(exchange(port, "GET", "/metrics", {{"Host", "evil.example"}}).status, 200);
  loops.stop();
}

}  // namespace
}  // namespace toolrack::app
