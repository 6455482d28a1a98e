#include "services/http/request_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/json.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

namespace json = base::json;
using services::http::check_request;
using testing::HasSubstr;

json::Document read_injections() {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/tests/data/header_injections.json");
  std::stringstream text;
  text << file.rdbuf();
  return json::parse(text.str()).value();
}

/// A request with `bytes` in the middle of one part.
Request request_with(std::string_view place, const std::string& bytes, std::uint16_t port) {
  const auto base = "http://127.0.0.1:" + std::to_string(port);
  Request request{.url = base + "/path?query=1", .headers = {{"X-Name", "value"}}};
  if (place == "method") request.method = "GE" + bytes + "T";
  if (place == "header_name") request.headers[0].name = "X-Na" + bytes + "me";
  if (place == "header_value") request.headers[0].value = "val" + bytes + "ue";
  if (place == "url_path") request.url = base + "/pa" + bytes + "th";
  if (place == "url_query") request.url = base + "/?que" + bytes + "ry";
  if (place == "url_host") request.url = "http://127.0" + bytes + ".0.1:" + std::to_string(port) + "/";
  if (place == "url_port") request.url = base + bytes + "/";
  if (place == "url_scheme") request.url = "ht" + bytes + request.url.substr(2);
  return request;
}

class HeaderInjection : public testing::Test {
 protected:
  HeaderInjection() { server.on("*", Reply::text("ok")); }

  /// Whether the server saw anything else than what it was meant to see.
  void expect_refused(std::string_view place, const std::string& bytes) {
    const auto before = server.requests().size();
    if (place == "redirect") {
      // Line ends cannot stand inside a header on the wire; what the parser leaves of them must not be followed
      // wrongly.
      server.on("/from", Reply::redirect("/to" + bytes + "end"));
      // Where the bytes announce chunks that never come, the redirect ends by its time limit.
      http.send({.url = server.url("/from"), .timeout = 300ms});
      const auto requests = server.requests();
      for (auto i = before; i < requests.size(); ++i) {
        EXPECT_FALSE(requests[i].has_header("injected"));
        EXPECT_EQ(requests[i].target.find("Injected"), std::string::npos);
        EXPECT_EQ(requests[i].header("host"), "127.0.0.1:" + std::to_string(server.port()));
      }
      EXPECT_LE(requests.size(), before + 2);
      return;
    }
    const auto outcome = http.send(request_with(place, bytes, server.port()));
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kInvalidRequest) << outcome.error().error.message();
    EXPECT_EQ(outcome.error().sent, Sent::kNo);
    EXPECT_EQ(server.connections_accepted(), 0u);
    for (const unsigned char c : outcome.error().error.message())
      EXPECT_GE(c, 0x20) << "the message repeats the attack";
  }

  ScriptedHttpServer server;
  HttpFixture http;
};

TEST_F(HeaderInjection, IsRefusedInEveryPlaceBeforeASocketIsOpened) {
  const auto data = read_injections();
  int cases = 0;
  for (const auto& payload : data["payloads"].GetArray()) {
    for (const auto& place : data["places"].GetArray()) {
      if (json::view(place) == "redirect") continue;
      SCOPED_TRACE(std::string(json::view(place)) + ": " + std::string(json::find_string(payload, "why").value()));
      expect_refused(json::view(place), std::string(json::find_string(payload, "bytes").value()));
      ++cases;
    }
  }
  for (const auto& row : data["only"].GetArray()) {
    SCOPED_TRACE(std::string(json::find_string(row, "place").value()) + ": " +
                 std::string(json::find_string(row, "why").value()));
    expect_refused(json::find_string(row, "place").value(), std::string(json::find_string(row, "bytes").value()));
    ++cases;
  }
  EXPECT_GT(cases, 160);
}

TEST_F(HeaderInjection, DoesNotPassThroughARedirect) {
  const auto data = read_injections();
  for (const auto& payload : data["payloads"].GetArray()) {
    SCOPED_TRACE(std::string(json::find_string(payload, "why").value()));
    expect_refused("redirect", std::string(json::find_string(payload, "bytes").value()));
  }
}

TEST_F(HeaderInjection, LeavesHarmlessBytesAlone) {
  const auto data = read_injections();
  for (const auto& row : data["controls"].GetArray()) {
    const auto place = json::find_string(row, "place").value();
    const std::string bytes(json::find_string(row, "bytes").value());
    SCOPED_TRACE(std::string(place) + ": " + bytes);
    const auto before = server.requests().size();
    if (place == "redirect") {
      server.on("/from", Reply::redirect("/to" + bytes + "end"));
      ASSERT_TRUE(http.get(server.url("/from")));
      EXPECT_EQ(server.requests().back().target, "/to" + bytes + "end");
      continue;
    }
    const auto outcome = http.send(request_with(place, bytes, server.port()));
    ASSERT_TRUE(outcome) << outcome.error().error.message();
    ASSERT_EQ(server.requests().size(), before + 1);
    const auto request = server.requests().back();
    if (place == "header_value") EXPECT_EQ(request.header("x-name"), "val" + bytes + "ue");
    if (place == "url_path") EXPECT_EQ(request.target, "/pa" + bytes + "th");
    EXPECT_FALSE(request.has_header("injected"));
  }
}

