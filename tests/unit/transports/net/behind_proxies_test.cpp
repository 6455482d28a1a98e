/// The attacks of tests/data/http_attacks.json through nginx and HAProxy: whatever they make of one, what reaches the
/// server is what they meant to send, and everybody behind them still gets the answer to his own question.
///
/// Each proxy puts a stamp on every request that it forwards, and on nothing else. A request that arrives without one
/// is a part of another that the server took for a request: smuggled.
#include <fstream>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "support/data_file.hpp"
#include "support/patience.hpp"
#include "support/started_program.hpp"
#include "support/temp_directory.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using base::json::find_string;

constexpr const char* kStamp = "X-Stamp";
constexpr const char* kStampValue = "c2f1b8e7";

/// SOCKET, DIRECTORY and PORT stand for where a proxy listens, may write and forwards to, CLIENT and SERVER for how
/// long it waits for them.
///
/// As it comes, but for what the test needs: these times, connections to the server that are used again, bodies that
/// are passed on while they come.
constexpr const char* kNginx = R"(
daemon off; master_process off; pid DIRECTORY/pid; error_log DIRECTORY/error.log;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path DIRECTORY/body; proxy_temp_path DIRECTORY/proxy; fastcgi_temp_path DIRECTORY/fastcgi;
  uwsgi_temp_path DIRECTORY/uwsgi; scgi_temp_path DIRECTORY/scgi;
  client_header_timeout CLIENT; client_body_timeout CLIENT; keepalive_timeout 1s; lingering_timeout 1s;
  proxy_read_timeout SERVER;
  upstream server_under_test { server 127.0.0.1:PORT; keepalive 16; }
  server {
    listen unix:SOCKET backlog=1024;
    MORE
    location / {
      proxy_pass http://server_under_test;
      proxy_http_version 1.1; proxy_request_buffering off;
      proxy_set_header Connection ""; proxy_set_header Host $http_host; proxy_set_header X-Stamp c2f1b8e7;
    }
  }
}
)";
constexpr const char* kHaproxy = R"(
global
  maxconn 2000
defaults
  mode http
  timeout connect SERVER
  timeout client CLIENT
  timeout http-request CLIENT
  timeout http-keep-alive 1s
  timeout server SERVER
frontend all
  bind unix@SOCKET
  MORE
  http-request set-header X-Stamp c2f1b8e7
  default_backend server_under_test
backend server_under_test
  http-reuse always
  server one 127.0.0.1:PORT
)";

std::string replaced(std::string text, std::string_view word, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += with.size())
    text.replace(at, word.size(), with);
  return text;
}

/// Servers stand where only root's PATH looks.
std::string path_of(const std::string& program) {
  const auto path = "/usr/sbin/" + program;
  return ::access(path.c_str(), X_OK) == 0 ? path : program;
}

struct Case {
  const char* name;
  std::string program;
  std::string configuration;
};

std::vector<Case> cases() {
  return {{"Nginx", "nginx", replaced(kNginx, "MORE", "")},
          {"LenientNginx", "nginx",
           replaced(kNginx, "MORE", "ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;")},
          {"Haproxy", "haproxy", replaced(kHaproxy, "MORE", "")},
          {"LenientHaproxy", "haproxy", replaced(kHaproxy, "MORE", "option accept-invalid-http-request")}};
}

class BehindProxies : public ::testing::TestWithParam<Case> {
 protected:
  BehindProxies()
      : server_([this](const Request& request, Exchange& exchange) {
          const auto* stamp = request.headers.find(kStamp);
          const std::lock_guard lock(mutex_);
          if (stamp == nullptr || stamp->value != kStampValue)
            unstamped_.push_back(std::string(request.method_text) + " " + std::string(request.target));
          ++seen_;
          echo(request, exchange);
        }) {}

