#include <gtest/gtest.h>

#include <string>

#include "registry/manifest.hpp"

namespace toolrack::registry {
namespace {

/// The credential "c" of a manifest that is otherwise fine.
Credential credential(const std::string& json) {
  const auto tool = load_manifest(R"({"manifest":"1.0","owner":"test","name":"t","version":"1.0.0","description":"d",
    "skills":[{"name":"s","description":"d","input":{"type":"object"}}],"credentials":{"c":)" +
                                  json + "}}");
  EXPECT_TRUE(tool) << tool.error().message() << tool.error().details_json();
  const auto* found = tool ? (*tool)->find_credential("c") : nullptr;
  EXPECT_NE(found, nullptr);
  return found == nullptr ? Credential() : *found;
}

TEST(ManifestCredentials, TakeForGrantedWhatASchemeUsuallyHas) {
  const auto bearer = credential(R"({"scheme":"bearer","fields":{"token":{}}})");
  EXPECT_EQ(bearer.scheme, CredentialScheme::kBearer);
  EXPECT_EQ(bearer.wire_name, "Authorization");
  EXPECT_EQ(bearer.value, "{token}");
  EXPECT_EQ(bearer.title, "c");
  EXPECT_TRUE(bearer.fields.at(0).secret);

  const auto basic = credential(R"({"scheme":"basic","fields":{"login":{"secret":false},"pin":{}}})");
  EXPECT_EQ(basic.username, "login");
  EXPECT_EQ(basic.password, "pin");
  EXPECT_EQ(basic.required_fields(), 2u);

  const auto query = credential(R"({"scheme":"query","fields":{"apikey":{}},"placement":{"name":"apikey"}})");
  EXPECT_EQ(query.wire_name, "apikey");

  const auto signing = credential(R"({"scheme":"hmac-sha512","fields":{"api_key":{},"api_secret":{}}})");
  EXPECT_EQ(signing.key, "api_key");
  EXPECT_EQ(signing.secret, "api_secret");
  EXPECT_EQ(signing.key_name, "API-Key");
  EXPECT_EQ(signing.wire_name, "API-Sign");
  EXPECT_EQ(signing.nonce, "nonce");
}

TEST(ManifestCredentials, SayWhatIsPlacedWhere) {
  const auto placed = credential(R"({"scheme":"header","help_url":"https://a.example/keys",
    "fields":{"id":{},"token":{},"note":{"optional":true}},"placement":{"name":"X-Key","value":"{id}:{token}"}})");
  EXPECT_EQ(placed.wire_name, "X-Key");
  EXPECT_EQ(placed.value, "{id}:{token}");
  EXPECT_EQ(placed.help_url, "https://a.example/keys");
  EXPECT_EQ(placed.required_fields(), 2u);
}

}  // namespace
}  // namespace toolrack::registry
