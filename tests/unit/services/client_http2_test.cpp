/// HTTP/2 against Node's server. Sessions that end in the middle of others' work are what makes libcurl close and
/// reopen descriptor numbers while Asio still waits on them.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

/// Node as a child process, ended with the object.
class Http2Server {
 public:
  Http2Server() : certificate_(made_.certificate), key_(made_.private_key) {
    std::array<int, 2> in{}, out{};
    if (::pipe(in.data()) != 0 || ::pipe(out.data()) != 0) return;
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      for (const int end : {in[0], in[1], out[0], out[1]}) ::close(end);
      ::execlp("node", "node", TOOLRACK_SOURCE_DIR "/tests/support/http2_server.mjs", key_.path().c_str(),
               certificate_.path().c_str(), nullptr);
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    stdin_ = in[1];
    std::string line;
    char byte = 0;
    while (::read(out[0], &byte, 1) == 1 && byte != '\n') line.push_back(byte);
    ::close(out[0]);
    if (!line.empty()) base_ = "https://127.0.0.1:" + line;
  }
  ~Http2Server() {
    ::close(stdin_);
    ::waitpid(child_, nullptr, 0);
  }
  bool is_running() const { return !base_.empty(); }
  std::string url(const std::string& path) const { return base_ + path; }
  const std::string& authority_file() const { return certificate_.path(); }

 private:
  const TestCertificate made_ = TestCertificate::make();
  const TemporaryFile certificate_;
  const TemporaryFile key_;
  pid_t child_ = -1;
  int stdin_ = -1;
  std::string base_;
};

TEST(ClientHttp2, CarriesManyRequestsOverOneSession) {
  const Http2Server server;
  if (!server.is_running()) GTEST_SKIP() << "node is not installed";
  HttpFixture http({.allow_loopback = true}, {.ca_file = server.authority_file()});
  ASSERT_TRUE(http.get(server.url("/")));
  int done = 0;
  for (int i = 0; i < 50; ++i) {
    http.client->send({.method = "POST", .url = server.url("/"), .body = std::string(10'000, 'x')}, nullptr,
                      [&](Outcome outcome) {
                        ++done;
                        ASSERT_TRUE(outcome) << outcome.error().error.message();
                        EXPECT_EQ(outcome->body, "POST 10000");
                        EXPECT_EQ(header_of(*outcome, "x-version"), "2.0");
                        EXPECT_EQ(header_of(*outcome, "x-session"), "1");
                      });
  }
  ASSERT_TRUE(http.run_until([&] { return done == 50; }));
}

TEST(ClientHttp2, SurvivesSessionsThatEnd) {
  const Http2Server server;
  if (!server.is_running()) GTEST_SKIP() << "node is not installed";
  HttpFixture http({.allow_loopback = true}, {.ca_file = server.authority_file()});
  for (int round = 0; round < 10; ++round) {
    int done = 0;
    for (int i = 0; i < 20; ++i) http.client->send({.url = server.url("/")}, nullptr, [&](Outcome) { ++done; });
    http.client->send({.method = "POST", .url = server.url(round % 2 == 0 ? "/goaway" : "/destroy")}, nullptr,
                      [&](Outcome) { ++done; });
    ASSERT_TRUE(http.run_until([&] { return done == 21; })) << round;
    const auto outcome = http.get(server.url("/"));
    ASSERT_TRUE(outcome) << outcome.error().error.message();
    EXPECT_EQ(outcome->body, "GET 0");
  }
}

TEST(ClientHttp2, IsNotOfferedWithoutTls) {
  ScriptedHttpServer server;
  server.on("/", Reply::text("ok"));
  HttpFixture http;
  ASSERT_TRUE(http.get(server.url()));
  const auto request = server.requests().at(0);
  EXPECT_FALSE(request.has_header("upgrade"));
  EXPECT_FALSE(request.has_header("http2-settings"));
}

}  // namespace
}  // namespace toolrack::test
