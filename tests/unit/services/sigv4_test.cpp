#include "services/assets/s3/sigv4.hpp"

#include <gtest/gtest.h>

#include <string>

namespace toolrack::services::assets::s3 {
namespace {

/// 2015-08-30 12:36:00 UTC, and the key, of the test suite that AWS published.
constexpr std::int64_t kThen = 1'440'938'160;
const AccessKey kKey{.id = "AKIDEXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", .session_token = {}};
const SigningScope kService{.region = "us-east-1", .service = "service"};
constexpr std::string_view kEmptyBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature(Signable request) {
  request.payload = kEmptyBody;
  sign(request, kKey, kService, kThen);
  const auto& text = request.headers.back().second;
  return text.substr(text.rfind('=') + 1);
}

// Cases get-vanilla, get-vanilla-query-order-key-case, get-header-value-trim and post-vanilla of the published suite.
TEST(SigV4, SignsThePublishedCases) {
  EXPECT_EQ(
      signature(
          {.method = "GET", .path = "/", .query = {}, .headers = {{"host", "example.amazonaws.com"}}, .payload = {}}),
      "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_EQ(signature({.method = "GET",
                       .path = "/",
                       .query = {{"Param2", "value2"}, {"Param1", "value1"}},
                       .headers = {{"host", "example.amazonaws.com"}},
                       .payload = {}}),
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
  EXPECT_EQ(
      signature(
          {.method = "POST", .path = "/", .query = {}, .headers = {{"host", "example.amazonaws.com"}}, .payload = {}}),
      "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

// The example of the S3 API reference, "Authenticating Requests: Using Query Parameters".
TEST(SigV4, SignsTheLinkOfTheReference) {
  const AccessKey key{
      .id = "AKIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", .session_token = {}};
  constexpr std::int64_t k20130524 = 1'369'353'600;
  const auto query = presigned_query({.method = "GET",
                                      .path = "/test.txt",
                                      .query = {},
                                      .headers = {{"host", "examplebucket.s3.amazonaws.com"}, {"accept", "*/*"}},
                                      .payload = {}},
                                     key, {.region = "us-east-1"}, k20130524, 86400);
  EXPECT_EQ(query,
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_"
            "request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

// "Signature Calculations for the Authorization Header: Transferring Payload in a Single Chunk", GET of an object.
TEST(SigV4, SignsTheRequestOfTheReference) {
  Signable request{.method = "GET",
                   .path = "/test.txt",
                   .query = {},
                   .headers = {{"host", "examplebucket.s3.amazonaws.com"}, {"range", "bytes=0-9"}},
                   .payload = std::string(kEmptyBody)};
  sign(request,
       {.id = "AKIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", .session_token = {}},
       {.region = "us-east-1"}, 1'369'353'600);
  EXPECT_EQ(request.headers.back().second,
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, SendsTheTokenOfATemporaryKeyAndSignsIt) {
  Signable request{
      .method = "GET", .path = "/", .query = {}, .headers = {{"host", "h"}}, .payload = std::string(kEmptyBody)};
  sign(request, {.id = "id", .secret = "secret", .session_token = "token"}, {.region = "r"}, kThen);
  EXPECT_NE(request.headers.back().second.find("x-amz-security-token"), std::string::npos);
  const auto link =
      presigned_query({.method = "GET", .path = "/", .query = {}, .headers = {{"host", "h"}}, .payload = {}},
                      {.id = "id", .secret = "secret", .session_token = "to+ken"}, {.region = "r"}, kThen, 60);
  EXPECT_NE(link.find("X-Amz-Security-Token=to%2Bken&"), std::string::npos);
}

TEST(SigV4, SpellsPathsAndQueriesAsTheyAreSigned) {
  EXPECT_EQ(encode_path("/a b/c+d(e)/\xC3\xA4~"), "/a%20b/c%2Bd%28e%29/%C3%A4~");
  EXPECT_EQ(encode_query({{"uploads", ""}, {"prefix", "a/"}, {"a-b", "1"}, {"a", "2"}}),
            "a=2&a-b=1&prefix=a%2F&uploads=");
}

TEST(SigV4, WritesDatesOfEveryDay) {
  EXPECT_EQ(amz_date(0), "19700101T000000Z");
  EXPECT_EQ(amz_date(951'868'799), "20000229T235959Z");
}

}  // namespace
}  // namespace toolrack::services::assets::s3
