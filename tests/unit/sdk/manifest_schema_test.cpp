#include <valijson/adapters/rapidjson_adapter.hpp>  // Before any RapidJSON header: it sets their assertion.
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <gtest/gtest.h>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>

namespace {

using rapidjson::Document;
using rapidjson::Pointer;
using rapidjson::Value;

Document load(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  Document document;
  document.Parse(text.str().c_str());
  EXPECT_FALSE(document.HasParseError()) << path;
  return document;
}

const std::filesystem::path kRoot = TOOLRACK_SOURCE_DIR;

class ManifestSchema : public ::testing::Test {
 protected:
  void SetUp() override {
    const Document schema = load(kRoot / "sdk/schema/manifest.schema.json");
    valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
    parser.populateSchema(valijson::adapters::RapidJsonAdapter(schema), schema_);
    echo_ = load(kRoot / "examples/echo/manifest.json");
  }
  bool accepts(const Value& manifest) {
    valijson::Validator validator;
    return validator.validate(schema_, valijson::adapters::RapidJsonAdapter(manifest), nullptr);
  }
  /// Whether echo's manifest is still one with `json` at `pointer`.
  bool accepts(const char* pointer, const char* json) {
    Document manifest, value;
    manifest.CopyFrom(echo_, manifest.GetAllocator());
    value.Parse(json);
    EXPECT_FALSE(value.HasParseError()) << json;
    Pointer(pointer).Set(manifest, Value(value, manifest.GetAllocator()));
    return accepts(manifest);
  }

