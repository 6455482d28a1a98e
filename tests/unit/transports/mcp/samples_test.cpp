/// Samples of answers (samples.hpp).
#include "samples.hpp"
#include "support/offering_tool.hpp"

namespace toolrack::mcp {
namespace {

TEST_P(Samples, OfTheOpening) {
  if (is_modern()) return write_result("discover", "DiscoverResult", send("server/discover", ""));
  const auto reply =
      testing::exchange(rack_.port, "POST", "/mcp", base_headers(),
                        R"({"jsonrpc":"2.0","id":"s 1","method":"initialize","params":{"protocolVersion":")" +
                            revision() + R"(","capabilities":{},"clientInfo":{"name":"t","version":"1"}}})");
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

TEST_P(Samples, OfBatches) {
  if (GetParam() != Revision::k20250326) return;  // The only one that has them.
  const auto reply =
      testing::exchange(rack_.port, "POST", "/mcp", legacy_headers(open_session(revision()), revision()),
                        R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"no/such"}])");
  ASSERT_EQ(testing::parsed(reply.body).Size(), 2U);
  write("batch", {{"JSONRPCBatchResponse", reply.body}});
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

INSTANTIATE_TEST_SUITE_P(Revisions, Samples, every_revision(), revision_name);

}  // namespace
}  // namespace toolrack::mcp
