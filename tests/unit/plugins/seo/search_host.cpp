#include "unit/plugins/seo/search_host.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/manifest.hpp"
#include "unit/plugins/checked_json.hpp"

extern "C" const tr_entry* toolrack_entry_v1(void);

namespace toolrack::seo::testing {
namespace {

const registry::Skill& skill_named(std::string_view name) {
  for (const auto& each : seo_manifest().skills)
    if (each.name == name) return each;
  throw std::runtime_error("no skill " + std::string(name));
}

}  // namespace

const registry::Tool& seo_manifest() {
  static const auto tool = [] {
    std::ifstream file(TOOLRACK_SOURCE_DIR "/manifests/tools/seo.json", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    auto loaded = registry::load_manifest(text);
    if (!loaded) throw std::runtime_error(loaded.error().message() + " " + loaded.error().details_json());
    return *loaded;
  }();
  return *tool;
}

std::string task_answer(const std::string& result, int code, const std::string& message) {
  return R"({"status_code":20000,"status_message":"Ok.","tasks":[{"status_code":)" + std::to_string(code) +
         R"(,"status_message":")" + message + R"(","cost":0.0035,"result":)" + result + "}]}";
}

SearchHost::SearchHost() : host(toolrack_entry_v1()) {}

const sdk::Outcome& SearchHost::run(std::string_view skill, std::string_view provider, const std::string& input) {
  const auto& about = skill_named(skill);
  toolrack::testing::expect_fits(*about.input_validator, input);
  sdk::CallOptions options;
  for (const auto& backend : about.backends) {
    if (backend.provider == provider)
      options.backend(backend.provider, seo_manifest().find_provider(provider)->base_url, backend.options_json);
  }
  outcome = host.run(std::string(skill), input, options);
  output = rapidjson::Document();
  output.Parse<rapidjson::kParseValidateEncodingFlag>(outcome.output.data(), outcome.output.size());
  if (!outcome.ok()) return outcome;
  toolrack::testing::expect_fits(*about.output_validator, outcome.output);
  return outcome;
}

std::string SearchHost::at(const char* pointer) const { return toolrack::testing::json_at(output, pointer); }

}  // namespace toolrack::seo::testing
