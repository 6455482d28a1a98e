#include "unit/plugins/voice-generator/voice_host.hpp"

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "registry/manifest.hpp"
#include "unit/plugins/checked_json.hpp"

extern "C" const tr_entry* toolrack_entry_v1(void);

namespace toolrack::voice::testing {

const registry::Tool& manifest() {
  static const auto tool = [] {
    std::ifstream file(TOOLRACK_SOURCE_DIR "/manifests/tools/voice-generator.json", std::ios::binary);
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

VoiceHost::VoiceHost() : host(toolrack_entry_v1()) {}

void VoiceHost::speech(std::string_view provider, const sdk::FakeReply& reply) {
  host.on_http("POST",
               provider == "openai"       ? kOpenAiSpeech
               : provider == "elevenlabs" ? kElevenLabsSpeech
                                          : kGeminiSpeech,
               reply);
}

const sdk::Outcome& VoiceHost::run(std::string_view skill, std::string_view provider, const std::string& input) {
  const auto& about = skill_of(skill);
  toolrack::testing::expect_fits(*about.input_validator, input);
  sdk::CallOptions options;
  for (const auto& backend : about.backends) {
    if (backend.provider == provider)
      options.backend(backend.provider, manifest().find_provider(provider)->base_url, backend.options_json);
  }
  outcome = host.run(std::string(skill), input, options);
  output = rapidjson::Document();
  output.Parse<rapidjson::kParseValidateEncodingFlag>(outcome.output.data(), outcome.output.size());
  if (!outcome.ok()) return outcome;
  toolrack::testing::expect_fits(*about.output_validator, outcome.output);
  return outcome;
}

const sdk::Outcome& VoiceHost::speak(std::string_view provider, const std::string& input) {
  return run("generate_voice", provider, input);
}

std::string VoiceHost::at(const char* pointer) const { return toolrack::testing::json_at(output, pointer); }

}  // namespace toolrack::voice::testing
