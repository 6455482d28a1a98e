#include "unit/plugins/kraken/skill_host.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/manifest.hpp"
#include "unit/plugins/checked_json.hpp"

extern "C" const tr_entry* toolrack_entry_v1(void);

namespace toolrack::kraken::testing {

const registry::Tool& manifest() {
  static const auto tool = [] {
    std::ifstream file(TOOLRACK_SOURCE_DIR "/manifests/tools/kraken.json", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto loaded = registry::load_manifest(text);
    if (!loaded) throw std::runtime_error(loaded.error().message() + " " + loaded.error().details_json());
    return *loaded;
  }();
  return *tool;
}

const registry::Skill& skill_of(std::string_view name) {
  for (const auto& each : manifest().skills)
    if (each.name == name) return each;
  throw std::runtime_error("no skill " + std::string(name));
}

const registry::Provider& provider_of(std::string_view skill) {
  return *manifest().find_provider(skill_of(skill).backends.at(0).provider);
}

sdk::CallOptions options_of(std::string_view skill) {
  const auto& provider = provider_of(skill);
  return sdk::CallOptions().backend(provider.slug, provider.base_url);
}

SkillHost::SkillHost() : host(toolrack_entry_v1()) {}

void SkillHost::on_public(std::string_view name_and_query, const std::string& result) {
  on("GET", "/0/public/" + std::string(name_and_query), sdk::FakeReply(200, R"({"error":[],"result":)" + result + "}"));
}

void SkillHost::on_private(std::string_view name, const std::string& result) {
  on("POST", "/0/private/" + std::string(name), sdk::FakeReply(200, R"({"error":[],"result":)" + result + "}"));
}

void SkillHost::on(std::string_view method, std::string_view path, const sdk::FakeReply& reply) {
  host.on_http(method, path, reply);
}

const sdk::Outcome& SkillHost::run(std::string_view skill, const std::string& input) {
  const auto& about = skill_of(skill);
  toolrack::testing::expect_fits(*about.input_validator, input);
  outcome = host.run(skill, input, options_of(skill));
  output = rapidjson::Document();
  output.Parse<rapidjson::kParseValidateEncodingFlag>(outcome.output.data(), outcome.output.size());
  if (!outcome.ok()) return outcome;
  toolrack::testing::expect_fits(*about.output_validator, outcome.output);
  return outcome;
}

std::string SkillHost::at(const char* pointer) const { return toolrack::testing::json_at(output, pointer); }

}  // namespace toolrack::kraken::testing
