#include "transports/net/server.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>
#include <fstream>
#include <set>
#include <thread>

#include "support/temp_directory.hpp"
#include "support/test_server.hpp"
#include "transports/net/listener.hpp"

namespace toolrack::net {
namespace {

using base::ErrorCode;

TEST(Server, SpreadsConnectionsOverItsLoopsAndKeepsThemThere) {
  TestServer server(
      [](const Request&, Exchange& exchange) {
        EXPECT_TRUE(exchange.loop().is_current());
        exchange.respond(200, "text/plain", std::to_string(exchange.loop().index()));
      },
      short_limits(), 4);
  std::set<std::string> loops;
  for (int i = 0; i < 200; ++i) {
    auto client = server.connect();
    client.send(get() + get());
    const auto first = client.read_reply();
    const auto second = client.read_reply();
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->body, second->body);
    loops.insert(first->body);
  }
  EXPECT_EQ(loops.size(), 4u);
}

TEST(Server, ServesManyClientsAtOnce) {
  TestServer server(echo, short_limits(), 2);
  std::vector<std::thread> clients;
  std::atomic<int> answered{0};
  for (int i = 0; i < 8; ++i)
    clients.emplace_back([&, i] {
      for (int k = 0; k < 20; ++k) {
        auto client = server.connect();
        for (int n = 0; n < 10; ++n) {
          const auto body = std::to_string(i * 1000 + n);
          client.send(post(body));
          const auto reply = client.read_reply();
          if (reply && reply->body == "POST / " + body) ++answered;
        }
      }
    });
  for (auto& client : clients) client.join();
  EXPECT_EQ(answered, 8 * 20 * 10);
}

TEST(Server, HandsItsSocketsToASuccessorAndClientsWaitThere) {
  auto first = std::make_unique<TestServer>(echo, short_limits(), 2);
  const auto port = first->port;
  auto sockets = first->server.copy_sockets(first->handler);
  ASSERT_TRUE(sockets) << sockets.error().message();
  EXPECT_EQ(sockets->size(), 2u);
  Event drained;
  first->server.drain(std::chrono::seconds(5), [&] { drained.set(); });
  ASSERT_TRUE(drained.wait());
  first.reset();

  std::vector<RawClient> waiting;
  for (int i = 0; i < 16; ++i) {
    waiting.push_back(RawClient::tcp(port));
    waiting.back().send(post(std::to_string(i)));
  }
  // More loops than there are sockets: each has something to accept from.
  base::Metrics metrics;
  base::Loops loops(3);
  FunctionHandler handler(echo);
  Server second(loops, metrics, short_limits());
  std::vector<TcpSocket> adopted;
  for (auto& socket : *sockets) {
    auto one = adopt_tcp(std::move(socket), std::chrono::seconds(60));
    ASSERT_TRUE(one) << one.error().message();
    EXPECT_EQ(one->address, "127.0.0.1");
    EXPECT_EQ(one->port, port);
    adopted.push_back(*std::move(one));
  }
  ASSERT_TRUE(second.listen_on(std::move(adopted), handler));
  loops.start();
  for (int i = 0; i < 16; ++i) {
    const auto reply = waiting[static_cast<std::size_t>(i)].read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->body, "POST / " + std::to_string(i));
  }
  Event done;
  second.drain(std::chrono::seconds(5), [&] { done.set(); });
  ASSERT_TRUE(done.wait());
  loops.stop();
}

TEST(Server, AdoptsNothingThatIsNoListeningTcpSocket) {
  for (const auto& [domain, type] : {std::pair(AF_INET, SOCK_STREAM), {AF_UNIX, SOCK_STREAM}, {AF_INET, SOCK_DGRAM}}) {
    const auto refused = adopt_tcp(UniqueFd(::socket(domain, type | SOCK_CLOEXEC, 0)), std::chrono::seconds(60));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidConfig);
  }
}

TEST(Server, FindsAnotherOneOnItsPort) {
  TestServer first(echo, short_limits(), 2);
  base::Metrics metrics;
  base::Loops loops(2);
  Server second(loops, metrics);
  const auto refused = second.listen_tcp("127.0.0.1", first.port, first.handler);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  EXPECT_NE(refused.error().message().find(std::to_string(first.port)), std::string::npos);
}

TEST(Server, TakesItsPortAgainRightAfterItsPredecessor) {
  std::uint16_t port = 0;
  {
    TestServer first(echo);
    port = first.port;
    auto client = first.connect();
    client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(client.read_reply());
  }
  base::Metrics metrics;
  base::Loops loops(2);
  FunctionHandler handler(echo);
  Server second(loops, metrics);
  EXPECT_TRUE(second.listen_tcp("127.0.0.1", port, handler));
}

TEST(Server, RefusesANameAsAddress) {
  TestServer server(echo);
  EXPECT_EQ(server.server.listen_tcp("localhost", 0, server.handler).error().code(), ErrorCode::kInvalidConfig);
  EXPECT_EQ(server.server.listen_tcp("203.0.113.7", 0, server.handler).error().code(), ErrorCode::kInvalidConfig);
}

TEST(Server, GivesEachListenerItsHandler) {
  TestServer server(echo);
  FunctionHandler metrics(
      [](const Request&, Exchange& exchange) { exchange.respond(200, "text/plain", std::string("m")); });
  const auto port = server.server.listen_tcp("127.0.0.1", 0, metrics);
  ASSERT_TRUE(port);
  auto client = RawClient::tcp(*port);
  client.send(get());
  EXPECT_EQ(client.read_reply()->body, "m");
}

