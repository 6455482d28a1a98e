#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/http/egress.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

using testing::HasSubstr;

TEST(ClientRedirect, ChangesTheMethodByTheRules) {
  struct Case {
    int status;
    const char* method;
    const char* next;
    bool keeps_body;
  };
  for (const auto& row :
       {Case{301, "POST", "GET", false}, Case{302, "POST", "GET", false}, Case{303, "POST", "GET", false},
        Case{307, "POST", "POST", true}, Case{308, "POST", "POST", true}, Case{303, "PUT", "GET", false},
        Case{302, "PUT", "PUT", true}, Case{301, "GET", "GET", true}, Case{303, "HEAD", "HEAD", true},
        Case{308, "DELETE", "DELETE", true}}) {
    ScriptedHttpServer server;
    server.on("/a/from", Reply::redirect("../to?x=1", row.status));
    server.on("/to", Reply::text("there"));
    HttpFixture http;
    const bool has_body = std::string(row.method) != "GET" && std::string(row.method) != "HEAD";
    const auto outcome = http.send({.method = row.method,
                                    .url = server.url("/a/from"),
                                    .headers = {{"Authorization", "Bearer k"}, {"Content-Type", "text/plain"}},
                                    .body = has_body ? "body" : ""});
    ASSERT_TRUE(outcome) << outcome.error().error.message();
    EXPECT_EQ(outcome->url, server.url("/to?x=1"));
    const auto next = server.requests().at(1);
    EXPECT_EQ(next.method, row.next) << row.status << " " << row.method;
    EXPECT_EQ(next.body, has_body && row.keeps_body ? "body" : "") << row.status << " " << row.method;
    EXPECT_EQ(next.has_header("content-type"), row.keeps_body) << row.status << " " << row.method;
    EXPECT_EQ(next.header("authorization"), "Bearer k") << "the origin is the same";
  }
}

TEST(ClientRedirect, TakesNoCredentialToAnotherOrigin) {
  ScriptedHttpServer home, other;
  home.on("/", Reply::redirect(other.url("/")));
  other.on("/", Reply::redirect(home.url("/back")));
  home.on("/back", Reply::text("ok"));
  HttpFixture http;
  const std::vector<Header> headers = {{"AUTHORIZATION", "Bearer canary"},
                                       {"Cookie", "s=canary"},
                                       {"X-Api-Key", "canary"},
                                       {"xi-api-key", "canary"},
                                       {"X-Custom-Token", "canary"},
                                       {"Proxy-Authorization", "canary"},
                                       {"Accept", "text/html"},
                                       {"User-Agent", "mine"}};
  const auto outcome = http.send({.url = home.url(), .headers = headers});
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(home.requests().at(0).header("x-api-key"), "canary");
  // Once away it stays away: whoever sends us back chose the path.
  for (const auto& request : {other.requests().at(0), home.requests().at(1)}) {
    for (const auto& [name, value] : request.headers) EXPECT_THAT(value, testing::Not(HasSubstr("canary"))) << name;
    EXPECT_EQ(request.header("accept"), "text/html");
    EXPECT_EQ(request.header("user-agent"), "mine");
    EXPECT_FALSE(request.has_header("referer"));
  }
}

TEST(ClientRedirect, TakesNoBodyToAnotherOrigin) {
  ScriptedHttpServer home, other;
  other.on("/", Reply::text("stolen"));
  HttpFixture http;
  for (const int status : {307, 308}) {
    home.on("/", Reply::redirect(other.url("/"), status));
    const auto outcome = http.send({.method = "POST", .url = home.url(), .body = "client_secret=canary"});
    ASSERT_TRUE(outcome) << outcome.error().error.message();
    EXPECT_EQ(outcome->status, status) << "the redirect is the answer";
  }
  home.on("/", Reply::redirect(other.url("/"), 302));
  ASSERT_TRUE(http.send({.method = "DELETE", .url = home.url()}));
  EXPECT_TRUE(other.requests().empty());
}

TEST(ClientRedirect, StopsAfterMaxRedirects) {
  ScriptedHttpServer server;
  server.on("*", [](const RecordedRequest& request) { return Reply::redirect(request.target + "x"); });
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderError);
  EXPECT_THAT(outcome.error().error.message(), HasSubstr("5 redirects"));
  EXPECT_EQ(server.requests().size(), 6u);
}

