#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "services/credentials/signing.hpp"
#include "services/http/request_check.hpp"
#include "support/temp_directory.hpp"

namespace toolrack::services::credentials {
namespace {

namespace json = base::json;
using registry::Credential;
using registry::CredentialScheme;
using registry::ProviderKeys;
using ::testing::HasSubstr;
using ::testing::Not;

json::Document read_data(const std::string& name) {
  std::ifstream file(std::string(TOOLRACK_SOURCE_DIR) + "/tests/data/" + name);
  return json::parse(std::string(std::istreambuf_iterator<char>(file), {})).value();
}

Credential credential(CredentialScheme scheme, std::string wire_name = "Authorization") {
  return {.name = "github",
          .title = "GitHub",
          .help_url = "https://github.example/settings",
          .fields = {{.name = "token"}},
          .scheme = scheme,
          .wire_name = std::move(wire_name),
          .value = "{token}",
          .username = {},
          .password = "token",
          .key = {},
          .key_name = {},
          .secret = {},
          .nonce = {}};
}

Credential kraken() {
  return {.name = "kraken",
          .title = "Kraken",
          .help_url = {},
          .fields = {{.name = "api_key"}, {.name = "api_secret"}},
          .scheme = CredentialScheme::kHmacSha512,
          .wire_name = "API-Sign",
          .value = {},
          .username = {},
          .password = {},
          .key = "api_key",
          .key_name = "API-Key",
          .secret = "api_secret",
          .nonce = "nonce"};
}

PlatformCredentials with(PlatformCredentials::Values variables) { return {std::move(variables), {}}; }

std::string header(const http::Request& request, std::string_view name) {
  std::string found = "(none)";
  for (const auto& each : request.headers)
    if (each.name == name) found = found == "(none)" ? each.value : "(twice)";
  return found;
}

http::Request applied(const Credential& wanted, const PlatformCredentials& platform, http::Request request = {}) {
  if (request.url.empty()) request.url = "https://api.example.com/v1?a=b#part";
  const auto signing = find_credential(wanted, "github", platform, nullptr);
  EXPECT_TRUE(signing) << signing.error().message();
  const auto result = signing->apply(request, 7);
  EXPECT_TRUE(result) << result.error().message();
  return request;
}

TEST(Credentials, GoWhereTheSchemeSays) {
  const auto platform = with({{"TOOLRACK_CREDENTIAL_GITHUB", "s3cret-token"}});
  EXPECT_EQ(header(applied(credential(CredentialScheme::kBearer), platform), "Authorization"), "Bearer s3cret-token");
  EXPECT_EQ(header(applied(credential(CredentialScheme::kHeader, "x-api-key"), platform), "x-api-key"), "s3cret-token");
  EXPECT_EQ(header(applied(credential(CredentialScheme::kBasic), platform), "Authorization"),
            "Basic " + base::to_base64(":s3cret-token"));
  EXPECT_EQ(applied(credential(CredentialScheme::kQuery, "key"), platform).url,
            "https://api.example.com/v1?a=b&key=s3cret-token#part");
  auto placed = credential(CredentialScheme::kHeader);
  placed.value = "Key {token}!";
  EXPECT_EQ(header(applied(placed, platform), "Authorization"), "Key s3cret-token!");
}

TEST(Credentials, ReplaceAHeaderThatThePluginWrote) {
  const auto request =
      applied(credential(CredentialScheme::kBearer), with({{"TOOLRACK_CREDENTIAL_GITHUB", "s3cret-token"}}),
              {.url = "https://a.example/", .headers = {{"authorization", "mine"}}});
  EXPECT_EQ(header(request, "authorization"), "(none)");
  EXPECT_EQ(header(request, "Authorization"), "Bearer s3cret-token");
}

TEST(Credentials, EscapeAQueryParameter) {
  EXPECT_EQ(applied(credential(CredentialScheme::kQuery, "key"), with({{"TOOLRACK_CREDENTIAL_GITHUB", "a&b=c #é"}}),
                    {.url = "https://a.example/x"})
                .url,
            "https://a.example/x?key=a%26b%3Dc%20%23%C3%A9");
}

TEST(Credentials, ReplaceAParameterThatALinkBrings) {
  const auto query = credential(CredentialScheme::kQuery, "api key");
  const auto platform = with({{"TOOLRACK_CREDENTIAL_GITHUB", "s3cret-token"}});
  const auto url = [&](const char* from) { return applied(query, platform, {.url = from}).url; };
  EXPECT_EQ(url("https://a.example/x?api%20key=***&a=1&api%20key"), "https://a.example/x?a=1&api%20key=s3cret-token");
  EXPECT_EQ(url("https://a.example/x?api%20key=***#f"), "https://a.example/x?api%20key=s3cret-token#f");
  EXPECT_EQ(url("https://a.example/x?api%20keys=1"), "https://a.example/x?api%20keys=1&api%20key=s3cret-token");
}

TEST(Credentials, AreFoundFieldByFieldOrAsOneObject) {
  for (const auto& platform :
       {with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "k"}, {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", "c2VjcmV0"}}),
        PlatformCredentials({}, {{"kraken.api_key", "k"}, {"kraken.api_secret", "c2VjcmV0"}})}) {
    const auto request = applied(kraken(), platform, {.url = "https://api.example.com/0/private/Balance"});
    EXPECT_EQ(header(request, "API-Key"), "k");
    EXPECT_EQ(request.body, "nonce=7");
    EXPECT_EQ(request.max_redirects, 0u);
  }
}

TEST(Credentials, AreTakenFromTheProcessAndNotLeftThere) {
  toolrack::testing::TempDirectory directory;
  std::ofstream(directory.path() / "kraken.api_key") << "from-a-file\n";
  std::ofstream(directory.path() / "github") << "also from a file\r\n";
  setenv("CREDENTIALS_DIRECTORY", directory.path().c_str(), 1);
  setenv("TOOLRACK_CREDENTIAL_KRAKEN", R"({"api_secret": "folded"})", 1);
  setenv("TOOLRACK_CREDENTIAL_GITHUB", "from the environment", 1);
  const char* block = std::getenv("TOOLRACK_CREDENTIAL_GITHUB");
  const auto platform = PlatformCredentials::take_from_process();
  unsetenv("CREDENTIALS_DIRECTORY");
  ASSERT_NE(platform.find(kraken(), "api_key"), nullptr);
  EXPECT_EQ(*platform.find(kraken(), "api_key"), "from-a-file");
  ASSERT_NE(platform.find(kraken(), "api_secret"), nullptr);
  EXPECT_EQ(*platform.find(kraken(), "api_secret"), "folded");
  EXPECT_EQ(*platform.find(credential(CredentialScheme::kBearer), "token"), "from the environment");
  EXPECT_EQ(std::getenv("TOOLRACK_CREDENTIAL_GITHUB"), nullptr);
  EXPECT_EQ(std::getenv("TOOLRACK_CREDENTIAL_KRAKEN"), nullptr);
  EXPECT_STREQ(block, "") << "the value stood in the process's own block";
}

TEST(Credentials, NameTheVariableAndTheHeaderThatAreMissing) {
  const auto one = find_credential(credential(CredentialScheme::kBearer), "github", {}, nullptr);
  ASSERT_FALSE(one);
  EXPECT_EQ(one.error().name(), "credential_missing");
  EXPECT_THAT(std::string(one.error().hint()), HasSubstr("TOOLRACK_CREDENTIAL_GITHUB for"));
  EXPECT_THAT(std::string(one.error().hint()), HasSubstr("X-Provider-Key-Github"));
  EXPECT_THAT(std::string(one.error().hint()), HasSubstr("https://github.example/settings"));

  const auto half = find_credential(kraken(), "kraken", with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "k"}}), nullptr);
  ASSERT_FALSE(half);
  EXPECT_THAT(std::string(half.error().hint()), HasSubstr("TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET"));
  EXPECT_THAT(std::string(half.error().hint()), HasSubstr("X-Provider-Key-Kraken-Api-Secret"));
  EXPECT_THAT(missing_variables(kraken(), {}),
              ::testing::ElementsAre("TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET"));
}

