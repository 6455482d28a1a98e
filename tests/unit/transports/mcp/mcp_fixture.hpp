/// A gateway with tools of the tests, and requests to its MCP endpoint.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/event_reader.hpp"
#include "support/fake_skill.hpp"
#include "support/http_client.hpp"
#include "support/test_rack.hpp"

namespace toolrack::mcp {

inline constexpr std::string_view kEchoInput = R"({"type":"object","properties":{"text":{"type":"string"}}})";
inline constexpr std::string_view kRegionInput =
    R"({"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},)"
    R"("count":{"type":"integer","x-mcp-header":"Count"},"flag":{"type":"boolean","x-mcp-header":"Flag"},)"
    R"("in":{"type":"object","properties":{"deep":{"type":"string","x-mcp-header":"Deep"}}}}})";

/// The tool `fake` and the handlers of its skills that a test looks at.
struct FakeTool {
  std::shared_ptr<testing::InstantSkill> echo = std::make_shared<testing::InstantSkill>();
  std::shared_ptr<testing::LaterSkill> later = std::make_shared<testing::LaterSkill>();
  std::shared_ptr<testing::WaitingSkill> waiting = std::make_shared<testing::WaitingSkill>();
  std::shared_ptr<testing::WaitingSkill> stubborn = std::make_shared<testing::WaitingSkill>(true);
  std::shared_ptr<testing::ProgressSkill> progress =
      std::make_shared<testing::ProgressSkill>(std::vector<testing::ProgressSkill::Step>{
          {1, 3, "one"}, {1, 3, "not more than before"}, {0.5, 3, "less"}, {2, 3, "too soon after one"}});

  std::shared_ptr<testing::LogSkill> log = std::make_shared<testing::LogSkill>(
      std::vector<testing::LogSkill::Line>{{0, "looked", ""}, {1, "began", R"({"page":1})"}, {4, "broke", "no JSON"}});

  std::shared_ptr<const registry::Tool> make() const {
    using testing::InstantSkill;
    return testing::make_tool(
        "fake", {{.name = "echo", .handler = echo, .input = std::string(kEchoInput)},
                 {.name = "region", .handler = echo, .input = std::string(kRegionInput)},
                 {.name = "number", .handler = std::make_shared<InstantSkill>("42"), .output = R"({"type":"integer"})"},
                 {.name = "fail",
                  .handler = std::make_shared<InstantSkill>(
                      base::Error(base::ErrorCode::kToolError, "the vault is locked").with_name("fake.locked"))},
                 {.name = "priced", .handler = echo, .price = base::Money::from_micros(3'000)},
                 {.name = "later", .handler = later},
                 {.name = "waiting", .handler = waiting},
                 {.name = "stubborn", .handler = stubborn},
                 {.name = "progress", .handler = progress},
                 {.name = "log", .handler = log}});
  }
};

inline constexpr std::string_view kModernMeta =
    R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{})";

/// `params` are members with a comma at their end; `meta` members with one at their beginning.
inline std::string modern_body(std::string_view id, std::string_view method, std::string_view params = "",
                               std::string_view meta = "") {
  return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":")" + std::string(method) + R"(","params":{)" +
         std::string(params) + std::string(kModernMeta) + std::string(meta) + "}}}";
}

inline testing::HeaderList base_headers() {
  return {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
}

inline testing::HeaderList modern_headers(std::string method, std::string name = "") {
  auto headers = base_headers();
  headers.emplace_back("MCP-Protocol-Version", "2026-07-28");
  headers.emplace_back("Mcp-Method", std::move(method));
  if (!name.empty()) headers.emplace_back("Mcp-Name", std::move(name));
  return headers;
}

class McpTest : public ::testing::Test {
 protected:
  explicit McpTest(testing::RackOptions options = {}) : rack_({fake_.make()}, options) {}

  std::string modern_call(std::string_view id, const std::string& skill, std::string_view meta = "") {
    return testing::http_request("POST", "/mcp", modern_headers("tools/call", skill),
                                 modern_body(id, "tools/call", R"("name":")" + skill + R"(",)", meta));
  }
  testing::HeaderList legacy_headers(const std::string& session, std::string version = "2025-06-18") {
    auto headers = base_headers();
    headers.emplace_back("Mcp-Session-Id", session);
    headers.emplace_back("MCP-Protocol-Version", std::move(version));
    return headers;
  }
  std::string legacy_call(const std::string& session, std::string_view id, const std::string& skill,
                          std::string_view meta = "{}") {
    return testing::http_request("POST", "/mcp", legacy_headers(session),
                                 R"({"jsonrpc":"2.0","id":)" + std::string(id) +
                                     R"(,"method":"tools/call","params":{"name":")" + skill + R"(","_meta":)" +
                                     std::string(meta) + "}}");
  }
  std::string open_session(std::string_view version = "2025-06-18", const testing::HeaderList& more = {},
                           std::string_view capabilities = "{}") {
    auto headers = base_headers();
    headers.insert(headers.end(), more.begin(), more.end());
    const auto reply = testing::exchange(
        rack_.port, "POST", "/mcp", headers,
        R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" + std::string(version) +
            R"(","capabilities":)" + std::string(capabilities) + R"(,"clientInfo":{"name":"t","version":"1"}}})");
    EXPECT_EQ(reply.status, 200) << reply.body;
    return testing::header(reply, "mcp-session-id");
  }
  /// Has everything done that was posted before. Streams that are ended after it were told first what that has brought.
  void settle() { rack_.rack.settle(); }

  FakeTool fake_;
  testing::ServedRack rack_;
};

}  // namespace toolrack::mcp
