#include "transports/stdio/param_cache.hpp"

#include <gtest/gtest.h>

namespace toolrack::stdio {
namespace {

using Lines = std::vector<std::string>;

Lines headers(const ParamCache& cache, std::string_view tool, std::string_view arguments) {
  const auto value = base::json::parse(arguments);
  Lines lines;
  cache.add_headers(tool, &*value, lines);
  return lines;
}

ParamCache learned(std::string_view schema) {
  ParamCache cache;
  cache.learn(R"({"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"t","inputSchema":)" + std::string(schema) +
              "}]}}");
  return cache;
}

TEST(ParamCache, FindsArgumentsAtAnyDepthOfProperties) {
  const auto cache = learned(R"({"type":"object","properties":{"a":{"type":"object","properties":{
      "b":{"type":"string","x-mcp-header":"Deep"}}},"flag":{"type":"boolean","x-mcp-header":"Flag"}}})");
  EXPECT_EQ(headers(cache, "t", R"({"a":{"b":"v"},"flag":true})"),
            (Lines{"Mcp-Param-Deep: v", "Mcp-Param-Flag: true"}));
  EXPECT_EQ(headers(cache, "t", R"({"a":{}})"), Lines{});
  EXPECT_EQ(headers(cache, "other", R"({"flag":true})"), Lines{});
}

TEST(ParamCache, LooksThroughPropertiesOnly) {
  const auto cache = learned(R"({"type":"object","anyOf":[{"properties":{"a":{"x-mcp-header":"No"}}}],
      "properties":{"list":{"items":{"x-mcp-header":"Item"}}}})");
  EXPECT_EQ(headers(cache, "t", R"({"a":"v","list":["x"]})"), Lines{});
}

TEST(ParamCache, TakesNoSuffixThatIsNoToken) {
  const auto cache = learned(R"({"properties":{"a":{"x-mcp-header":"X: 1\r\nEvil"},"b":{"x-mcp-header":""}}})");
  EXPECT_EQ(headers(cache, "t", R"({"a":"v","b":"v"})"), Lines{});
}

TEST(ParamCache, SendsAHeaderOnce) {
  const auto cache = learned(R"({"properties":{"a":{"type":"string","x-mcp-header":"Region"},
      "b":{"type":"string","x-mcp-header":"REGION"}}})");
  EXPECT_EQ(headers(cache, "t", R"({"a":"v","b":"w"})"), Lines{"Mcp-Param-Region: v"})
      << "case does not tell them apart";
}

TEST(ParamCache, ForgetsWhatANewerListDoesNotHave) {
  auto cache = learned(R"({"properties":{"a":{"x-mcp-header":"A"}}})");
  EXPECT_EQ(headers(cache, "t", R"({"a":"v"})").size(), 1u);
  cache.learn(R"({"result":{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}})");
  EXPECT_EQ(headers(cache, "t", R"({"a":"v"})").size(), 0u);
}

TEST(ParamCache, IgnoresWhatIsNoList) {
  ParamCache cache;
  for (const auto* text : {"", "[]", "{", R"({"result":{"tools":{}}})", R"({"result":{"tools":[1,{"name":2}]}})"})
    cache.learn(text);
  EXPECT_EQ(headers(cache, "t", R"({"a":"v"})"), Lines{});
}

}  // namespace
}  // namespace toolrack::stdio
