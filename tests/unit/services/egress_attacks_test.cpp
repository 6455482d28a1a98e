/// Attacks on the egress guard, tried for real where no packet can leave the machine. Every attack has a control
/// without the guard, so that a row cannot pass because the attack does not work.

#include <arpa/inet.h>
#include <curl/curl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <clocale>
#include <thread>

#include "base/json.hpp"
#include "services/assets/fetch.hpp"
#include "services/http/egress.hpp"
#include "support/egress_attacks.hpp"
#include "support/network_namespace.hpp"
#include "support/scripted_dns_server.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/services/assets_fixture.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

namespace json = base::json;
using services::http::kEgressRefusedText;
using toolrack::testing::AssetsFixture;

constexpr const char* kSecret = "internal secret";

/// What plain libcurl, as a program without a guard would use it, gets.
struct Unguarded {
  CURLcode code;
  std::string body;
};
Unguarded fetch_unguarded(const std::string& url) {
  Unguarded result{};
  CURL* easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 500L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  const curl_write_callback write = [](char* bytes, std::size_t size, std::size_t count, void* out) {
    static_cast<std::string*>(out)->append(bytes, size * count);
    return size * count;
  };
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &result.body);
  result.code = curl_easy_perform(easy);
  curl_easy_cleanup(easy);
  return result;
}

class EgressAttacks : public ::testing::Test {
 protected:
  /// Inside the namespace.
  void set_up(const json::Value& attacks) {
    take_attacked_addresses(attacks);
    dns.emplace();
    tell_attacked_names(*dns, attacks);
    server.emplace(ScriptedHttpServer::Options{.address = "::"});
    server->on("*", Reply::text(kSecret));
  }

  std::string public_url(std::string_view path) const {
    return std::string("http://") + kPublicAddress + ":" + std::to_string(server->port()) + std::string(path);
  }

  /// The client as a hosted rack has it.
  static HttpFixture guarded() { return HttpFixture({.allow = {kPublicAddress}}); }

  /// What an upload from a URL comes to (upload_media): a pool waits for it while the loop turns.
  static base::Result<services::assets::Asset> upload(HttpFixture& http, AssetsFixture& assets, std::string url) {
    const services::assets::Assets::New what{.account = "somebody", .name = "file", .media_type = "text/plain"};
    std::atomic<bool> is_over{false};
    base::Result<services::assets::Asset> asset = base::fail(ErrorCode::kInternal, "the upload has not ended");
    std::thread pool([&] {
      asset = services::assets::fetch(assets.assets, what, std::move(url), http.loop, *http.client);
      is_over = true;
    });
    http.run_until([&] { return is_over.load(); });
    pool.join();
    return asset;
  }

  std::optional<ScriptedDnsServer> dns;
  std::optional<ScriptedHttpServer> server;
};

TEST_F(EgressAttacks, AreRefusedWithOneTextAndWithoutAConnection) {
  TOOLRACK_TEST_IN_NAMESPACE();
  const auto attacks = read_egress_attacks();
  set_up(attacks);
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);  // As in the control.
  {
    auto http = guarded();
    const auto control = http.get(public_url("/"));
    ASSERT_TRUE(control) << control.error().error.message();
    EXPECT_EQ(control->body, kSecret);
  }
  for (const auto& row : attacks["rows"].GetArray()) {
    const auto url = with_port(json::find_string(row, "url").value(), server->port());
    server->on("/redirect", Reply::redirect(url));
    for (const bool is_direct : {true, false}) {
      const auto* way = is_direct ? "direct" : "redirect";
      SCOPED_TRACE(url + " " + way + ": " + std::string(json::find_string(row, "why").value()));
      const auto expected = json::find_string(row, way).value_or("egress_refused");
      const auto connections = server->connections_accepted();
      auto http = guarded();
      const auto outcome = http.send({.url = is_direct ? url : public_url("/redirect"), .timeout = 5s});
      if (outcome) {
        ADD_FAILURE() << "reached with status " << outcome->status << ": " << outcome->body;
        continue;
      }
      EXPECT_EQ(outcome.error().error.name(), expected) << outcome.error().error.message();
      if (expected == "egress_refused") EXPECT_EQ(outcome.error().error.message(), kEgressRefusedText);
      EXPECT_EQ(outcome.error().sent, is_direct ? Sent::kNo : Sent::kMaybe);
      EXPECT_EQ(server->connections_accepted() - connections, is_direct ? 0u : 1u);
    }
  }
}

