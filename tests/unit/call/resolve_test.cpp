/// From a name to a skill of one version, and from a key to a principal.
#include "call/identify.hpp"
#include "call_fixture.hpp"

namespace toolrack::call {
namespace {

class ResolveTest : public CallTest {
 protected:
  ResolveTest() { publish({}); }
  void publish(const registry::VersionPolicies& policies) {
    const auto version = [](std::string number) {
      return testing::make_tool(
          "fake",
          {{.name = "which", .handler = std::make_shared<testing::InstantSkill>(R"({"version":")" + number + R"("})")}},
          number);
    };
    rack_.publish({version("1.0.0"), version("1.2.0"), version("2.0.0-beta.1"),
                   testing::make_tool("many", {{.name = "a", .handler = echo_}, {.name = "b", .handler = echo_}})},
                  policies);
  }
  /// Output, or the error's name.
  std::string resolve(std::string_view tool, std::string_view skill, accounts::PrincipalRef who = nullptr) {
    if (who == nullptr) who = rack_.local;
    auto started = std::make_shared<Started>();
    on_loop([&] {
      CallRequest request;
      request.principal = &who;
      request.tool = tool;
      request.skill = skill;
      request.transport = "rest";
      rack_.calls.start(rack_.loops[0], request, *started);
    });
    const auto ended = started->wait();
    return ended.ok ? ended.output : ended.error;
  }
};

TEST_F(ResolveTest, TakesTheHighestStableVersion) {
  EXPECT_EQ(resolve("fake", "which"), R"({"version":"1.2.0"})");
  EXPECT_EQ(resolve("test/fake", "which"), R"({"version":"1.2.0"})");
}

TEST_F(ResolveTest, TakesTheVersionThatIsNamed) {
  EXPECT_EQ(resolve("fake@1.0.0", "which"), R"({"version":"1.0.0"})");
  EXPECT_EQ(resolve("fake@1", "which"), R"({"version":"1.2.0"})");
  EXPECT_EQ(resolve("fake@2.0.0-beta.1", "which"), R"({"version":"2.0.0-beta.1"})");
  EXPECT_EQ(resolve("fake@3", "which"), "version_not_found");
}

TEST_F(ResolveTest, TakesFlatNamesAndToolsOfOneSkill) {
  EXPECT_EQ(resolve("fake_which", ""), R"({"version":"1.2.0"})");
  EXPECT_EQ(resolve("fake", ""), R"({"version":"1.2.0"})");
  EXPECT_EQ(resolve("fake@1.0.0", ""), R"({"version":"1.0.0"})");
  EXPECT_EQ(resolve("fake_which@1.0.0", ""), R"({"version":"1.0.0"})");
  EXPECT_EQ(resolve("fake_which@7", ""), "version_not_found");
  EXPECT_EQ(resolve("fake_witch@1", ""), "tool_not_found");
  EXPECT_EQ(resolve("many_b", ""), "{}");
  EXPECT_EQ(resolve("many", ""), "invalid_request");
}

TEST_F(ResolveTest, NamesWhatIsNotThere) {
  EXPECT_EQ(resolve("", ""), "invalid_request");
  EXPECT_EQ(resolve("nothing", "which"), "tool_not_found");
  EXPECT_EQ(resolve("nothing", ""), "tool_not_found");
  EXPECT_EQ(resolve("fake", "nothing"), "skill_not_found");
}

TEST_F(ResolveTest, LeadsTheKeysOfACanaryThereWhereNoVersionIsNamed) {
  publish({{"test/fake", {.canary = registry::Canary{.version = "2.0.0-beta.1", .keys = {"k1"}}}}});
  const auto one = limited({});  // Its key is k1.
  for (const auto& [tool, skill] : {std::pair("fake", "which"), std::pair("test/fake", "which"),
                                    std::pair("fake_which", ""), std::pair("fake", "")}) {
    EXPECT_EQ(resolve(tool, skill, one), R"({"version":"2.0.0-beta.1"})") << tool;
    EXPECT_EQ(resolve(tool, skill), R"({"version":"1.2.0"})") << tool;
  }
  EXPECT_EQ(resolve("fake@1", "which", one), R"({"version":"1.2.0"})");
  EXPECT_EQ(resolve("fake_which@1.0.0", "", one), R"({"version":"1.0.0"})");
  EXPECT_EQ(resolve("fake", "nothing", one), "skill_not_found");
}

TEST_F(ResolveTest, LeadsCallersWithoutAKeyByTheirAccount) {
  publish({{"test/fake", {.canary = registry::Canary{.version = "2.0.0-beta.1", .keys = {"local"}}}}});
  EXPECT_EQ(resolve("fake", "which"), R"({"version":"2.0.0-beta.1"})");
}

TEST_F(ResolveTest, RefusesWhatIsDisabled) {
  publish({{"test/fake", {.is_disabled = true}}});
  EXPECT_EQ(resolve("fake", "which"), "tool_disabled");
  EXPECT_EQ(resolve("fake_which", ""), "tool_disabled");
  publish({{"test/fake", {.disabled = {"1.2.0"}}}});
  EXPECT_EQ(resolve("fake@1.2.0", "which"), "tool_disabled");
  EXPECT_EQ(resolve("fake", "which"), R"({"version":"1.0.0"})");
}

class IdentifyTest : public ::testing::TestWithParam<Mode> {
 protected:
  base::Result<std::reference_wrapper<const accounts::PrincipalRef>> identify(const Presented& presented) {
    return rack_.identifiers[0]->identify(presented);
  }
  testing::Rack rack_{{}, {.mode = GetParam()}};
};

TEST_P(IdentifyTest, KnowsAGoodKeyInAnySpellingOfTheScheme) {
  const auto key = rack_.make_key("acc_one");
  for (const auto* scheme : {"Bearer ", "bearer ", "BEARER   "}) {
    const auto who = identify({.authorization = scheme + key});
    ASSERT_TRUE(who) << scheme;
    EXPECT_EQ(who->get()->account, "acc_one");
    EXPECT_FALSE(who->get()->anonymous);
  }
}

TEST_P(IdentifyTest, RefusesAKeyThatIsShownAndNotGood) {
  const auto key = rack_.make_key("acc_one");
  for (const auto& shown :
       {std::string("Bearer"), std::string("Bearer "), std::string("Basic abc"), "Bearer x" + key,
        "Bearer " + key + "0", "Bearer " + key.substr(0, key.size() - 1), key, std::string("Bearer tr_live_")}) {
    const auto who = identify({.authorization = shown});
    ASSERT_FALSE(who) << shown;
    EXPECT_EQ(who.error().code(), base::ErrorCode::kInvalidKey);
  }
}

TEST_P(IdentifyTest, TakesTheOwnersSocketForTheOperator) {
  const auto who = identify({.authorization = "Bearer nonsense", .owner_socket = true});
  ASSERT_TRUE(who);
  EXPECT_EQ(who->get()->account, "local");
  EXPECT_TRUE(who->get()->scopes.has(accounts::Scope::kAdmin));
}

TEST_P(IdentifyTest, TakesSomebodyWithoutAKeyForWhatTheModeSays) {
  const auto who = identify({});
  ASSERT_TRUE(who);
  EXPECT_EQ(who->get()->anonymous, GetParam() == Mode::kHosted);
}

INSTANTIATE_TEST_SUITE_P(Modes, IdentifyTest, ::testing::Values(Mode::kLocal, Mode::kHosted),
                         [](const auto& info) { return info.param == Mode::kLocal ? "Local" : "Hosted"; });

}  // namespace
}  // namespace toolrack::call
