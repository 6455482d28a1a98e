#include <gmock/gmock.h>

#include "base/json.hpp"
#include "catalog.hpp"
#include "plan.hpp"
#include "registry/input_validator.hpp"
#include "unit/plugins/voice-generator/voice_host.hpp"

namespace toolrack::voice::testing {
namespace {

TEST(VoiceManifest, HasExamplesThatItsSchemasTake) {
  for (const auto& skill : manifest().skills) {
    ASSERT_FALSE(skill.examples.empty()) << skill.name;
    for (const auto& example : skill.examples)
      EXPECT_TRUE(skill.input_validator->check(*base::json::parse(example.input_json)).empty()) << example.input_json;
  }
}

TEST(VoiceManifest, NamesProvidersThatThePluginKnows) {
  EXPECT_EQ(manifest().skills.size(), 3u);
  for (const auto& skill : manifest().skills) {
    EXPECT_EQ(skill.backends.size(), 3u) << skill.name;
    for (const auto& backend : skill.backends) {
      EXPECT_TRUE(provider_named(backend.provider)) << backend.provider;
      EXPECT_EQ(manifest().find_provider(backend.provider)->credential, backend.provider);
    }
  }
  EXPECT_FALSE(skill_of("generate_voice").read_only);
  EXPECT_TRUE(skill_of("list_voices").read_only);
}

TEST(VoiceManifest, HoldsEnoughForTheLongestTextOfTheDearestModel) {
  for (const auto& backend : skill_of("generate_voice").backends) {
    const Catalog catalog(backend.options_json);
    EXPECT_TRUE(catalog.find_model(""));
    EXPECT_TRUE(catalog.has_voice(catalog.default_voice()));
    const auto options = base::json::parse(backend.options_json);
    ASSERT_TRUE(options);
    for (const auto& each : base::json::find(*options, "models")->GetArray()) {
      const auto model = catalog.find_model(*base::json::find_string(each, "id"));
      ASSERT_TRUE(model);
      EXPECT_GT(model->micros_per_character, 0) << model->id;
      const auto most = base::Money::parse("0.000001");
      ASSERT_TRUE(most);
      EXPECT_GE(backend.price, most->percent(100 * model->max_characters * model->micros_per_character)) << model->id;
    }
  }
}

}  // namespace
}  // namespace toolrack::voice::testing
