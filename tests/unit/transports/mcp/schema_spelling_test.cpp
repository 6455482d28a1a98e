// A schema reaches clients as its author wrote it: order, spelling of numbers, escapes, integers that no double holds.

#include <gtest/gtest.h>

#include <string>

#include "registry/manifest.hpp"
#include "unit/transports/mcp/mcp_fixture.hpp"

namespace toolrack::mcp {
namespace {

// Everything that reading and writing again would change.
constexpr const char* kInput =
    R"({"type":"object","x-z":1,"x-a":{"b":2,"a":1},"properties":{"zeta":{"type":"number","minimum":1.0,"maximum":1e3,)"
    R"("multipleOf":0.10},"alpha":{"type":"integer","maximum":123456789012345678901234567890,)"
    R"("minimum":-9223372036854775808,"default":-0.0},"caf\u00e9 \/ \ud83d\ude00":{"const":"tab\tand \"quote\" \u0041"}},)"
    R"("required":["zeta"],"examples":[1E+2,1e-7,100000000000000000000,"\u003cb>"],"description":"räksmörgås \u00f6"})";
constexpr const char* kOutput = R"({"type":"object","properties":{"n":{"maximum":5.00,"default":1E1}}})";

/// With white space between tokens, which is the one thing that does not travel.
std::string spaced(std::string_view compact) {
  std::string out;
  bool is_in_string = false;
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const char c = compact[i];
    out += c;
    if (c == '\\') {
      out += compact[++i];
    } else if (c == '"') {
      is_in_string = !is_in_string;
    } else if (!is_in_string && (c == ',' || c == ':' || c == '{' || c == '[')) {
      out += c == ',' ? "\n\t" : " ";
    }
  }
  return out;
}

std::shared_ptr<const registry::Tool> awkward_tool() {
  auto tool = registry::load_manifest(
      R"({"manifest":"1.0","owner":"acme","name":"awkward","version":"1.0.0","description":"Spelled oddly.",)"
      R"("sk\u0069lls":[{"name":"first","description":"First.","input":{"type":"object"}},)"
      R"({"name":"second","description":"Second.","in\u0070ut": )" +
      spaced(kInput) + R"(, "output" : )" + spaced(kOutput) + "}]}");
  EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
  for (auto& skill : (*tool)->skills) skill.handler = std::make_shared<testing::InstantSkill>();
  return *tool;
}

bool has(const std::string& body, const std::string& key, std::string_view schema) {
  return body.find("\"" + key + "\":" + std::string(schema)) != std::string::npos;
}

TEST(SchemaSpelling, IsTheAuthorsInEveryListAndDetail) {
  testing::ServedRack rack({awkward_tool()});
  const auto list = testing::exchange(rack.port, "POST", "/mcp?expose=flat", modern_headers("tools/list"),
                                      modern_body("1", "tools/list"));
  ASSERT_EQ(list.status, 200) << list.body;
  EXPECT_TRUE(has(list.body, "inputSchema", kInput)) << list.body;
  EXPECT_TRUE(has(list.body, "outputSchema", kOutput)) << list.body;

  const auto detail = testing::exchange(rack.port, "GET", "/v1/tools/awkward", {}, "");
  ASSERT_EQ(detail.status, 200) << detail.body;
  for (const auto* key : {"inputSchema", "input"}) EXPECT_TRUE(has(detail.body, key, kInput)) << key << detail.body;
  for (const auto* key : {"outputSchema", "output"}) EXPECT_TRUE(has(detail.body, key, kOutput)) << key << detail.body;
}

}  // namespace
}  // namespace toolrack::mcp
