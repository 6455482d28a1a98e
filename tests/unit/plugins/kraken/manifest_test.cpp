#include <gmock/gmock.h>

#include <algorithm>
#include <set>

#include "base/json.hpp"
#include "registry/input_validator.hpp"
#include "unit/plugins/kraken/skill_host.hpp"

namespace toolrack::kraken::testing {
namespace {

class KrakenManifest : public SkillHost {
 protected:
  static bool takes(std::string_view skill, const std::string& input) {
    return skill_of(skill).input_validator->check(*base::json::parse(input)).empty();
  }
};

const std::set<std::string, std::less<>> kPublic = {"system_status", "ticker", "ohlc",   "depth",
                                                    "recent_trades", "spread", "assets", "asset_pairs"};
const std::set<std::string, std::less<>> kTrading = {"add_order", "cancel_order", "cancel_all_orders", "edit_order"};

TEST_F(KrakenManifest, NamesTheSkillsThatThePluginHas) {
  EXPECT_EQ(manifest().skills.size(), 18u);
  for (const auto& skill : manifest().skills) {
    on("GET", "/0/public/*", sdk::FakeReply(200, R"({"error":["EAPI:Invalid key"]})"));
    on("POST", "/0/private/*", sdk::FakeReply(200, R"({"error":["EAPI:Invalid key"]})"));
    run(skill.name, skill.examples.at(0).input_json);
    EXPECT_EQ(outcome.code, "kraken.bad_key") << skill.name;
  }
}

TEST_F(KrakenManifest, HasExamplesThatItsSchemasTake) {
  for (const auto& skill : manifest().skills) {
    ASSERT_FALSE(skill.examples.empty()) << skill.name;
    for (const auto& example : skill.examples) EXPECT_TRUE(takes(skill.name, example.input_json)) << skill.name;
  }
}

TEST_F(KrakenManifest, WantsACredentialForTheAccountAlone) {
  for (const auto& skill : manifest().skills) {
    ASSERT_EQ(skill.backends.size(), 1u) << skill.name;
    EXPECT_EQ(provider_of(skill.name).credential, kPublic.contains(skill.name) ? "" : "kraken") << skill.name;
    EXPECT_EQ(skill.backends[0].price, base::Money()) << skill.name;
  }
  const auto* credential = manifest().find_credential("kraken");
  ASSERT_NE(credential, nullptr);
  EXPECT_EQ(credential->scheme, registry::CredentialScheme::kHmacSha512);
  EXPECT_EQ(credential->key_name, "API-Key");
  EXPECT_EQ(credential->wire_name, "API-Sign");
  EXPECT_EQ(credential->nonce, "nonce");
}

TEST_F(KrakenManifest, GuardsWhatTradesAndNothingElse) {
  for (const auto& skill : manifest().skills) {
    const bool trades = kTrading.contains(skill.name);
    EXPECT_EQ(skill.confirm, trades) << skill.name;
    EXPECT_EQ(skill.read_only, !trades) << skill.name;
    EXPECT_FALSE(skill.idempotent) << skill.name;
    ASSERT_EQ(skill.limits.size(), trades ? 1u : 0u) << skill.name;
    if (!trades) continue;
    EXPECT_EQ(skill.limits[0].name, skill_of("add_order").limits[0].name) << "they share one count";
    EXPECT_EQ(skill.limits[0].scope, registry::ClassLimit::Scope::kAccount);
    EXPECT_EQ(skill.limits[0].count, 30u);
    EXPECT_EQ(skill.limits[0].window, std::chrono::hours(1));
  }
}

TEST_F(KrakenManifest, TakesMoneyAsTextAlone) {
  const std::string begin = R"({"pair":"XBTUSD","type":"buy","ordertype":"limit",)";
  EXPECT_TRUE(takes("add_order", begin + R"("volume":"0.00000000000000000001","price":"1"})"));
  for (const auto* bad : {R"("volume":1.25)", R"("volume":"1e5")", R"("volume":"-1")", R"("volume":"1,5")",
                          R"("volume":"")", R"("volume":"1","price":2)", R"("volume":"1","price":"1&validate=false")"})
    EXPECT_FALSE(takes("add_order", begin + bad + "}")) << bad;
}

TEST_F(KrakenManifest, RefusesMillisecondsWhereSecondsAreMeant) {
  for (const auto* skill : {"ohlc", "spread"}) {
    EXPECT_TRUE(takes(skill, R"({"pair":"XBTUSD","since":1688671200})"));
    EXPECT_FALSE(takes(skill, R"({"pair":"XBTUSD","since":1688671200000})"));
    EXPECT_FALSE(takes(skill, R"({"pair":"XBTUSD","since":1688671969993150842})"));
  }
}

}  // namespace
}  // namespace toolrack::kraken::testing