  valijson::Schema schema_;
  Document echo_;
};

TEST_F(ManifestSchema, AcceptsEveryManifestOfTheTree) {
  int count = 0;
  for (const char* folder : {"examples", "manifests/tools"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(kRoot / folder)) {
      const bool is_manifest =
          entry.path().filename() == "manifest.json" ||
          (entry.path().parent_path().filename() == "tools" && entry.path().extension() == ".json");
      if (!is_manifest || entry.path().string().find("/build") != std::string::npos) continue;
      EXPECT_TRUE(accepts(load(entry.path()))) << entry.path();
      ++count;
    }
  }
  EXPECT_GE(count, 2);
}

TEST_F(ManifestSchema, NeedsWhatEveryToolHas) {
  for (const char* pointer : {"/manifest", "/owner", "/name", "/version", "/description", "/skills", "/skills/0/name",
                              "/skills/0/description", "/skills/0/input", "/skills/1/price/usd"}) {
    Document manifest;
    manifest.CopyFrom(echo_, manifest.GetAllocator());
    ASSERT_TRUE(Pointer(pointer).Erase(manifest)) << pointer;
    EXPECT_FALSE(accepts(manifest)) << pointer;
  }
}

TEST_F(ManifestSchema, RefusesWhatItDoesNotKnowAndKeepsExtensions) {
  for (const char* where : {"", "/skills/0", "/skills/1/price", "/skills/0/annotations", "/skills/0/examples/0"}) {
    EXPECT_FALSE(accepts((std::string(where) + "/surprise").c_str(), "1")) << where;
    EXPECT_TRUE(accepts((std::string(where) + "/x-surprise").c_str(), "{\"a\":[1]}")) << where;
  }
}

TEST_F(ManifestSchema, HoldsEveryFieldToItsForm) {
  struct Row {
    const char *pointer, *good, *bad;
  };
  const Row rows[] = {
      {"/manifest", "\"1.12\"", "\"2.0\""},
      {"/owner", "\"some-body\"", "\"Some Body\""},
      {"/name", "\"a1-b\"", "\"a--b\""},
      {"/version", "\"1.2.3-rc.1+7\"", "\"1.2\""},
      {"/prefix", "\"\"", "\"a__b\""},
      {"/status", "\"beta\"", "\"done\""},
      {"/aliases", "[\"e\"]", "[\"e\",\"e\"]"},
      {"/activation", "\"eager\"", "\"never\""},
      {"/concurrency", "1", "-1"},
      {"/state", "\"exclusive\"", "\"shared\""},
      {"/unload", "\"never\"", "true"},
      {"/dynamic", "[\"skills\"]", "[\"calls\"]"},
      {"/grants", "{\"hosts\":[\"*.example.com\",\"a.test\",\"*\"],\"tools\":[\"seo.*\"]}",
       "{\"hosts\":[\"https://a\"]}"},
      {"/providers", "{\"eleven-labs\":{\"base_url\":\"https://api.x.io/v1\"}}",
       "{\"eleven\":{\"base_url\":\"https://x.io/\"}}"},
      {"/providers", "{\"p\":{\"base_url\":\"https://x.io\",\"cost\":{\"usd\":\"0.3\",\"per\":\"character\"}}}",
       "{\"p\":{\"base_url\":\"https://x.io\",\"cost\":{\"usd\":0.3}}}"},
      {"/credentials", "{\"k\":{\"scheme\":\"bearer\",\"fields\":{\"key\":{\"secret\":true}}}}",
       "{\"k\":{\"scheme\":\"magic\",\"fields\":{\"key\":{}}}}"},
      {"/credentials",
       "{\"k\":{\"scheme\":\"header\",\"placement\":{\"name\":\"xi-api-key\"},\"fields\":{\"key\":{}}}}",
       "{\"k\":{\"scheme\":\"header\",\"fields\":{}}}"},
      {"/resources", "[{\"uri\":\"docs://a\",\"name\":\"a\"}]",
       "[{\"uri\":\"a:b\",\"uri_template\":\"a:{b}\",\"name\":\"a\"}]"},
      {"/prompts", "[{\"name\":\"p\",\"arguments\":[{\"name\":\"a\",\"required\":true}]}]", "[{\"title\":\"p\"}]"},
      {"/knowledge", "[{\"id\":\"a\",\"title\":\"A\",\"text\":\"b\"}]", "[{\"id\":\"a\"}]"},
      {"/skills/0/name", "\"a_b_2\"", "\"a__b\""},
      {"/skills/0/mode", "\"blocking\"", "\"fast\""},
      {"/skills/0/timeout_ms", "1000", "0"},
      {"/skills/0/input", "{\"type\":\"object\"}", "{\"type\":\"string\"}"},
      {"/skills/0/price", "{\"usd\":\"1.5\",\"per\":\"page\",\"max_usd\":\"3\"}", "{\"usd\":0.5}"},
      {"/skills/0/price/usd", "\"0.000001\"", "\"-1\""},
      {"/skills/0/limits", "[{\"rate\":\"3/24h\",\"scope\":\"credential\"}]", "[{\"rate\":\"3 per day\"}]"},
      {"/skills/0/providers", "[\"a\",{\"provider\":\"b\",\"price\":{\"usd\":\"1\"}}]",
       "[{\"price\":{\"usd\":\"1\"}}]"},
      {"/skills/0/request", "{\"method\":\"GET\",\"path\":\"/v1/{id}\",\"query\":{\"n\":\"{n}\",\"k\":5}}",
       "{\"method\":\"BREW\",\"path\":\"/\"}"},
      {"/skills/0/request", "{\"path\":\"/a\",\"poll\":{\"path\":\"/b\",\"pointer\":\"/s\",\"done\":[\"ok\"]}}",
       "{\"path\":\"a\"}"},
  };
  for (const Row& row : rows) {
    EXPECT_TRUE(accepts(row.pointer, row.good)) << row.pointer << " " << row.good;
    EXPECT_FALSE(accepts(row.pointer, row.bad)) << row.pointer << " " << row.bad;
  }
}

/// Descriptions become documentation, and an object without additionalProperties would let typing errors pass.
TEST_F(ManifestSchema, DescribesEveryFieldAndClosesEveryObject) {
  const Document schema = load(kRoot / "sdk/schema/manifest.schema.json");
  const std::function<void(const Value&, const std::string&)> walk = [&](const Value& node, const std::string& path) {
    const auto properties = node.FindMember("properties");
    if (properties != node.MemberEnd() && node.HasMember("patternProperties")) {
      EXPECT_TRUE(node.HasMember("additionalProperties") && node["additionalProperties"].IsFalse()) << path;
      EXPECT_TRUE(node["patternProperties"].HasMember("^x-")) << path;
      for (const auto& [name, field] : properties->value.GetObject()) {
        const std::string below = path + "/" + name.GetString();
        EXPECT_TRUE(field.HasMember("$ref") ||
                    (field.HasMember("description") && field["description"].GetStringLength() > 4))
            << below;
      }
    }
    for (const auto& [name, child] : node.GetObject()) {
      if (child.IsObject()) walk(child, path + "/" + name.GetString());
    }
  };
  walk(schema, "");
}

}  // namespace
