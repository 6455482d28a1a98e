/// Samples of what is emitted, by revision, which tests/e2e/schema.test.mjs holds against the official schemas. They
/// are written into the folder that TOOLRACK_MCP_SAMPLES names, or <build>/mcp-samples: {revision, checks:
/// [{definition, value}]}.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "mcp_fixture.hpp"

namespace toolrack::mcp {

class Samples : public McpTest, public ::testing::WithParamInterface<Revision> {
 protected:
  bool is_modern() const { return GetParam() == Revision::k20260728; }
  std::string revision() const { return std::string(to_string(GetParam())); }

  net::RawReply send(std::string_view method, std::string_view params, std::string_view name = "",
                     std::string_view meta = "", std::string_view query = "") {
    const auto path = "/mcp" + std::string(query);
    if (is_modern())
      return testing::exchange(rack_.port, "POST", path, modern_headers(std::string(method), std::string(name)),
                               modern_body(R"("s 1")", method, params, meta));
    if (session_.empty()) session_ = open_session(revision());
    const auto members = std::string(params) + R"("_meta":{)" + std::string(meta.empty() ? "" : meta.substr(1)) + "}";
    return testing::exchange(
        rack_.port, "POST", path, legacy_headers(session_, revision()),
        R"({"jsonrpc":"2.0","id":"s 1","method":")" + std::string(method) + R"(","params":{)" + members + "}}");
  }

  struct Check {
    std::string definition;
    std::string value;
  };
  void write(const std::string& name, const std::vector<Check>& checks) {
    const auto* const given = std::getenv("TOOLRACK_MCP_SAMPLES");
    const auto folder =
        given != nullptr ? std::filesystem::path(given) : std::filesystem::path(TOOLRACK_BINARY_DIR) / "mcp-samples";
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / (revision() + "-" + name + ".json"));
    file << R"({"revision":")" << revision() << R"(","checks":[)";
    for (std::size_t i = 0; i < checks.size(); ++i)
      file << (i == 0 ? "" : ",") << R"({"definition":")" << checks[i].definition << R"(","value":)" << checks[i].value
           << "}";
    file << "]}\n";
    EXPECT_TRUE(file.good());
  }
  std::string response() const {
    return GetParam() >= Revision::k20251125 ? "JSONRPCResultResponse" : "JSONRPCResponse";
  }
  std::string error() const { return GetParam() >= Revision::k20251125 ? "JSONRPCErrorResponse" : "JSONRPCError"; }

  void write_result(const std::string& name, const std::string& definition, const net::RawReply& reply) {
    write_result(name, definition, reply.body);
  }
  void write_result(const std::string& name, const std::string& definition, const std::string& message) {
    const auto body = testing::parsed(message);
    const auto* result = base::json::find(body, "result");
    ASSERT_NE(result, nullptr) << message;
    write(name, {{response(), message}, {definition, base::json::dump(*result)}});
  }
  void write_error(const std::string& name, const net::RawReply& reply, const std::string& definition = "") {
    const auto body = testing::parsed(reply.body);
    ASSERT_NE(base::json::find(body, "error"), nullptr) << reply.body;
    std::vector<Check> checks{{error(), reply.body}};
    if (!definition.empty()) checks.push_back({definition, reply.body});
    write(name, checks);
  }
  /// A notification or a request of ours: as such, as one that servers of the revision send, and as what its method is.
  void write_ours(const std::string& name, const std::string& method, const std::string& definition,
                  const std::string& message) {
    const auto parsed = testing::parsed(message);
    ASSERT_EQ(testing::at(parsed, "/method"), method) << message;
    const bool is_request = base::json::find(parsed, "id") != nullptr;
    write(name, {{is_request ? "JSONRPCRequest" : "JSONRPCNotification", message},
                 {is_request ? "ServerRequest" : "ServerNotification", message},
                 {definition, message}});
  }
  std::string session_;
};

inline auto every_revision() {
  return ::testing::Values(Revision::k20241105, Revision::k20250326, Revision::k20250618, Revision::k20251125,
                           Revision::k20260728);
}
inline std::string revision_name(const ::testing::TestParamInfo<Revision>& info) {
  std::string name(to_string(info.param));
  std::erase(name, '-');
  return name;
}

}  // namespace toolrack::mcp