TEST(RequestCheck, RefusesHeadersThatTheClientWrites) {
  for (const auto* name : {"Host", "content-length", "Transfer-Encoding", "CONNECTION", "Upgrade", "TE", "Expect",
                           "Trailer", "Keep-Alive", "Proxy-Connection", "HTTP2-Settings"}) {
    const auto result = check_request({.url = "http://a.test/", .headers = {{name, "x"}}});
    ASSERT_FALSE(result) << name;
    EXPECT_THAT(result.error().message(), HasSubstr(name));
  }
}

TEST(RequestCheck, RefusesUrlsThatAreNone) {
  for (const std::string url : {"",
                                "/path",
                                "a.test",
                                "//a.test/",
                                "http://",
                                "http:///",
                                "http://a.test:99999/",
                                "http://a.test:x/",
                                "http://[::1/",
                                "http://a.test:-1/",
                                "http://[::g]/",
                                "http://u@a.test/",
                                "http://u:p@a.test/",
                                "http://:p@a.test/",
                                "http://@a.test/",
                                "ftp://a.test/",
                                "file:///etc/passwd",
                                "ws://a.test/",
                                "javascript:alert(1)",
                                "htt p://a.test/",
                                "http://a,b/",
                                "http://a%00b/",
                                "http://a%2fb/"}) {
    const auto result = check_request({.url = url});
    ASSERT_FALSE(result) << url;
    EXPECT_EQ(result.error().code(), ErrorCode::kInvalidRequest) << url;
  }
  EXPECT_FALSE(check_request({.url = "http://a.test/" + std::string(20'000, 'x')}));
  EXPECT_TRUE(check_request({.url = "http://a.test/" + std::string(10'000, 'x')}));
}

TEST(RequestCheck, RefusesTooManyHeaders) {
  Request request{.url = "http://a.test/"};
  for (int i = 0; i < 200; ++i) request.headers.push_back({"X-" + std::to_string(i), "v"});
  EXPECT_FALSE(check_request(request));
  EXPECT_FALSE(check_request({.url = "http://a.test/", .headers = {{"X", std::string(100'000, 'x')}}}));
}

TEST(RequestCheck, RefusesHostsThatAreNotGranted) {
  const auto result = check_request({.url = "https://API.evil.test/", .granted_hosts = {"api.example.com"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kEgressRefused);
  EXPECT_THAT(result.error().message(), HasSubstr("\"api.evil.test\""));
  EXPECT_TRUE(check_request({.url = "https://API.Example.COM/", .granted_hosts = {"api.example.com"}}));
}

TEST(Url, RefusesAHostThatHidesBytesBehindEscapes) {
  using services::http::Url;
  for (const auto* text : {"http://%7fa.test/", "http://%c3%a4.test/", "http://a%ef%bc%8f.test/", "http://a%2525.test/",
                           "http://a%25.test/", "http://a%20.test/", "http://a%00.test/", "http://[fe80::1%25eth0]/",
                           "http://[fe80::1%eth0]/", "http://[::1%2525]/"}) {
    const auto url = Url::parse(text);
    ASSERT_FALSE(url) << text << " is " << url->text();
    EXPECT_EQ(url.error().code(), ErrorCode::kInvalidRequest);
  }
  EXPECT_FALSE(Url::parse("http://a.test/")->resolve("//%c3%a4.test/"));
  EXPECT_EQ(Url::parse("http://%61.test/%7f")->text(), "http://a.test/%7f");
}

TEST(Url, ReadsAHostBehindEscapesAsIfItStoodThere) {
  using services::http::Url;
  for (const auto& [text, host] : {std::pair{"http://%36/", "0.0.0.6"},
                                   {"http:/%36", "0.0.0.6"},
                                   {"http:///2130706%34%33%33?a", "127.0.0.1"},
                                   {"https://%41.test:8/%36", "a.test"}}) {
    const auto url = Url::parse(text);
    ASSERT_TRUE(url) << text;
    EXPECT_EQ(url->host(), host) << text;
  }
}

TEST(Url, KnowsItsOrigin) {
  const auto parse = [](const char* text) { return services::http::Url::parse(text).value(); };
  EXPECT_TRUE(parse("http://a.test/x").has_same_origin(parse("HTTP://A.test:80/y#z")));
  EXPECT_TRUE(parse("https://a.test:443/").has_same_origin(parse("https://a.test/")));
  EXPECT_FALSE(parse("http://a.test/").has_same_origin(parse("https://a.test/")));
  EXPECT_FALSE(parse("http://a.test/").has_same_origin(parse("http://a.test:81/")));
  EXPECT_FALSE(parse("http://a.test/").has_same_origin(parse("http://b.a.test/")));
  EXPECT_EQ(parse("http://a.test:80/x#y").authority(), "a.test");
  EXPECT_EQ(parse("http://[::1]:8080/").authority(), "[::1]:8080");
  EXPECT_EQ(parse("http://a.test/x#y").text(), "http://a.test/x");
}

}  // namespace
}  // namespace toolrack::test
