/// A gateway with two tools, and keys that see parts of them.
#pragma once

#include <memory>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "mcp_fixture.hpp"
#include "support/raw_client.hpp"

namespace toolrack::mcp {

inline registry::ToolSetRef set_of(std::string_view patterns, std::string_view renames = "[]") {
  const auto list = base::json::parse(patterns), names = base::json::parse(renames);
  return registry::ToolSet::create(&*list, &*names, nullptr).value();
}

class ToolSetsTest : public McpTest {
 protected:
  explicit ToolSetsTest(testing::RackOptions options = {}) : McpTest(options) {
    rack_.rack.publish({fake_.make(), other()});
  }
  std::shared_ptr<const registry::Tool> other() const {
    return testing::make_tool("other",
                              {{.name = "one", .handler = fake_.echo}, {.name = "two", .handler = fake_.echo}});
  }
  std::string key(std::string_view patterns, std::string_view renames = "[]") {
    return rack_.rack.make_key("acc_one", accounts::Scopes::standard(), set_of(patterns, renames));
  }
  static testing::HeaderList with(testing::HeaderList headers, const std::string& key) {
    if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
    return headers;
  }
  net::RawReply ask(const std::string& key, const std::string& method, const std::string& params = "",
                    const std::string& name = "", const std::string& query = "") {
    return testing::exchange(rack_.port, "POST", "/mcp" + query, with(modern_headers(method, name), key),
                             modern_body("1", method, params));
  }
  net::RawReply call(const std::string& key, const std::string& name) {
    return ask(key, "tools/call", R"("name":")" + name + R"(",)", name);
  }
  std::vector<std::string> listed(const std::string& key, const std::string& query = "?expose=flat") {
    const auto body = testing::parsed(ask(key, "tools/list", "", "", query).body);
    std::vector<std::string> names;
    const auto* tools = base::json::at(body, "/result/tools");
    if (tools == nullptr) return {base::json::dump(body)};
    for (const auto& tool : tools->GetArray()) names.push_back(testing::at(tool, "/name"));
    scope_ = testing::at(body, "/result/cacheScope");
    return names;
  }
  /// The reply without what differs from call to call, and with "NAME" for the name that was asked for.
  static std::string neutral(const net::RawReply& reply, const std::string& name) {
    auto text = std::to_string(reply.status) + " " + reply.body;
    text = std::regex_replace(text, std::regex(R"(req_[0-9a-zA-Z]+|[0-9A-HJKMNP-TV-Z]{26})"), "ID");
    return std::regex_replace(text, std::regex(name), "NAME");
  }

  std::string scope_;
};

}  // namespace toolrack::mcp
