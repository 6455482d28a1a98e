#include "unit/plugins/github/skill_host.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/manifest.hpp"
#include "unit/plugins/checked_json.hpp"

extern "C" const tr_entry* toolrack_entry_v1(void);

namespace toolrack::github::testing {

const registry::Tool& manifest() {
  static const auto tool = [] {
    std::ifstream file(TOOLRACK_SOURCE_DIR "/manifests/tools/github.json", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto loaded = registry::load_manifest(text);
    if (!loaded) throw std::runtime_error(loaded.error().message() + " " + loaded.error().details_json());
    return *loaded;
  }();
  return *tool;
}

SkillHost::SkillHost() : host(toolrack_entry_v1()) {}

void SkillHost::on(std::string_view method, std::string_view path, const sdk::FakeReply& reply) {
  host.on_http(method, path, reply);
}

const sdk::Outcome& SkillHost::run(std::string_view skill, std::string_view more_input) {
  std::string input = R"({"owner":"octocat","repo":"Hello-World")";
  if (!more_input.empty()) input.append(",").append(more_input);
  return run_raw(skill, input + "}");
}

const sdk::Outcome& SkillHost::run_raw(std::string_view skill, const std::string& input) {
  outcome = host.run(skill, input, sdk::CallOptions().backend("github", std::string(kApi)));
  output = rapidjson::Document();
  output.Parse<rapidjson::kParseValidateEncodingFlag>(outcome.output.data(), outcome.output.size());
  if (!outcome.ok()) return outcome;
  for (const auto& each : manifest().skills) {
    if (each.name != skill) continue;
    const auto parsed = base::json::parse(outcome.output);
    EXPECT_TRUE(parsed) << outcome.output;
    if (!parsed) continue;
    const auto violations = each.output_validator->check(*parsed);
    EXPECT_TRUE(violations.empty()) << outcome.output;
  }
  return outcome;
}

std::string SkillHost::at(const char* pointer) const { return toolrack::testing::json_at(output, pointer); }

std::vector<std::string> SkillHost::sent() {
  std::vector<std::string> out;
  for (const sdk::SentRequest& request : host.requests()) out.push_back(request.method + " " + request.url);
  return out;
}

}  // namespace toolrack::github::testing
