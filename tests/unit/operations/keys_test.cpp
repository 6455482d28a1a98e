/// Keys with tool sets, as the operations make and change them.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <boost/asio/post.hpp>

#include <future>

#include "operations/runner.hpp"
#include "support/fake_skill.hpp"
#include "support/http_client.hpp"
#include "support/test_rack.hpp"

namespace toolrack::operations {
namespace {

using testing::at;
using ::testing::HasSubstr;
using testing::parsed;

class KeyOperationsTest : public ::testing::Test {
 protected:
  base::Result<Answer> run(std::string_view name, std::string_view input, const accounts::PrincipalRef& principal) {
    std::promise<base::Result<Answer>> promise;
    boost::asio::post(rack_.loops[0].context(), [&] {
      rack_.runner.run(rack_.loops[0], *rack_.table.find(name), principal, *base::json::parse(input), "req",
                       [&](base::Result<Answer> answer) { promise.set_value(std::move(answer)); });
    });
    return promise.get_future().get();
  }
  base::json::Document made(std::string_view input, const accounts::PrincipalRef& by) {
    const auto answer = run("create_api_key", input, by);
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? parsed(answer->view()) : base::json::Document(rapidjson::kObjectType);
  }
  accounts::PrincipalRef principal_of(const base::json::Document& key) {
    accounts::Keys::Reader reader(*rack_.keys);
    const auto found = reader.find(at(key, "/api_key"));
    EXPECT_TRUE(found) << found.error().message();
    return found ? found->get() : nullptr;
  }
  /// The tools that list_tools shows, by name, with blanks between.
  std::string seen_by(const accounts::PrincipalRef& principal) {
    const auto answer = parsed(run("list_tools", "{}", principal)->view());
    std::string out;
    for (const auto& tool : base::json::find(answer, "tools")->GetArray())
      for (const auto& skill : base::json::find(tool, "skills")->GetArray())
        out += fmt::format("{}{}", out.empty() ? "" : " ", at(skill, "/flatName"));
    return out;
  }
  base::Error refusal(std::string_view input) {
    const auto answer = run("create_api_key", input, rack_.local);
    EXPECT_FALSE(answer) << answer->view();
    return answer ? base::Error(base::ErrorCode::kInternal, "made") : answer.error();
  }

  std::shared_ptr<registry::Handler> echo_ = std::make_shared<testing::InstantSkill>();
  testing::Rack rack_{
      {testing::make_tool("seo", {{.name = "audit", .handler = echo_}, {.name = "ideas", .handler = echo_}}),
       testing::make_tool("mail", {{.name = "send", .handler = echo_}})}};
};

TEST_F(KeyOperationsTest, AKeySeesWhatItsSetGives) {
  const auto key = made(R"({"name":"agent","tools":["seo","!seo.audit"]})", rack_.local);
  EXPECT_EQ(at(key, "/tools"), R"(["seo","!seo.audit"])");
  EXPECT_EQ(at(key, "/unmatched"), "(absent)");
  EXPECT_EQ(seen_by(principal_of(key)), "seo_ideas");
  EXPECT_EQ(at(made(R"({"name":"all"})", rack_.local), "/tools"), "null");
  EXPECT_EQ(at(made(R"({"name":"typo","tools":["sea"]})", rack_.local), "/unmatched"), R"(["sea"])");
}

TEST_F(KeyOperationsTest, AKeyCannotMakeOneThatSeesMore) {
  const auto maker =
      principal_of(made(R"({"tools":["seo"],"rename":[{"skill":"seo.audit","name":"check"}]})", rack_.local));
  for (const auto* input :
       {R"({"tools":["*"]})", R"({"tools":["seo","mail"]})", R"({"tools":[]})", "{}", R"({"tools":["!nothing"]})"}) {
    const auto child = made(input, maker);
    EXPECT_EQ(seen_by(principal_of(child)), "check seo_ideas") << input;
  }
  const auto child = made(R"({"tools":["mail","seo.ideas"]})", maker);
  EXPECT_EQ(seen_by(principal_of(child)), "seo_ideas");
  EXPECT_EQ(at(child, "/within"), R"([["seo"]])");
  EXPECT_EQ(seen_by(principal_of(made(R"({"tools":["*"]})", principal_of(child)))), "seo_ideas") << "nor a grandchild";
}

TEST_F(KeyOperationsTest, AKeyCannotWidenItselfOrAnother) {
  const auto key = made(R"({"name":"agent","tools":["seo.ideas"]})", rack_.local);
  const auto other = made(R"({"name":"other"})", rack_.local);
  const auto update = [&](const base::json::Document& what, const accounts::PrincipalRef& by) {
    const auto answer = run("update_api_key", fmt::format(R"({{"id":"{}","tools":["*"]}})", at(what, "/id")), by);
    EXPECT_TRUE(answer) << answer.error().message();
  };
  update(key, principal_of(key));
  EXPECT_EQ(seen_by(principal_of(key)), "seo_ideas");
  update(other, principal_of(key));
  EXPECT_EQ(seen_by(principal_of(other)), "seo_ideas");
  update(key, rack_.local);
  EXPECT_EQ(seen_by(principal_of(key)), "mail_send seo_audit seo_ideas") << "who has everything may give it back";
}

TEST_F(KeyOperationsTest, AnUpdateLeavesAloneWhatItIsNotGiven) {
  const auto key =
      made(R"({"name":"agent","tools":["seo"],"rename":[{"skill":"seo.audit","name":"check"}]})", rack_.local);
  const auto update = [&](std::string_view members) {
    const auto answer = run("update_api_key", fmt::format(R"({{"id":"{}"{}}})", at(key, "/id"), members), rack_.local);
    EXPECT_TRUE(answer) << answer.error().message();
    return parsed(answer->view());
  };
  EXPECT_EQ(at(update(R"(,"name":"renamed")"), "/tools"), R"(["seo"])");
  EXPECT_EQ(seen_by(principal_of(key)), "check seo_ideas");
  EXPECT_EQ(at(update(R"(,"tools":["seo.audit"])"), "/rename/0/name"), "check");
  EXPECT_EQ(seen_by(principal_of(key)), "check");
  EXPECT_EQ(at(update(R"(,"rename":[])"), "/name"), "renamed");
  EXPECT_EQ(seen_by(principal_of(key)), "seo_audit");
  EXPECT_EQ(at(update(R"(,"tools":[])"), "/tools"), "null") << "nothing is left to say";
  EXPECT_EQ(seen_by(principal_of(key)), "mail_send seo_audit seo_ideas");
}

TEST_F(KeyOperationsTest, ANameThatIsTakenIsRefusedWithWhoseItIs) {
  const auto clash = refusal(R"({"rename":[{"skill":"seo.audit","name":"mail_send"}]})");
  EXPECT_EQ(clash.code(), base::ErrorCode::kConflict);
  EXPECT_THAT(clash.message(), HasSubstr("seo.audit"));
  EXPECT_THAT(clash.message(), HasSubstr("mail.send"));
  EXPECT_THAT(refusal(R"({"rename":[{"skill":"seo.audit","name":"use_tool"}]})").message(), HasSubstr("a meta-tool"));
  EXPECT_THAT(refusal(R"({"rename":[{"skill":"seo.audit","name":"discover"}]})").message(), HasSubstr("a meta-tool"));
  EXPECT_THAT(refusal(R"({"tools":["seo_audit"]})").message(), HasSubstr("seo_audit"));
  made(R"({"tools":["seo"],"rename":[{"skill":"seo.audit","name":"mail_send"}]})", rack_.local);  // Nobody else has it.
}

}  // namespace
}  // namespace toolrack::operations
