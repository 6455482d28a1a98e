#include "transports/net/host_guard.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/json.hpp"

namespace toolrack::net {
namespace {

std::vector<std::string> strings(const base::json::Value& row, std::string_view name) {
  std::vector<std::string> list;
  if (const auto* values = base::json::find(row, name))
    for (const auto& value : values->GetArray()) list.emplace_back(base::json::view(value));
  return list;
}

TEST(HostGuard, DecidesAsTheTableSays) {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/tests/data/host_origin.json");
  const auto rows = base::json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_TRUE(rows) << rows.error().message();
  std::size_t refused = 0;
  for (const auto& row : rows->GetArray()) {
    SCOPED_TRACE(std::string(*base::json::find_string(row, "name")));
    const HostGuard guard({.is_loopback_bind = base::json::find_bool(row, "is_loopback_bind").value_or(true),
                           .allowed_hosts = strings(row, "allowed_hosts"),
                           .allowed_origins = strings(row, "allowed_origins")});
    Request request;
    request.host = *base::json::find_string(row, "host");
    if (const auto origin = base::json::find_string(row, "origin")) request.headers.add("origin", *origin);
    const auto verdict = guard.check(request);
    EXPECT_EQ(verdict ? std::string_view() : verdict.error().name(), *base::json::find_string(row, "expect"));
    if (!verdict) {
      ++refused;
      EXPECT_EQ(base::info(verdict.error().code()).http_status, 403);
    }
  }
  EXPECT_GE(refused, 20u);
  EXPECT_GE(rows->Size() - refused, 10u);
}

TEST(HostGuard, RefusesTwoOrigins) {
  const HostGuard guard({});
  Request request;
  request.host = "localhost";
  request.headers.add("Origin", "http://localhost");
  EXPECT_TRUE(guard.check(request));
  request.headers.add("Origin", "http://localhost");
  EXPECT_FALSE(guard.check(request));
}

TEST(HostGuard, NamesTheRefusedValue) {
  const HostGuard guard({});
  EXPECT_NE(guard.check_host("evil.example").error().message().find("evil.example"), std::string::npos);
  EXPECT_NE(guard.check_origin("https://evil.example").error().message().find("https://evil.example"),
            std::string::npos);
}

TEST(HostGuard, TrustsTheOwnersSocket) {
  Request request;
  request.host = "evil.example";
  EXPECT_FALSE(HostGuard({}).check(request));
  request.is_local_socket = true;
  EXPECT_TRUE(HostGuard({}).check(request));
}

}  // namespace
}  // namespace toolrack::net
