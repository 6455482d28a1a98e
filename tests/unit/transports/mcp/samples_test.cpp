/// Writes a sample of everything that is emitted, by revision, into <build>/mcp-samples/, where a test in Node
/// validates them with the official schemas: {revision, checks: [{definition, value}]}.
#include <filesystem>
#include <fstream>

#include "mcp_fixture.hpp"
#include "support/offering_tool.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

class Samples : public McpTest, public ::testing::WithParamInterface<Revision> {
 protected:
  bool is_modern() const { return GetParam() == Revision::k20260728; }

  net::RawReply send(std::string_view method, std::string_view params, std::string_view name = "",
                     std::string_view meta = "", std::string_view query = "") {
    const auto path = "/mcp" + std::string(query);
    if (is_modern())
      return testing::exchange(rack_.port, "POST", path, modern_headers(std::string(method), std::string(name)),
                               modern_body(R"("s 1")", method, params, meta));
    const std::string revision(to_string(GetParam()));
    if (session_.empty()) session_ = open_session(revision);
    const auto members = std::string(params) + R"("_meta":{)" + std::string(meta.empty() ? "" : meta.substr(1)) + "}";
    return testing::exchange(
        rack_.port, "POST", path, legacy_headers(session_, revision),
        R"({"jsonrpc":"2.0","id":"s 1","method":")" + std::string(method) + R"(","params":{)" + members + "}}");
  }

  struct Check {
    std::string definition;
    std::string value;
  };
  void write(const std::string& name, const std::vector<Check>& checks) {
    const auto folder = std::filesystem::path(TOOLRACK_BINARY_DIR) / "mcp-samples";
    std::filesystem::create_directories(folder);
    std::ofstream file(folder / (std::string(to_string(GetParam())) + "-" + name + ".json"));
    file << R"({"revision":")" << to_string(GetParam()) << R"(","checks":[)";
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
    const auto body = testing::parsed(reply.body);
    const auto* result = json::find(body, "result");
    ASSERT_NE(result, nullptr) << reply.body;
    write(name, {{response(), reply.body}, {definition, json::dump(*result)}});
  }
  void write_error(const std::string& name, const net::RawReply& reply, const std::string& definition = "") {
    const auto body = testing::parsed(reply.body);
    ASSERT_NE(json::find(body, "error"), nullptr) << reply.body;
    std::vector<Check> checks{{error(), reply.body}};
    if (!definition.empty()) checks.push_back({definition, reply.body});
    write(name, checks);
  }
  std::string session_;
};

TEST_P(Samples, OfTheOpening) {
  if (is_modern()) return write_result("discover", "DiscoverResult", send("server/discover", ""));
  const auto reply = testing::exchange(
      rack_.port, "POST", "/mcp", base_headers(),
      R"({"jsonrpc":"2.0","id":"s 1","method":"initialize","params":{"protocolVersion":")" +
          std::string(to_string(GetParam())) + R"(","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
  write_result("initialize", "InitializeResult", reply);
  write_result("ping", "EmptyResult", send("ping", ""));
}

TEST_P(Samples, OfLists) {
  write_result("list-meta", "ListToolsResult", send("tools/list", ""));
  write_result("list-flat", "ListToolsResult", send("tools/list", "", "", "", "?expose=flat"));
}

