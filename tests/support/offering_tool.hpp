/// The tool of tests/plugins/offers.json with a handler of the tests, which sees what plugins see.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "registry/manifest.hpp"
#include "support/fake_skill.hpp"

namespace toolrack::testing {

inline registry::Part resource_part(std::string uri, std::string text, std::string bytes = "") {
  registry::Part part{.type = registry::Part::Type::kResource, .text = std::move(text)};
  part.uri = std::move(uri);
  part.bytes = std::move(bytes);
  return part;
}

inline constexpr std::string_view kRichMessages =
    R"({"description":"d","messages":[{"role":"user","content":{"type":"text","text":"t"}},)"
    R"({"role":"user","content":{"type":"image","data":"iVBORw==","mimeType":"image/png"}},)"
    R"({"role":"user","content":{"type":"audio","data":"UklGRg==","mimeType":"audio/wav"}},)"
    R"({"role":"assistant","content":{"type":"resource_link","uri":"test://text","name":"text"}},)"
    R"({"role":"user","content":{"type":"resource","resource":{"uri":"test://text","text":"Some text"}}}]})";

inline registry::Outcome offered(const registry::Invocation& asked) {
  using registry::Kind;
  const std::string name(asked.name), input(asked.input_json);
  auto outcome = success("");
  switch (asked.skill->kind) {
    case Kind::kSkill:
      return success("{}");
    case Kind::kPrompt:
      if (name == "rich") return success(std::string(kRichMessages));
      if (name == "broken") return success(R"({"messages":[{"role":"system","content":{"type":"text"}}]})");
      return success(R"({"messages":[{"role":"user","content":{"type":"text","text":)" +
                     base::json::quote(name + " " + input) + "}}]}");
    case Kind::kCompletion: {
      if (input.find(R"("name":"tone")") == std::string::npos)
        return success(R"({"values":[)" + base::json::quote(name) + "," + base::json::quote(input) + "]}");
      std::string values;
      for (int i = 0; i < 101; ++i) values += (i == 0 ? "" : ",") + base::json::quote("tone " + std::to_string(i));
      return success(R"({"values":[)" + values + "]}");
    }
    case Kind::kSubscribe:
    case Kind::kUnsubscribe:
      return outcome;
    case Kind::kListSkills:
    case Kind::kListResources:
    case Kind::kListTemplates:
    case Kind::kListPrompts:
      return success(R"({"items":[]})");
    case Kind::kResource:
      break;
  }
  if (name == "test://gone")
    return failure(
        base::Error(base::ErrorCode::kToolError, "it was here yesterday").with_type(base::ErrorType::kNotFound));
  if (name == "test://nothing") return outcome;
  if (name == "test://slow") return failure(base::Error(base::ErrorCode::kTimeout, "too slow"));
  if (name == "test://text") {
    outcome.ttl_ns = 120'000'000'000;
    outcome.cache_public = true;
    outcome.parts = {resource_part("", "Some text")};
  } else if (name == "test://bytes") {
    outcome.parts = {resource_part("", "", std::string("\x89PNG\0\xff", 6))};
  } else if (name == "ui://offers/view") {
    outcome.parts = {resource_part("", "<html></html>")};
    outcome.parts[0].extra_json = R"({"_meta":{"ui":{"prefersBorder":true}}})";
  } else {
    outcome.parts = {resource_part("", input)};
  }
  return outcome;
}

/// `handler`, or one that answers as `offered` does.
inline std::shared_ptr<const registry::Tool> offering_tool(std::shared_ptr<registry::Handler> handler = nullptr) {
  std::ifstream file(std::filesystem::path(TOOLRACK_SOURCE_DIR) / "tests/plugins/offers.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto tool = registry::load_manifest(text);
  EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
  if (!tool) return nullptr;
  if (handler == nullptr) handler = std::make_shared<InstantSkill>(&offered);
  for (auto& skill : (*tool)->skills) skill.handler = handler;
  for (auto& service : (*tool)->services) service.handler = handler;
  return *tool;
}

}  // namespace toolrack::testing