TEST(ClientRedirect, IsTheAnswerWhenNoneIsFollowed) {
  ScriptedHttpServer server;
  server.on("/", Reply::redirect("/next"));
  HttpFixture http;
  const auto outcome = http.send({.url = server.url(), .max_redirects = 0});
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->status, 302);
  EXPECT_EQ(header_of(*outcome, "location"), "/next");
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(ClientRedirect, IsTheAnswerWithoutALocation) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("nowhere", 302));
  server.on("/304", Reply::text("", 304));
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, "nowhere");
}

TEST(ClientRedirect, ChecksGrantsAtEveryHop) {
  ScriptedHttpServer server;
  server.on("/", Reply::redirect("http://localhost:" + std::to_string(server.port()) + "/in"));
  server.on("/in", Reply::text("ok"));
  HttpFixture http;
  const auto refused = http.send({.url = server.url(), .granted_hosts = {"127.0.0.1"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.code(), ErrorCode::kEgressRefused);
  EXPECT_THAT(refused.error().error.message(), HasSubstr("\"localhost\""));
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_TRUE(http.send({.url = server.url(), .granted_hosts = {"127.0.0.1", "localhost"}}));
}

TEST(ClientRedirect, RefusesOtherSchemesAndWhatIsNoUrl) {
  ScriptedHttpServer server;
  HttpFixture http;
  for (const auto* location : {"file:///etc/passwd", "gopher://127.0.0.1:1/x", "ftp://127.0.0.1/",
                               "javascript:alert(1)", "data:text/plain,x", "dict://127.0.0.1:1/"}) {
    server.on("/", Reply::redirect(location));
    const auto outcome = http.get(server.url());
    ASSERT_FALSE(outcome) << location;
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kEgressRefused) << location;
    EXPECT_EQ(outcome.error().error.message(), services::http::kEgressRefusedText);
  }
  for (const auto* location : {"http://user:pass@127.0.0.1/", "http://127.0.0.1:99999/", "http://", "http://a b/",
                               "http://127.0.0.1\x01/", "//user@127.0.0.1/"}) {
    server.on("/", Reply::redirect(location));
    const auto outcome = http.get(server.url());
    ASSERT_FALSE(outcome) << location;
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderError) << location;
  }
}

TEST(ClientRedirect, EncodesWhatServersForgetToEncode) {
  ScriptedHttpServer server;
  server.on("/", Reply::redirect("/a b/\xc3\xa9"));
  server.on("*", Reply::text("ok"));
  HttpFixture http;
  ASSERT_TRUE(http.get(server.url()));
  EXPECT_EQ(server.requests().at(1).target, "/a%20b/%c3%a9");
}

TEST(ClientRedirect, DoesNotWaitForABodyWithoutAnEnd) {
  ScriptedHttpServer server;
  server.on("/next", Reply::text("ok"));
  for (const auto& body : {std::string(), std::string("x")}) {
    server.on("/", Reply::raw_then_held("HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n" + body));
    HttpFixture http;
    const auto outcome = http.send({.url = server.url(), .timeout = 5s});
    ASSERT_TRUE(outcome) << outcome.error().error.message();
    EXPECT_EQ(outcome->body, "ok");
  }
}

TEST(ClientRedirect, KeepsTheConnectionOverAShortBody) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("moved", 302).header("Location", "/chunked"));
  server.on("/chunked", Reply::chunked({"moved", "too"}, 302).header("Location", "/next"));
  server.on("/next", Reply::text("ok"));
  HttpFixture http;
  ASSERT_TRUE(http.get(server.url()));
  EXPECT_EQ(server.connections_accepted(), 1u);
}

TEST(ClientRedirect, DoesNotWaitForALargeBody) {
  ScriptedHttpServer server;
  server.on("/", Reply::raw("HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 100000000\r\n\r\n" +
                            std::string(10 << 20, 'x')));
  server.on("/next", Reply::text("ok"));
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, "ok");
  EXPECT_LT(outcome->bytes_received, 1 << 20);
}

}  // namespace
}  // namespace toolrack::test