TEST_F(EgressAttacks, AreRefusedAsUploadsTooAndLeaveNothing) {
  TOOLRACK_TEST_IN_NAMESPACE();
  const auto attacks = read_egress_attacks();
  set_up(attacks);
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  AssetsFixture assets;
  {
    auto http = guarded();
    const auto control = upload(http, assets, public_url("/"));
    ASSERT_TRUE(control) << control.error().message();
    EXPECT_EQ(assets.assets.open(*control).value()->read(0, 100), kSecret);
  }
  const auto files = assets.files();
  for (const auto& row : attacks["rows"].GetArray()) {
    const auto url = with_port(json::find_string(row, "url").value(), server->port());
    server->on("/redirect", Reply::redirect(url));
    for (const bool is_direct : {true, false}) {
      const auto* way = is_direct ? "direct" : "redirect";
      SCOPED_TRACE(url + " " + way + ": " + std::string(json::find_string(row, "why").value()));
      const auto connections = server->connections_accepted();
      auto http = guarded();
      const auto uploaded = upload(http, assets, is_direct ? url : public_url("/redirect"));
      if (uploaded) {
        ADD_FAILURE() << "reached";
        continue;
      }
      EXPECT_EQ(uploaded.error().name(), json::find_string(row, way).value_or("egress_refused"))
          << uploaded.error().message();
      EXPECT_EQ(server->connections_accepted() - connections, is_direct ? 0u : 1u);
    }
  }
  dns->on("rebound.test", {{kPublicAddress}, {"127.0.0.1"}});
  const auto rebound = "http://rebound.test:" + std::to_string(server->port()) + "/";
  auto first = guarded();
  EXPECT_TRUE(upload(first, assets, rebound)) << "the control";
  auto second = guarded();
  EXPECT_FALSE(upload(second, assets, rebound)) << "the name now means loopback";
  EXPECT_EQ(assets.files(), files + 1);
}

TEST_F(EgressAttacks, WorkWithoutTheGuard) {
  TOOLRACK_TEST_IN_NAMESPACE();
  const auto attacks = read_egress_attacks();
  set_up(attacks);
  // Without it libcurl knows no international names.
  ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
  for (const auto& row : attacks["rows"].GetArray()) {
    const auto url = with_port(json::find_string(row, "url").value(), server->port());
    server->on("/redirect", Reply::redirect(url));
    for (const bool is_direct : {true, false}) {
      const auto* way = is_direct ? "direct" : "redirect";
      SCOPED_TRACE(url + " " + way);
      bool expected = true;
      if (const auto* control = json::find(row, "control")) expected = json::find_bool(*control, way).value();
      const auto connections = server->connections_accepted();
      const auto result = fetch_unguarded(is_direct ? url : public_url("/redirect"));
      // Another protocol may not understand the answer; that it dialled is enough.
      const bool is_reached = result.code == CURLE_OK
                                  ? !result.body.empty()
                                  : server->connections_accepted() - connections > (is_direct ? 0u : 1u);
      EXPECT_EQ(is_reached, expected) << curl_easy_strerror(result.code);
    }
  }
}

TEST_F(EgressAttacks, RebindingANameChangesNothing) {
  TOOLRACK_TEST_IN_NAMESPACE();
  namespace_add_address(kPublicAddress);
  namespace_use_resolver("127.0.0.1");
  dns.emplace();
  server.emplace(ScriptedHttpServer::Options{.address = "::"});
  server->on("*", Reply::text(kSecret));
  const auto url_of = [&](const std::string& name) {
    return "http://" + name + ":" + std::to_string(server->port()) + "/";
  };
  const std::vector<std::vector<std::string>> answers = {{kPublicAddress}, {"127.0.0.1"}};

  // Without a guard, or with one that looks the name up for itself and then lets libcurl look again.
  dns->on("control.test", answers);
  EXPECT_EQ(fetch_unguarded(url_of("control.test")).body, kSecret);
  EXPECT_EQ(fetch_unguarded(url_of("control.test")).body, kSecret) << "the second time from 127.0.0.1";
  EXPECT_EQ(dns->questions("control.test"), 2u);

  dns->on("direct.test", answers);
  {
    auto first = guarded();
    const auto outcome = first.get(url_of("direct.test"));
    ASSERT_TRUE(outcome) << outcome.error().error.message();
  }
  auto second = guarded();  // Another client: nothing is cached.
  const auto direct = second.get(url_of("direct.test"));
  ASSERT_FALSE(direct);
  EXPECT_EQ(direct.error().error.message(), kEgressRefusedText);
  EXPECT_EQ(dns->questions("direct.test"), 2u);

  // The first look-up is the guard's idea of the name, the redirect goes to the same name once more.
  dns->on("redirect.test", {{"127.0.0.1"}});
  server->on("/redirect", Reply::redirect(url_of("redirect.test")));
  auto third = guarded();
  const auto redirected = third.get(public_url("/redirect"));
  ASSERT_FALSE(redirected);
  EXPECT_EQ(redirected.error().error.message(), kEgressRefusedText);
}

