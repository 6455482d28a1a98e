/// Skills that a plugin lists itself: read as if they stood in its manifest.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "registry/compatibility.hpp"
#include "registry/manifest.hpp"

namespace toolrack::registry {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string skill(std::string_view name, std::string_view more = "") {
  return fmt::format(R"({{"name":"{}","description":"d","input":{{"type":"object"}}{}}})", name, more);
}

class NoHandler final : public Handler {
 public:
  std::uint64_t invoke(const Invocation&, Completion&) override { return 0; }
  void cancel(std::uint64_t) override {}
};

class ListedSkillsTest : public ::testing::Test {
 protected:
  ListedSkillsTest()
      : manifest_(load_manifest(R"({"manifest":"1.0", "owner":"o", "name":"t", "version":"1.0.0", "description":"d",
          "dynamic":["skills"], "prompts":[{"name":"p"}], "providers":{"p":{"base_url":"https://p.example"}},
          "skills":[)" + skill("own") +
                                " ]}")
                      .value()) {
    manifest_->skills[0].handler = handler_;
    for (auto& service : manifest_->services) service.handler = handler_;
    manifest_->build_id = "b";
  }
  std::shared_ptr<Tool> with(const std::string& items) {
    auto tool = with_listed_skills(*manifest_, items);
    EXPECT_TRUE(tool) << (tool ? "" : tool.error().message());
    return tool.value_or(nullptr);
  }
  std::string refusal(const std::string& items) {
    const auto tool = with_listed_skills(*manifest_, items);
    return tool ? "" : tool.error().message();
  }

  const std::shared_ptr<Handler> handler_ = std::make_shared<NoHandler>();
  const std::shared_ptr<Tool> manifest_;
};

TEST_F(ListedSkillsTest, StandBehindTheManifestsAndHaveAllThatItsSkillsHave) {
  const auto tool = with(skill("one", R"(,"providers":["p"],"price":{"usd":"0.01"},"limits":[{"rate":"5/h"}])") + "," +
                         skill("two", R"(,"mode":"blocking","annotations":{"readOnlyHint":true})"));
  ASSERT_EQ(tool->skills.size(), 3U);
  EXPECT_FALSE(tool->skills[0].is_listed);
  EXPECT_EQ(tool->skills[0].handler, handler_);
  const auto& one = tool->skills[1];
  EXPECT_TRUE(one.is_listed);
  EXPECT_EQ(one.flat_name, "t_one");
  EXPECT_EQ(one.tool, tool.get());
  EXPECT_EQ(one.handler, nullptr);
  EXPECT_EQ(one.price, base::Money::from_micros(10'000));
  EXPECT_EQ(one.backends[0].provider, "p");
  EXPECT_EQ(one.limits[0].count, 5U);
  EXPECT_EQ(one.input_schema, R"({"type":"object"})");
  EXPECT_EQ(tool->skills[2].mode, Mode::kBlocking);
  EXPECT_EQ(tool->build_id, "b");
  EXPECT_EQ(tool->manifest_json, manifest_->manifest_json);
}

TEST_F(ListedSkillsTest, TakeNoPlaceFromServices) {
  const auto tool = with(skill("one") + "," + skill("two"));
  ASSERT_EQ(tool->services.size(), manifest_->services.size());
  for (std::size_t i = 0; i < tool->services.size(); ++i) {
    EXPECT_EQ(tool->services[i].index, manifest_->services[i].index);
    EXPECT_EQ(tool->services[i].handler, handler_);
    EXPECT_EQ(tool->services[i].tool, tool.get());
  }
  EXPECT_EQ(tool->skills[1].index, 1 + manifest_->services.size()) << "one place for all of them";
  EXPECT_EQ(tool->skills[2].index, tool->skills[1].index);
}

TEST_F(ListedSkillsTest, AreNoneInAnEmptyList) { EXPECT_EQ(with("")->skills.size(), 1U); }

TEST_F(ListedSkillsTest, AreTheOnlyOnesOfAToolWhoseManifestHasNone) {
  const auto bare = load_manifest(
      R"({"manifest":"1.0","owner":"o","name":"t","version":"1.0.0","description":"d","dynamic":["skills"],"skills":[]})");
  ASSERT_TRUE(bare);
  EXPECT_EQ((*bare)->source, "native");
  EXPECT_EQ((*bare)->find_service(Kind::kCompletion), nullptr) << "it has nothing to complete";
  const auto tool = with_listed_skills(**bare, skill("one"));
  ASSERT_TRUE(tool) << tool.error().message();
  EXPECT_EQ((*tool)->skills[0].name, "one");
}

TEST_F(ListedSkillsTest, AreRefusedByTheirPlaceInTheList) {
  EXPECT_THAT(refusal(skill("one") + R"(,{"name":"two"})"), HasSubstr("list of skills at /items/1"));
  EXPECT_THAT(refusal(skill("one", R"(,"colour":"red")")), HasSubstr("/items/0/colour"));
  EXPECT_THAT(refusal(skill("own")), HasSubstr(R"(/items/0/name: "own" is also the name of /skills/0)"));
  EXPECT_THAT(refusal(skill("a__b")), HasSubstr("/items/0/name"));
  EXPECT_THAT(refusal(skill("one", R"(,"providers":["q"])")), HasSubstr("/items/0/providers/0"));
  EXPECT_THAT(refusal(skill("one", R"(,"output":{"type":"nothing"})")), HasSubstr("/items/0/output"));
  EXPECT_THAT(refusal(skill("one", R"(,"title":"hid\u202eden")")), HasSubstr("/items/0/title: holds U+202E"));
  EXPECT_THAT(refusal(skill("one", R"(,"request":{"path":"/"})")), HasSubstr("/items/0/request"));
  EXPECT_THAT(refusal(R"({"name":"one","description":"d","input":{"type":"object","properties":)"
                      R"({"a":{"type":"string","x-mcp-header":"No Token"}}}})"),
              HasSubstr(R"(/items/0/input/properties/a/x-mcp-header: "No Token" is no name for a header)"));
  std::string many = skill("s0");
  for (int i = 1; i < 2'000; ++i) many += "," + skill("s" + std::to_string(i));
  EXPECT_THAT(refusal(many), HasSubstr("2001 skills"));
}

TEST_F(ListedSkillsTest, MayGoWithoutBreakingAPromise) {
  EXPECT_THAT(find_breaks(*with(skill("one")), *manifest_), IsEmpty());
  std::vector<std::string> places;
  for (const auto& one : find_breaks(*manifest_, *with(""))) places.push_back(one.pointer);
  EXPECT_THAT(places, IsEmpty());
}

}  // namespace
}  // namespace toolrack::registry