TEST(Credentials, OfTheCallerComeBeforeThePlatforms) {
  const auto platform = with({{"TOOLRACK_CREDENTIAL_GITHUB", "platform-token"},
                              {"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "k"},
                              {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", "c2VjcmV0"}});
  const ProviderKeys keys({{"github", "callers-token"}, {"kraken-api-key", "mine"}});
  const auto signing = find_credential(credential(CredentialScheme::kBearer), "github", platform, &keys);
  ASSERT_TRUE(signing);
  EXPECT_TRUE(signing->is_callers());
  http::Request request;
  ASSERT_TRUE(signing->apply(request, 0));
  EXPECT_EQ(header(request, "Authorization"), "Bearer callers-token");

  const auto mixed = find_credential(kraken(), "kraken", platform, &keys);
  ASSERT_FALSE(mixed) << "half of the caller's and half of the platform's would be neither's";
  EXPECT_THAT(std::string(mixed.error().hint()), HasSubstr("X-Provider-Key-Kraken-Api-Secret"));

  const ProviderKeys folded({{"kraken", R"({"api_key": "mine", "api_secret": "bWluZQ=="})"}});
  EXPECT_TRUE(find_credential(kraken(), "kraken", platform, &folded)->is_callers());
  EXPECT_TRUE(has_caller_key(kraken(), "kraken", folded));
  EXPECT_FALSE(has_caller_key(credential(CredentialScheme::kBearer), "github", folded));
}

TEST(Credentials, HaveAnIdentityThatTellsNothing) {
  const auto signing = find_credential(kraken(), "kraken",
                                       with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "the-key-itself"},
                                             {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", "YQ=="}}),
                                       nullptr);
  const auto renewed = find_credential(kraken(), "kraken",
                                       with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "the-key-itself"},
                                             {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", "Yg=="}}),
                                       nullptr);
  EXPECT_EQ(signing->identity(), renewed->identity());
  EXPECT_THAT(signing->identity(), Not(HasSubstr("the-key-itself")));
}

TEST(Credentials, SignFormsOnly) {
  const auto signing = find_credential(
      kraken(), "kraken",
      with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "k"}, {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", "YQ=="}}), nullptr);
  http::Request as_json{
      .method = "POST", .url = "https://a.example/x", .headers = {{"content-type", "application/json"}}};
  EXPECT_FALSE(signing->apply(as_json, 1));
  http::Request own_nonce{.method = "POST", .url = "https://a.example/x", .body = "a=b&nonce=5"};
  EXPECT_FALSE(signing->apply(own_nonce, 1));
  const auto bad = find_credential(
      kraken(), "kraken",
      with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "k"}, {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", "no base64!"}}),
      nullptr);
  http::Request request{.method = "POST", .url = "https://a.example/x"};
  const auto result = bad->apply(request, 1);
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), Not(HasSubstr("no base64!")));
}

TEST(Credentials, SignAsTheVectorsSay) {
  const auto data = read_data("request_signatures.json");
  for (const auto& row : json::find(data, "vectors")->GetArray()) {
    const auto text = [&](std::string_view key) { return std::string(*json::find_string(row, key)); };
    const auto signing = find_credential(
        kraken(), "kraken",
        with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", "k"}, {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", text("secret")}}),
        nullptr);
    http::Request request{.method = "POST", .url = "https://api.example.com" + text("path"), .body = text("form")};
    ASSERT_TRUE(signing->apply(request, std::stoull(text("nonce"))));
    EXPECT_EQ(request.body, text("body"));
    EXPECT_EQ(header(request, "API-Sign"), text("signature"));
    EXPECT_EQ(header(request, "Content-Type"), "application/x-www-form-urlencoded");
    // The control: another path, number or body has another signature.
    for (const auto& [path, nonce, body] : {std::tuple{text("path") + "x", text("nonce"), text("body")},
                                            {text("path"), text("nonce") + "0", text("body")},
                                            {text("path"), text("nonce"), text("body") + "0"}})
      EXPECT_NE(*sign_request_hmac_sha512(text("secret"), path, nonce, body), text("signature"));
  }
}

