#include "services/telemetry/call_content.hpp"

#include <gtest/gtest.h>

namespace toolrack::services::telemetry {
namespace {

std::string told(std::string_view json, std::string_view schema = "") { return told_content(json, schema, 10'000); }

TEST(CallContent, IsToldAsItIs) {
  EXPECT_EQ(told(R"({ "text": "hi", "n": [1, true, null, "basic understanding"] })"),
            R"({"text":"hi","n":[1,true,null,"basic understanding"]})");
  EXPECT_EQ(told(R"({"max_tokens":5,"author":"A","passenger":"B"})"),
            R"({"max_tokens":5,"author":"A","passenger":"B"})");
}

TEST(CallContent, HidesMembersThatAreCalledLikeASecret) {
  for (const auto* name : {"password", "Password", "api_key", "apiKey", "X-Api-Key", "client_secret", "access_token",
                           "token", "Authorization", "set-cookie", "private_key", "credentials", "pin", "otp"})
    EXPECT_EQ(told(R"({")" + std::string(name) + R"(":"s3cr3t"})"), R"({")" + std::string(name) + R"(":"REDACTED"})");
  EXPECT_EQ(told(R"({"a":[{"credentials":{"user":"u","x":[1,2]}}],"password":null})"),
            R"({"a":[{"credentials":"REDACTED"}],"password":null})");
}

TEST(CallContent, HidesWhatTheSchemaCallsASecret) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{"code":{"type":"string","writeOnly":true},)"
      R"("list":{"type":"array","items":{"type":"object","properties":{"word":{"format":"password"}}}}},)"
      R"("additionalProperties":{"writeOnly":true}})";
  EXPECT_EQ(told(R"({"code":"1234","list":[{"word":"a","other":"b"}],"more":7})", kSchema),
            R"({"code":"REDACTED","list":[{"word":"REDACTED","other":"b"}],"more":"REDACTED"})");
}

TEST(CallContent, HidesSecretsInTexts) {
  EXPECT_EQ(told(R"(["my key is tr_live_0123abcd, take it"])"), R"(["my key is tr_live_REDACTED, take it"])");
  EXPECT_EQ(told(R"(["Authorization: Bearer aB3.x-y_z=="])"), R"(["Authorization: Bearer REDACTED"])");
  EXPECT_EQ(told(R"(["basic dXNlcjpwYXNz"])"), R"(["basic REDACTED"])");
  EXPECT_EQ(told(R"(["-----BEGIN RSA PRIVATE KEY-----\nMIIE"])"), R"(["REDACTED"])");
}

TEST(CallContent, HidesWhatLetsSomebodyInByAUrl) {
  EXPECT_EQ(told(R"(["https://user:pass@example.com/a?sig=1&x=2"])"), R"(["https://REDACTED@example.com/a?REDACTED"])");
  EXPECT_EQ(told(R"(["see <http://example.com/a?b=c> and https://example.com/d#e"])"),
            R"(["see <http://example.com/a?REDACTED> and https://example.com/d#REDACTED"])");
  EXPECT_EQ(told(R"(["https://example.com/a@b/c"])"), R"(["https://example.com/a@b/c"])");
  EXPECT_EQ(told(R"(["https://"])"), R"(["https://"])");
}

TEST(CallContent, IsBounded) {
  const auto cut = told_content(R"([")" + std::string(100, 'a') + R"("])", {}, 20);
  EXPECT_EQ(cut, R"(["aaaaaaaaaaaaaaa…)");
  EXPECT_EQ(cut.size(), 20u);
  EXPECT_EQ(told_content(R"(["ääää"])", {}, 9), R"(["ää…)") << "no half characters";
  EXPECT_LE(told_content(R"(["aaaa"])", {}, 2).size(), 3u);
}

TEST(CallContent, IsCutBehindItsSecrets) {
  const auto cut = told_content(R"({"password":")" + std::string(100, 'p') + R"("})", {}, 18);
  EXPECT_EQ(cut.find("ppp"), std::string::npos) << cut;
}

TEST(CallContent, TellsNothingOfWhatIsNoJson) {
  EXPECT_EQ(told("{"), "");
  EXPECT_EQ(told(R"({"password":"x)"), "");
  EXPECT_EQ(told(R"({"a":1})", "no schema"), R"({"a":1})");
}

}  // namespace
}  // namespace toolrack::services::telemetry
