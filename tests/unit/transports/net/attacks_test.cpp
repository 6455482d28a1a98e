/// Every row of tests/data/http_attacks.json against a real server, and beside each the same request without the flaw.
#include <fstream>
#include <iterator>
#include <set>

#include "base/json.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

class Attacks : public ::testing::Test {
 protected:
  Attacks()
      : rows_(base::json::parse(read_file(TOOLRACK_SOURCE_DIR "/tests/data/http_attacks.json")).value()),
        server_([this](const Request& request, Exchange& exchange) {
          if (request.path == "/smuggled") ++smuggled_;
          echo(request, exchange);
        }) {}

  base::json::Document rows_;
  std::atomic<int> smuggled_{0};
  TestServer server_;
};

TEST_F(Attacks, AreRefusedAndTheConnectionEnds) {
  std::size_t count = 0;
  for (const auto& row : rows_.GetArray()) {
    SCOPED_TRACE(std::string(*base::json::find_string(row, "name")));
    auto client = server_.connect();
    client.send(*base::json::find_string(row, "bytes"));
    const auto reply = client.read_reply();
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, *base::json::find_int(row, "status"));
    EXPECT_EQ(reply->headers.at("connection"), "close");
    const auto body = base::json::parse(reply->body);
    ASSERT_TRUE(body) << reply->body;
    const auto* code = base::json::at(*body, "/error/code");
    ASSERT_NE(code, nullptr);
    EXPECT_EQ(base::json::view(*code), reply->status == 405 ? "method_not_allowed" : "bad_http");
    EXPECT_EQ(*base::json::find_string(*body, "request_id"), reply->headers.at("x-request-id"));
    EXPECT_TRUE(client.is_closed_by_peer());
    ++count;
  }
  EXPECT_EQ(smuggled_, 0);
  EXPECT_GE(count, 60u);
  EXPECT_EQ(server_.refused("bad_http") + server_.refused("method_not_allowed"), count);
}

TEST_F(Attacks, AreServedWithoutTheirFlaw) {
  for (const auto& row : rows_.GetArray()) {
    SCOPED_TRACE(std::string(*base::json::find_string(row, "name")));
    auto client = server_.connect();
    // The second request shows that the first one's end was found.
    client.send(std::string(*base::json::find_string(row, "control")) + get("/after"));
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
    SCOPED_TRACE(std::string(*base::json::find_string(row, "name")));
    for (const auto* field : {"bytes", "control"}) {
      auto client = server_.connect();
      const auto bytes = base::json::find_string(row, field).value();
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
    EXPECT_TRUE(names.insert(*base::json::find_string(row, "name")).second);
    EXPECT_FALSE(base::json::find_string(row, "why")->empty());
  }
}

}  // namespace
}  // namespace toolrack::net