/// Kraken's published vectors, where a set of contracts is at hand.
TEST(Credentials, SignAsProvidersPublished) {
  const auto* contracts = std::getenv("TOOLRACK_CONTRACTS");
  std::ifstream file(contracts == nullptr ? "" : std::string(contracts) + "/samples/signature-vectors.json");
  if (!file) {
    std::cout << "skipped: TOOLRACK_CONTRACTS names no folder with samples/signature-vectors.json\n";
    return;
  }
  const auto data = json::parse(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_TRUE(data);
  const auto* vectors = json::find(*json::find(*data, "kraken_api_sign"), "vectors");
  ASSERT_GE(vectors->Size(), 2u);
  for (const auto& row : vectors->GetArray()) {
    const auto text = [&](std::string_view key) { return std::string(*json::find_string(row, key)); };
    EXPECT_EQ(sign_request_hmac_sha512(text("secret"), text("uri_path"), text("nonce"), text("form_body")),
              text("api_sign"));
  }
}

CredentialScheme scheme_of(std::string_view name) {
  if (name == "query") return CredentialScheme::kQuery;
  if (name == "basic") return CredentialScheme::kBasic;
  if (name == "bearer") return CredentialScheme::kBearer;
  return name == "hmac-sha512" ? CredentialScheme::kHmacSha512 : CredentialScheme::kHeader;
}

struct Attempt {
  Credential wanted;
  PlatformCredentials platform;
};

Attempt attempt(std::string_view scheme, const std::string& secret) {
  if (scheme == "hmac-sha512")
    return {kraken(), with({{"TOOLRACK_CREDENTIAL_KRAKEN_API_KEY", secret},
                            {"TOOLRACK_CREDENTIAL_KRAKEN_API_SECRET", "c2VjcmV0"}})};
  return {credential(scheme_of(scheme), scheme == "query" ? "key" : "Authorization"),
          with({{"TOOLRACK_CREDENTIAL_GITHUB", secret}})};
}

TEST(Credentials, WithBytesThatEndAHeaderAreRefused) {
  const auto data = read_data("credential_injections.json");
  for (const auto& scheme : json::find(data, "schemes")->GetArray()) {
    for (const auto& row : json::find(data, "attacks")->GetArray()) {
      const auto secret = "before" + std::string(*json::find_string(row, "bytes")) + "after";
      const auto [wanted, platform] = attempt(json::view(scheme), secret);
      const auto refused = find_credential(wanted, "github", platform, nullptr);
      ASSERT_FALSE(refused) << json::quote(secret);
      EXPECT_EQ(refused.error().name(), "credential_invalid");
      EXPECT_THAT(refused.error().message(), Not(HasSubstr("before")));
      const ProviderKeys keys({{wanted.name, secret}, {"kraken-api-key", secret}, {"kraken-api-secret", "c2VjcmV0"}});
      EXPECT_FALSE(find_credential(wanted, "github", {}, &keys));
      // The control: as they stand, the bytes would be written into the head of the request.
      http::Request naive{.url = "https://a.example/", .headers = {{"Authorization", secret}}};
      EXPECT_FALSE(http::check_request(naive)) << "the client's own guard stands behind ours";
    }
    for (const auto& row : json::find(data, "control")->GetArray()) {
      const auto secret = "before" + std::string(*json::find_string(row, "bytes")) + "after";
      const auto [wanted, platform] = attempt(json::view(scheme), secret);
      const auto request = applied(wanted, platform, {.method = "POST", .url = "https://a.example/"});
      EXPECT_TRUE(http::check_request(request)) << json::quote(secret);
    }
  }
}

}  // namespace
}  // namespace toolrack::services::credentials