TEST_F(EgressAttacks, FallBackToThePublicAddressOfAMixedName) {
  TOOLRACK_TEST_IN_NAMESPACE();
  namespace_add_address(kPublicAddress);
  namespace_use_resolver("127.0.0.1");
  dns.emplace();
  dns->on("mixed.test", {{"::1", "127.0.0.1", kPublicAddress}});
  ScriptedHttpServer inside({.address = "::"});
  inside.on("*", Reply::text(kSecret));
  auto http = guarded();
  const auto outcome = http.get("http://mixed.test:" + std::to_string(inside.port()) + "/");
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, kSecret);
  EXPECT_EQ(inside.connections_accepted(), 1u) << "only the public address was dialled";
}

TEST_F(EgressAttacks, NoProxyOfTheEnvironmentIsUsed) {
  TOOLRACK_TEST_IN_NAMESPACE();
  namespace_add_address(kPublicAddress);
  ScriptedHttpServer proxy({.address = "127.0.0.1"});
  proxy.on("*", Reply::text("by proxy"));
  server.emplace(ScriptedHttpServer::Options{.address = kPublicAddress});
  server->on("*", Reply::text("direct"));
  for (const auto* name : {"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY", "HTTPS_PROXY"}) {
    ::setenv(name, proxy.url().c_str(), 1);
  }
  EXPECT_EQ(fetch_unguarded(public_url("/")).body, "by proxy");
  auto http = guarded();
  const auto outcome = http.get(public_url("/"));
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, "direct");
}

TEST_F(EgressAttacks, ALookUpThatHangsHoldsNobodyUp) {
  TOOLRACK_TEST_IN_NAMESPACE();
  namespace_add_address(kPublicAddress);
  namespace_use_resolver("127.0.0.1");
  dns.emplace();
  dns->ignore("silent.test");
  server.emplace(ScriptedHttpServer::Options{.address = kPublicAddress});
  server->on("*", Reply::text("ok"));
  auto http = guarded();
  const auto begin = std::chrono::steady_clock::now();
  std::optional<Outcome> late, cancelled;
  http.client->send({.url = "http://silent.test/", .timeout = 300ms}, nullptr, [&](Outcome o) { late = std::move(o); });
  const auto id =
      http.client->send({.url = "http://silent.test/"}, nullptr, [&](Outcome o) { cancelled = std::move(o); });
  ASSERT_TRUE(http.run_until([&] { return dns->questions("silent.test") > 0; }));
  http.client->cancel(id);
  ASSERT_TRUE(http.run_until([&] { return cancelled.has_value(); }));
  const auto other = http.get(public_url("/"));
  EXPECT_TRUE(other);
  ASSERT_TRUE(http.run_until([&] { return late.has_value(); }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s) << "when the resolver gives up";
  ASSERT_FALSE(*late);
  EXPECT_EQ(late->error().error.code(), ErrorCode::kTimeout);
  EXPECT_EQ(late->error().sent, Sent::kNo);
}

TEST_F(EgressAttacks, AnUnknownNameIsNamed) {
  TOOLRACK_TEST_IN_NAMESPACE();
  namespace_use_resolver("127.0.0.1");
  dns.emplace();
  auto http = guarded();
  const auto outcome = http.get("http://nobody.test/");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderUnavailable);
  EXPECT_EQ(outcome.error().error.message(), "The name of nobody.test could not be resolved");
  EXPECT_EQ(outcome.error().sent, Sent::kNo);
}

TEST_F(EgressAttacks, AnUnreachableAddressEndsByTheConnectTimeout) {
  TOOLRACK_TEST_IN_NAMESPACE();
  namespace_add_address(kPublicAddress);
  // A listener with a full queue drops further attempts to connect, as a host that is switched off does.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  inet_pton(AF_INET, kPublicAddress, &here.sin_addr);
  socklen_t size = sizeof here;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&here), size), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&here), &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&here), size);
  }
  auto http = guarded();
  const auto authority = std::string(kPublicAddress) + ":" + std::to_string(ntohs(here.sin_port));
  const auto outcome = http.send({.url = "http://" + authority + "/", .connect_timeout = 100ms});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kTimeout);
  EXPECT_EQ(outcome.error().error.message(), authority + " did not accept a connection within 100 ms");
  EXPECT_EQ(outcome.error().sent, Sent::kNo);
  for (const int filler : fillers) ::close(filler);
  ::close(listener);
}

}  // namespace
}  // namespace toolrack::test
