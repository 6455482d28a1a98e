#include <algorithm>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "unit/plugins/github/skill_host.hpp"

namespace toolrack::github::testing {
namespace {

class GithubManifest : public SkillHost {};

TEST_F(GithubManifest, NamesTheSkillsThatThePluginHas) {
  EXPECT_EQ(manifest().skills.size(), 11u);
  for (const auto& skill : manifest().skills) {
    run_raw(skill.name, R"({"owner":"..","repo":".."})");
    EXPECT_EQ(outcome.code, "github.bad_name") << skill.name;
  }
}

TEST_F(GithubManifest, HasExamplesThatItsSchemasTake) {
  for (const auto& skill : manifest().skills) {
    ASSERT_FALSE(skill.examples.empty()) << skill.name;
    for (const auto& example : skill.examples)
      EXPECT_TRUE(skill.input_validator->check(*base::json::parse(example.input_json)).empty()) << skill.name;
  }
}

TEST_F(GithubManifest, GivesTheTokenToTheApiAlone) {
  ASSERT_EQ(manifest().providers.size(), 1u);
  EXPECT_EQ(manifest().providers[0].credential, "github");
  EXPECT_EQ(manifest().providers[0].base_url, kApi);
  ASSERT_NE(manifest().find_credential("github"), nullptr);
  EXPECT_EQ(manifest().find_credential("github")->scheme, registry::CredentialScheme::kBearer);
}

}  // namespace
}  // namespace toolrack::github::testing
