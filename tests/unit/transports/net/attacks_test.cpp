/// Every row of tests/data/http_attacks.json against a real server, and beside each the same request without the flaw.
#include <charconv>
#include <mutex>
#include <set>
#include <vector>

#include "base/json.hpp"
#include "support/data_file.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using base::json::find_string;

class Attacks : public ::testing::Test {
 protected:
  Attacks()
      : server_([this](const Request& request, Exchange& exchange) {
          if (request.path == "/smuggled") ++smuggled_;
          echo(request, exchange);
        }) {}

  void expect_refused(const base::json::Value& row, RawClient& client) {
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, *base::json::find_int(row, "status"));
    EXPECT_EQ(reply->headers.at("connection"), "close");
    const auto body = base::json::parse(reply->body);
    ASSERT_TRUE(body) << reply->body;
    const auto* code = base::json::at(*body, "/error/code");
    ASSERT_NE(code, nullptr);
    EXPECT_EQ(base::json::view(*code),
              find_string(row, "code").value_or(reply->status == 405 ? "method_not_allowed" : "bad_http"));
    EXPECT_EQ(*find_string(*body, "request_id"), reply->headers.at("x-request-id"));
    EXPECT_TRUE(client.is_closed_by_peer());
  }

  const base::json::Document& rows_ = testing::data_file("http_attacks.json");
  std::atomic<int> smuggled_{0};
  TestServer server_;
};

TEST_F(Attacks, AreRefusedAndTheConnectionEnds) {
  std::size_t count = 0;
  for (const auto& row : rows_.GetArray()) {
    SCOPED_TRACE(std::string(*find_string(row, "name")));
    auto client = server_.connect();
    client.send(*find_string(row, "bytes"));
    expect_refused(row, client);
    ++count;
  }
  EXPECT_EQ(smuggled_, 0);
  EXPECT_GE(count, 200u);
  EXPECT_EQ(server_.refused("bad_http") + server_.refused("method_not_allowed") + server_.refused("body_too_large"),
            count);
}

/// A good request before does not make the flaw any better, and gets its answer.
TEST_F(Attacks, AreRefusedBehindAGoodRequest) {
  for (const auto& row : rows_.GetArray()) {
    const auto name = *find_string(row, "name");
    SCOPED_TRACE(std::string(name));
    auto client = server_.connect();
    client.send(get("/before") + post("hello", "/before") + std::string(*find_string(row, "bytes")));
    for (const auto* body : {"GET /before ", "POST /before hello"}) {
      const auto reply = client.read_reply();
      ASSERT_TRUE(reply);
      EXPECT_EQ(reply->body, body);
    }
    expect_refused(row, client);
  }
  EXPECT_EQ(smuggled_, 0);
}

TEST_F(Attacks, AreServedWithoutTheirFlaw) {
  for (const auto& row : rows_.GetArray()) {
    SCOPED_TRACE(std::string(*find_string(row, "name")));
    auto client = server_.connect();
    // The second request shows that the first one's end was found.
    client.send(std::string(*find_string(row, "control")) + get("/after"));
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    const auto next = client.read_reply();
    ASSERT_TRUE(next);
    EXPECT_EQ(next->body, "GET /after ");
  }
}

/// Where a packet ends must make no difference to what a request means.
TEST_F(Attacks, MeanTheSameByteByByte) {
  for (const auto& row : rows_.GetArray()) {
    SCOPED_TRACE(std::string(*find_string(row, "name")));
    for (const auto* field : {"bytes", "control"}) {
      auto client = server_.connect();
      const auto bytes = find_string(row, field).value();
      for (const char c : bytes)
        if (!client.send({&c, 1})) break;
      const auto reply = client.read_reply();
      ASSERT_TRUE(reply) << field;
      EXPECT_EQ(reply->status, field[0] == 'c' ? 200 : *base::json::find_int(row, "status"));
    }
  }
  EXPECT_EQ(smuggled_, 0);
}

TEST_F(Attacks, HaveNamesOfTheirOwnAndReasons) {
  std::set<std::string_view> names;
  for (const auto& row : rows_.GetArray()) {
    EXPECT_TRUE(names.insert(*find_string(row, "name")).second);
    EXPECT_FALSE(find_string(row, "why")->empty());
  }
}

/// Bytes that some reader takes for a blank, a line's end or an end of the text, put at every place of a request whose
/// body is another request: they may spoil it, never split it.
TEST_F(Attacks, NeverSplitARequestWhereverAByteIsPut) {
  const std::string hidden = get("/smuggled");
  const std::string head = "POST /a HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n";
  const std::string plain =
      head + "Content-Length: " + std::to_string(hidden.size()) + "\r\nX-B: c\r\n\r\n" + hidden + get("/after");
  char size[8]{};
  auto* const size_end = std::to_chars(size, size + sizeof size, hidden.size(), 16).ptr;
  const std::string chunks = head + "Transfer-Encoding: chunked\r\nX-B: c\r\n\r\n" + std::string(size, size_end) +
                             "\r\n" + hidden + "\r\n0\r\nX-C: d\r\n\r\n" + get("/after");
  std::size_t served = 0;
  std::size_t refused = 0;
  for (const auto& request : {plain, chunks})
    for (const char byte :
         {'\0', '\n', '\r', '\t', ' ', '\v', '\f', '\x7f', '\x80', '\x85', '\xa0', '\xff', ',', ';', '\\'})
      for (std::size_t at = 0; at < request.size(); ++at) {
        auto changed = request;
        changed.insert(at, 1, byte);
        auto client = server_.connect();
        client.send(changed);
        client.shut_down_sending();
        const auto reply = client.read_reply();
        if (reply && reply->status == 200)
          ++served;
        else
          ++refused;
        if (smuggled_ > 0)
          FAIL() << "byte " << static_cast<int>(static_cast<unsigned char>(byte)) << " at " << at << " splits\n"
                 << request;
      }
  EXPECT_GT(served, 100u) << "some places bear a blank";
  EXPECT_GT(refused, 1000u);
}

TEST(OddRequests, AreServedAsTheRowSaysAndNoOthers) {
  std::mutex mutex;
  std::vector<std::string> seen;
  TestServer server([&](const Request& request, Exchange& exchange) {
    {
      const std::lock_guard lock(mutex);
      seen.push_back(std::string(request.method_text) + " " + std::string(request.path) + " " +
                     std::string(request.body));
    }
    EXPECT_TRUE(equal_ignoring_case(request.host, "localhost")) << "a trailer must not become the host";
    echo(request, exchange);
  });
  for (const auto& row : testing::data_file("http_odd_requests.json").GetArray()) {
    SCOPED_TRACE(std::string(*find_string(row, "name")));
    EXPECT_FALSE(find_string(row, "why")->empty());
    auto client = server.connect();
    client.send(*find_string(row, "bytes"));
    client.shut_down_sending();
    EXPECT_TRUE(client.read_to_end());
    const std::lock_guard lock(mutex);
    std::vector<std::string> wanted;
    for (const auto& request : base::json::find(row, "requests")->GetArray())
      wanted.emplace_back(base::json::view(request));
    EXPECT_EQ(seen, wanted);
    seen.clear();
  }
}

}  // namespace
}  // namespace toolrack::net
