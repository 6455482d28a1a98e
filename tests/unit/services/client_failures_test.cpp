#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "support/refusing_port.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

using testing::HasSubstr;

TEST(ClientFailure, NamesHostAndCauseOfARefusedConnection) {
  const RefusingPort port;
  HttpFixture http;
  const auto outcome = http.get("http://" + port.authority() + "/");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderUnavailable);
  EXPECT_EQ(outcome.error().error.message(), "No connection to " + port.authority() + ": Connection refused");
  EXPECT_EQ(outcome.error().sent, Sent::kNo);
}

TEST(ClientFailure, SaysMaybeOnceTheRequestWasHandedOver) {
  for (const auto& reply : {Reply::hang_up(), Reply::reset(), Reply::cut_off("half", 1000)}) {
    ScriptedHttpServer server;
    server.on("/", reply);
    HttpFixture http;
    const auto outcome = http.send({.method = "POST", .url = server.url(), .body = "x"});
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderUnavailable);
    EXPECT_THAT(outcome.error().error.message(), HasSubstr("127.0.0.1:" + std::to_string(server.port())));
    EXPECT_EQ(outcome.error().sent, Sent::kMaybe);
    EXPECT_EQ(server.requests().size(), 1u);
  }
}

TEST(ClientFailure, CallsNoHttpAProviderError) {
  for (const auto* bytes : {"SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 banana\r\n\r\n", "HTTP/7.1 200 OK\r\n\r\n"}) {
    ScriptedHttpServer server;
    server.on("/", Reply::raw(bytes));
    HttpFixture http;
    const auto outcome = http.get(server.url());
    ASSERT_FALSE(outcome) << bytes;
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderError) << bytes;
  }
}

TEST(ClientFailure, CallsABrokenEncodingAProviderError) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("this is no gzip").header("Content-Encoding", "gzip"));
  HttpFixture http;
  const auto outcome = http.get(server.url());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderError);
}

/// Answers the first request, then drops the kept connection in the face of the second, then answers again.
void break_kept_connection(ScriptedHttpServer& server) {
  auto count = std::make_shared<std::atomic<int>>(0);
  server.on("/", [count](const RecordedRequest&) { return ++*count == 2 ? Reply::hang_up() : Reply::text("ok"); });
}

TEST(ClientFailure, RepeatsAGetWhoseKeptConnectionBroke) {
  ScriptedHttpServer server;
  break_kept_connection(server);
  HttpFixture http;
  ASSERT_TRUE(http.get(server.url()));
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST(ClientFailure, NeverRepeatsAPost) {
  ScriptedHttpServer server;
  break_kept_connection(server);
  HttpFixture http;
  ASSERT_TRUE(http.send({.method = "POST", .url = server.url(), .body = "1"}));
  const auto outcome = http.send({.method = "POST", .url = server.url(), .body = "2"});
  ASSERT_FALSE(outcome) << "the far end may have done it already";
  EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderUnavailable);
  EXPECT_EQ(outcome.error().sent, Sent::kMaybe);
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_TRUE(http.send({.method = "POST", .url = server.url(), .body = "3"})) << "the client goes on";
}

TEST(ClientTls, TrustsOnlyKnownAuthorities) {
  const auto certificate = TestCertificate::make();
  const TemporaryFile authority(certificate.certificate);
  ScriptedHttpServer server({.certificate = certificate});
  server.on("/", Reply::text("secret"));
  {
    HttpFixture http;
    const auto outcome = http.get(server.url());
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderUnavailable);
    EXPECT_THAT(outcome.error().error.message(), HasSubstr("self-signed certificate"));
    EXPECT_EQ(outcome.error().sent, Sent::kNo);
    EXPECT_TRUE(server.requests().empty());
  }
  HttpFixture http({.allow_loopback = true}, {.ca_file = authority.path()});
  const auto outcome = http.get(server.url());
  ASSERT_TRUE(outcome) << outcome.error().error.message();
  EXPECT_EQ(outcome->body, "secret");
}

TEST(ClientTls, RefusesWrongNamesExpiredCertificatesAndOldVersions) {
  struct Case {
    const char* why;
    TestCertificate::Options certificate;
    int max_tls_version;
  };
  for (const auto& row : {Case{"wrong name", {.names = {"other.test", "127.0.0.2"}}, 0},
                          Case{"expired", {.valid_from_s = -7200, .valid_until_s = -3600}, 0},
                          Case{"not valid yet", {.valid_from_s = 3600, .valid_until_s = 7200}, 0},
                          Case{"TLS 1.0", {}, TLS1_VERSION}, Case{"TLS 1.1", {}, TLS1_1_VERSION}}) {
    const auto certificate = TestCertificate::make(row.certificate);
    const TemporaryFile authority(certificate.certificate);
    ScriptedHttpServer server({.certificate = certificate, .max_tls_version = row.max_tls_version});
    server.on("/", Reply::text("secret"));
    HttpFixture http({.allow_loopback = true}, {.ca_file = authority.path()});
    const auto outcome = http.get(server.url());
    ASSERT_FALSE(outcome) << row.why;
    EXPECT_EQ(outcome.error().error.code(), ErrorCode::kProviderUnavailable) << row.why;
    EXPECT_THAT(outcome.error().error.message(), HasSubstr("TLS")) << row.why;
    EXPECT_EQ(outcome.error().sent, Sent::kNo) << row.why;
    EXPECT_TRUE(server.requests().empty()) << row.why;
  }
}

TEST(ClientTls, AcceptsTls12) {
  const auto certificate = TestCertificate::make();
  const TemporaryFile authority(certificate.certificate);
  ScriptedHttpServer server({.certificate = certificate, .max_tls_version = TLS1_2_VERSION});
  server.on("/", Reply::text("secret"));
  HttpFixture http({.allow_loopback = true}, {.ca_file = authority.path()});
  EXPECT_TRUE(http.get(server.url()));
}

}  // namespace
}  // namespace toolrack::test
