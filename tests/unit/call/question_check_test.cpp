#include "call/questions/question_check.hpp"

#include <gmock/gmock.h>

namespace toolrack::call {
namespace {

using registry::Question;
using registry::QuestionKind;
using ::testing::HasSubstr;

Question form(std::string properties) {
  return {.key = "k", .message = "m", .params_json = R"({"type":"object","properties":{)" + properties + "}}"};
}

TEST(QuestionCheck, TakesEveryFieldThatAFormHas) {
  for (const auto* field :
       {R"({"type":"string","format":"email"})", R"({"type":"integer","minimum":1})",
        R"({"type":"number","default":1.5})", R"({"type":"boolean"})",
        R"({"type":"string","enum":["a"],"enumNames":["A"]})",
        R"({"type":"string","oneOf":[{"const":"a","title":"A"}]})", R"({"type":"array","items":{"enum":["a"]}})",
        R"({"type":"array","items":{"anyOf":[{"const":"a","title":"A"}]}})"})
    EXPECT_TRUE(check_question(form(std::string(R"("f":)") + field), registry::kCanAskForm)) << field;
}

TEST(QuestionCheck, RefusesWhatNoClientCanDraw) {
  for (const auto* field : {R"({"type":"object","properties":{}})", R"({"type":"array","items":{"type":"string"}})",
                            "true", R"({"type":"string","format":"ipv4"})", R"({})"}) {
    const auto checked = check_question(form(std::string(R"("f":)") + field), registry::kCanAskForm);
    ASSERT_FALSE(checked) << field;
    EXPECT_EQ(checked.error().name(), "invalid_question");
    EXPECT_THAT(checked.error().message(), HasSubstr("\"f\""));
  }
  EXPECT_FALSE(check_question({.key = "k", .message = "m", .params_json = "[]"}, registry::kCanAskForm));
  EXPECT_FALSE(check_question({.key = "", .message = "m", .params_json = form("").params_json}, registry::kCanAskForm));
}

TEST(QuestionCheck, SendsNobodyToWhatIsNoWebPage) {
  const auto at = [](std::string url) {
    return check_question({.kind = QuestionKind::kUrl, .key = "k", .message = "m", .url = std::move(url)},
                          registry::kCanAskUrl);
  };
  EXPECT_TRUE(at("https://example.com/x?y=1"));
  for (const auto* url : {"javascript:alert(1)", "file:///etc/passwd", "", "https://a b", "https://a\nb"})
    EXPECT_FALSE(at(url)) << url;
}

TEST(QuestionCheck, OffersToolsOnlyToModelsThatTakeThem) {
  const Question question{
      .kind = QuestionKind::kSample, .key = "k", .params_json = R"({"messages":[{}],"maxTokens":1,"tools":[]})"};
  const auto refused = check_question(question, registry::kCanSample);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "cannot_ask");
  EXPECT_TRUE(check_question(question, registry::kCanSample | registry::kCanSampleWithTools));
}

TEST(QuestionCheck, KeepsAnAnswerAsItWas) {
  const registry::Asked asked{.how = registry::Asked::How::kDeclined, .body_json = "{\"a\":\"\\u00e9\"}"};
  const auto back = asked_from(to_json(asked));
  EXPECT_EQ(back.how, asked.how);
  EXPECT_EQ(back.body_json, asked.body_json);
}

}  // namespace
}  // namespace toolrack::call
