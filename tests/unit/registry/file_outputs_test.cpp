#include "registry/file_outputs.hpp"

#include <gtest/gtest.h>

namespace toolrack::registry {
namespace {

namespace json = base::json;

/// The schema as callers see it; "none" when it names no file.
std::string published(std::string_view schema) {
  auto document = json::parse(schema);
  if (!document) return document.error().message();
  return publish_file_outputs(*document, document->GetAllocator()) ? json::dump(*document) : "none";
}

std::string members(std::string_view schema) {
  const auto document = json::parse(published(schema));
  std::string names;
  for (const auto& member : (*document)["properties"].GetObject())
    names += (names.empty() ? "" : " ") + std::string(json::view(member.name));
  return names;
}

TEST(FileOutputs, BecomeLinkAndAsset) {
  static constexpr auto kSchema =
      R"({"type":"object","properties":{"n":{"type":"integer"},"out_path":{"type":"string"}},"required":["out_path","n"]})";
  EXPECT_EQ(members(kSchema), "n out_url out_asset");
  const auto document = json::parse(published(kSchema));
  EXPECT_EQ(json::dump((*document)["required"]), R"(["out_url","n","out_asset"])");
}

TEST(FileOutputs, AreFoundAtAnyDepth) {
  const auto seen = published(
      R"({"type":"array","items":{"anyOf":[{"type":"object","properties":{"a":{"type":"object","properties":{"x_path":{"type":"string"}}}}}]}})");
  EXPECT_NE(seen.find("x_url"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("x_path"), std::string::npos);
}

TEST(FileOutputs, MayBeSeveral) {
  const auto document =
      json::parse(published(R"({"properties":{"x_path":{"type":"array","items":{"type":"string"}}}})"));
  EXPECT_EQ(json::view((*document)["properties"]["x_url"]["type"]), "array");
  EXPECT_EQ(json::view((*document)["properties"]["x_asset"]["items"]["type"]), "object");
}

TEST(FileOutputs, AreNothingElse) {
  EXPECT_EQ(published(R"({"properties":{"path":{"type":"string"},"_path":{"type":"string"}}})"), "none");
  EXPECT_EQ(published(R"({"properties":{"x_path":{"type":"integer"}}})"), "none");
  EXPECT_EQ(published(R"({"properties":{"k":{"enum":[{"properties":{"x_path":{"type":"string"}}}]}}})"), "none");
}

}  // namespace
}  // namespace toolrack::registry