  /// Hasty where clients leave something out; else nobody is cut off because the machine is busy.
  void start_proxy(bool is_hasty) {
    auto text = replaced(GetParam().configuration, "SOCKET", socket_);
    text = replaced(text, "CLIENT", is_hasty ? "1s" : "5s");
    text = replaced(text, "SERVER", is_hasty ? "3s" : "30s");
    text = replaced(text, "DIRECTORY", directory_.path().string());
    text = replaced(text, "PORT", std::to_string(server_.port));
    const auto file = (directory_.path() / "configuration").string();
    std::ofstream(file) << text;
    const bool is_nginx = GetParam().program == "nginx";
    if (is_nginx)
      proxy_.emplace(
          std::vector<std::string>{path_of("nginx"), "-c", file, "-e", (directory_.path() / "start.log").string()});
    else
      proxy_.emplace(std::vector<std::string>{path_of("haproxy"), "-db", "-q", "-f", file});
    const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
    while (!connect().is_connected()) {
      ASSERT_FALSE(proxy_->has_ended()) << GetParam().program << " did not start";
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      std::this_thread::yield();
    }
  }
  RawClient connect() { return RawClient::local(socket_); }

  std::vector<std::string> unstamped() {
    const std::lock_guard lock(mutex_);
    return unstamped_;
  }
  std::size_t seen() {
    const std::lock_guard lock(mutex_);
    return seen_;
  }

  /// Asks what nobody else asks; the answer must be to that.
  void expect_service(int rounds) {
    for (int i = 0; i < rounds; ++i) {
      auto client = connect();
      const auto path = "/good-" + std::to_string(i);
      client.send(post("question", path));
      const auto reply = client.read_reply();
      ASSERT_TRUE(reply) << path;
      EXPECT_EQ(reply->status, 200);
      EXPECT_EQ(reply->body, "POST " + path + " question");
    }
  }

  testing::TempDirectory directory_;
  const std::string socket_ = (directory_.path() / "socket").string();
  std::mutex mutex_;
  std::vector<std::string> unstamped_;
  std::size_t seen_ = 0;
  TestServer server_;
  std::optional<testing::StartedProgram> proxy_;
};

TEST_P(BehindProxies, NoAttackReachesTheServerAsARequestOfItsOwn) {
  ASSERT_NO_FATAL_FAILURE(start_proxy(true));
  expect_service(1);
  const auto before = seen();
  // All at once: a proxy waits up to three seconds for what an attack leaves out.
  std::vector<RawClient> attackers;
  for (const auto& row : testing::data_file("http_attacks.json").GetArray()) {
    attackers.push_back(connect());
    attackers.back().send(*find_string(row, "bytes"));
  }
  for (auto& attacker : attackers) EXPECT_TRUE(attacker.read_to_end());
  RecordProperty("requests_forwarded", static_cast<int>(seen() - before));
  RecordProperty("refused_by_the_server", static_cast<int>(server_.refused("bad_http")));
  // Connections between proxy and server on which an attack has left something would show it now.
  expect_service(50);
  EXPECT_EQ(unstamped(), std::vector<std::string>());
}

/// What is odd and allowed passes through a proxy and means the same.
TEST_P(BehindProxies, OddRequestsStayWhatTheyAre) {
  ASSERT_NO_FATAL_FAILURE(start_proxy(false));
  std::vector<RawClient> clients;
  for (const auto& row : testing::data_file("http_odd_requests.json").GetArray()) {
    clients.push_back(connect());
    clients.back().send(*find_string(row, "bytes"));
  }
  for (auto& client : clients) EXPECT_TRUE(client.read_to_end());
  EXPECT_GE(seen(), clients.size());
  expect_service(50);
  EXPECT_EQ(unstamped(), std::vector<std::string>());
}

/// The control: a request that no proxy has sent is found out.
TEST_P(BehindProxies, ARequestWithoutAStampIsNoticed) {
  ASSERT_NO_FATAL_FAILURE(start_proxy(false));
  expect_service(1);
  EXPECT_EQ(unstamped(), std::vector<std::string>());
  auto direct = server_.connect();
  direct.send(get("/smuggled"));
  ASSERT_TRUE(direct.read_reply());
  EXPECT_EQ(unstamped(), std::vector<std::string>{"GET /smuggled"});
}

INSTANTIATE_TEST_SUITE_P(Each, BehindProxies, ::testing::ValuesIn(cases()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace toolrack::net