TEST_P(Samples, OfCalls) {
  using Type = registry::Part::Type;
  const auto parts = std::make_shared<testing::InstantSkill>([](const auto&) {
    auto outcome = testing::success("");
    outcome.parts.push_back({.type = Type::kText, .text = "t"});
    outcome.parts.push_back({.type = Type::kImage, .media_type = "image/png", .bytes = "PNG"});
    outcome.parts.push_back({.type = Type::kAudio, .media_type = "audio/wav", .bytes = "RIFF"});
    outcome.parts.push_back({.type = Type::kLink, .media_type = "text/html", .uri = "https://a.example/", .name = "a"});
    outcome.parts.push_back({.type = Type::kResource, .text = "r", .media_type = "text/plain", .uri = "x://1"});
    outcome.parts.push_back({.type = Type::kResource, .uri = "x://2", .bytes = "raw"});
    return outcome;
  });
  rack_.rack.publish({fake_.make(), testing::make_tool("rich", {{.name = "parts", .handler = parts}})});
  const auto call = [&](const std::string& file, const std::string& skill) {
    write_result("call-" + file, "CallToolResult", send("tools/call", R"("name":")" + skill + R"(",)", skill));
  };
  call("echo", "fake_echo");
  call("number", "fake_number");
  call("failure", "fake_fail");
  call("priced", "fake_priced");
  call("parts", "rich_parts");
  call("operation", "list_api_keys");
  write_result("call-refused", "CallToolResult",
               send("tools/call", R"("name":"fake_echo","arguments":{"text":5},)", "fake_echo"));
}

TEST_P(Samples, OfOffers) {
  rack_.rack.publish({testing::offering_tool()});
  const auto list = [&](const std::string& file, const std::string& method, const std::string& definition) {
    write_result("list-" + file, definition, send(method, "", "", "", "?expose=flat"));
  };
  list("resources", "resources/list", "ListResourcesResult");
  list("templates", "resources/templates/list", "ListResourceTemplatesResult");
  list("prompts", "prompts/list", "ListPromptsResult");
  list("tools-with-meta", "tools/list", "ListToolsResult");
  for (const std::string uri : {"test://text", "test://bytes", "ui://offers/view", "test://items/1"})
    write_result("read-" + uri.substr(uri.find_last_of('/') + 1), "ReadResourceResult",
                 send("resources/read", R"("uri":")" + uri + R"(",)", uri));
  for (const std::string name : {"offers_hello", "offers_rich"})
    write_result("prompt-" + name, "GetPromptResult", send("prompts/get", R"("name":")" + name + R"(",)", name));
  write_result("completion", "CompleteResult",
               send("completion/complete",
                    R"("ref":{"type":"ref/prompt","name":"offers_greet"},"argument":{"name":"tone","value":""},)"));
  write_error("error-unknown-resource", send("resources/read", R"("uri":"test://no",)", "test://no"));
  write_error("error-unknown-prompt", send("prompts/get", R"("name":"no",)", "no"));
}

TEST_P(Samples, OfProgress) {
  const auto reply = send("tools/call", R"("name":"fake_progress",)", "fake_progress", R"(,"progressToken":"p")");
  const auto from = reply.body.find("data: {") + 6;  // The first event may only name the stream.
  write("progress", {{"JSONRPCNotification", reply.body.substr(from, reply.body.find('\n', from) - from)},
                     {"ProgressNotification", reply.body.substr(from, reply.body.find('\n', from) - from)}});
}

TEST_P(Samples, OfErrors) {
  write_error("error-unknown-tool", send("tools/call", R"("name":"nothing",)", "nothing"));
  write_error("error-unknown-method", send("no/such", ""));
  if (!is_modern()) return;
  auto headers = modern_headers("server/discover");
  headers[2].second = "2025-11-25";
  const auto body = modern_body("1", "server/discover");
  write_error("error-header-mismatch", testing::exchange(rack_.port, "POST", "/mcp", headers, body),
              "HeaderMismatchError");
  auto later = body;
  later.replace(later.find("2026-07-28"), 10, "2027-01-01");
  headers[2].second = "2027-01-01";
  write_error("error-unsupported-version", testing::exchange(rack_.port, "POST", "/mcp", headers, later),
              "UnsupportedProtocolVersionError");
  write_error("error-parse", testing::exchange(rack_.port, "POST", "/mcp", modern_headers("x"), "{"));
}

INSTANTIATE_TEST_SUITE_P(Revisions, Samples,
                         ::testing::Values(Revision::k20241105, Revision::k20250326, Revision::k20250618,
                                           Revision::k20251125, Revision::k20260728),
                         [](const auto& info) {
                           std::string name(to_string(info.param));
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace toolrack::mcp