TEST(Server, CountsRequestsAndConnections) {
  TestServer server(echo);
  auto client = server.connect();
  client.send(get() + get());
  ASSERT_TRUE(client.read_reply());
  ASSERT_TRUE(client.read_reply());
  const auto text = server.metrics.render();
  EXPECT_NE(text.find("toolrack_http_server_requests_total{status_class=\"2xx\"} 2"), std::string::npos) << text;
  EXPECT_NE(text.find("toolrack_http_server_connections 1"), std::string::npos) << text;
}

TEST(Server, ServesItsOwnerOverALocalSocket) {
  const testing::TempDirectory directory;
  const auto path = (directory.path() / "rack.sock").string();
  TestServer server([](const Request& request, Exchange& exchange) {
    exchange.respond(200, "text/plain", std::string(request.peer) + (request.is_local_socket ? " local" : " remote"));
  });
  ASSERT_TRUE(server.server.listen_unix(path, server.handler));
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  auto client = RawClient::local(path);
  client.send(get());
  EXPECT_EQ(client.read_reply()->body, "unix local");
}

TEST(Server, ReplacesTheSocketFileOfADeadProcess) {
  const testing::TempDirectory directory;
  const auto path = (directory.path() / "rack.sock").string();
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  TestServer server(echo);
  ASSERT_TRUE(server.server.listen_unix(path, server.handler));
  auto client = RawClient::local(path);
  client.send(get());
  EXPECT_TRUE(client.read_reply());
}

TEST(Server, LeavesTheSocketOfALivingProcessAlone) {
  const testing::TempDirectory directory;
  const auto path = (directory.path() / "rack.sock").string();
  TestServer living(echo);
  ASSERT_TRUE(living.server.listen_unix(path, living.handler));
  TestServer server(echo);
  const auto refused = server.server.listen_unix(path, server.handler);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  auto client = RawClient::local(path);
  client.send(get());
  EXPECT_TRUE(client.read_reply());
}

TEST(Server, LeavesAFileThatIsNoSocketAlone) {
  const testing::TempDirectory directory;
  const auto path = (directory.path() / "rack.sock").string();
  std::ofstream(path) << "precious";
  TestServer server(echo);
  const auto refused = server.server.listen_unix(path, server.handler);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kConflict);
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "precious");
}

TEST(Server, NamesAPathThatIsTooLong) {
  TestServer server(echo);
  const auto refused = server.server.listen_unix("/tmp/" + std::string(200, 'a'), server.handler);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidConfig);
  EXPECT_NE(refused.error().message().find("107"), std::string::npos);
}

TEST(Server, RemovesItsSocketFile) {
  const testing::TempDirectory directory;
  const auto path = (directory.path() / "rack.sock").string();
  {
    TestServer server(echo);
    ASSERT_TRUE(server.server.listen_unix(path, server.handler));
    EXPECT_TRUE(std::filesystem::exists(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

/// A client that comes between the end of one server and the start of the next waits, and is served by that.
TEST(Server, HandsItsLocalSocketOverWithoutRefusingAnybody) {
  const testing::TempDirectory directory;
  const auto path = (directory.path() / "rack.sock").string();
  auto before = std::make_unique<TestServer>(echo);
  ASSERT_TRUE(before->server.listen_unix(path, before->handler));
  auto handed = before->server.hand_over_unix(path);
  ASSERT_TRUE(handed && *handed);
  before.reset();
  auto client = RawClient::local(path);
  client.send(get());
  TestServer after(
      [](const Request&, Exchange& exchange) { exchange.respond(200, "text/plain", std::string("the next one")); });
  ASSERT_TRUE(after.server.listen_unix(path, after.handler, *std::move(handed)));
  EXPECT_EQ(client.read_reply()->body, "the next one");
}

TEST(Server, OpensALocalSocketWhereTheOneHandedOverIsNotTheOneWanted) {
  const testing::TempDirectory directory;
  const auto path = (directory.path() / "rack.sock").string(), elsewhere = (directory.path() / "other.sock").string();
  TestServer before(echo);
  ASSERT_TRUE(before.server.listen_unix(elsewhere, before.handler));
  auto handed = before.server.hand_over_unix(elsewhere);
  ASSERT_TRUE(handed && *handed);
  // A TCP socket's clients would count as the owner of the machine.
  auto tcp = open_tcp("127.0.0.1", 0, true, std::chrono::seconds(60));
  ASSERT_TRUE(tcp);
  for (auto* given : {&*handed, &tcp->fd}) {
    TestServer after(echo);
    ASSERT_TRUE(after.server.listen_unix(path, after.handler, std::move(*given)));
    auto client = RawClient::local(path);
    client.send(get());
    EXPECT_TRUE(client.read_reply());
  }
}

/// Connections with pending reads, streams and unanswered exchanges are there when the loops stop.
TEST(Server, CanBeDestroyedInTheMiddleOfEverything) {
  std::vector<RawClient> clients;
  {
    TestServer server(
        [](const Request& request, Exchange& exchange) {
          if (request.path == "/stream") {
            exchange.begin(200, "text/event-stream");
            static_cast<void>(exchange.write(std::string(1 << 20, 'x')));
          }
          if (request.path == "/idle") echo(request, exchange);
        },
        short_limits(), 2);
    for (const auto* path : {"/stream", "/never", "/idle"})
      for (int i = 0; i < 5; ++i) {
        clients.push_back(server.connect(4096));
        clients.back().send(get(path));
      }
    clients.push_back(server.connect());
    clients.back().send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf");
    ASSERT_TRUE(clients.front().read_reply(true));
  }
  EXPECT_EQ(clients.size(), 16u);
}

}  // namespace
}  // namespace toolrack::net
