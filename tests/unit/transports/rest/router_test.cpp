#include "transports/rest/router.hpp"

#include <gtest/gtest.h>

namespace toolrack::rest {
namespace {

net::Request request(net::Method method, std::string_view text, std::string_view path) {
  net::Request made;
  made.method = method;
  made.method_text = text;
  made.path = path;
  return made;
}

class RouterTest : public ::testing::Test {
 protected:
  std::string name_at(std::string_view path) {
    std::string allow;
    const auto match = router_.match(request(net::Method::kGet, "GET", path), allow);
    return match ? std::string(match->entry->operation.name) : std::string(match.error().name());
  }
  const operations::Table table_;
  const Router router_{table_};
};

TEST_F(RouterTest, PrefersLiteralSegments) {
  EXPECT_EQ(name_at("/v1/tools/search"), "discover");
  EXPECT_EQ(name_at("/v1/tools/mcp"), "tools_mcp");
  EXPECT_EQ(name_at("/v1/tools/seo"), "get_tool");
  EXPECT_EQ(name_at("/v1/usage/history"), "get_usage_history");
}

TEST_F(RouterTest, GivesParametersDecoded) {
  std::string allow;
  const auto match = router_.match(request(net::Method::kGet, "GET", "/v1/tools/a%20b/c%2Fd"), allow);
  ASSERT_TRUE(match);
  ASSERT_EQ(match->parameters.size(), 2u);
  EXPECT_EQ(match->parameters[0], (std::pair<std::string_view, std::string>("owner", "a b")));
  EXPECT_EQ(match->parameters[1], (std::pair<std::string_view, std::string>("tool", "c/d")));
}

TEST_F(RouterTest, FindsEveryRouteOfTheTable) {
  for (const auto& entry : table_.entries()) {
    const auto& operation = entry.operation;
    auto paths = operation.more_paths;
    if (!operation.path.empty()) paths.push_back(operation.path);
    for (const auto path : paths) {
      std::string concrete;
      for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == ':') {
          concrete += 'x';
          while (i + 1 < path.size() && path[i + 1] != '/') ++i;
        } else {
          concrete += path[i];
        }
      }
      std::string allow;
      const auto match = router_.match(request(net::Method::kOther, operation.method, concrete), allow);
      ASSERT_TRUE(match) << operation.method << " " << concrete;
      EXPECT_EQ(match->entry->operation.name, operation.name);
    }
  }
}

}  // namespace
}  // namespace toolrack::rest
