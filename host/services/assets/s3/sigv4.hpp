/// AWS Signature Version 4, by which an S3 server knows whose request it is.
///
/// Facts: Amazon S3 API reference, "Authenticating Requests (AWS Signature Version 4)"; the test suite that AWS
/// published for it. Requests of S3 encode their path once, those of other services twice; this does it once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toolrack::services::assets::s3 {

struct AccessKey {
  std::string id, secret;
  std::string session_token;  ///< Of temporary keys; else empty.
};

/// What a signature is good for: one day, one region, one service.
struct SigningScope {
  std::string region, service = "s3";
};

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A request as far as it is signed.
struct Signable {
  std::string method;
  std::string path;     ///< Encoded (encode_path), begins with a slash.
  Fields query;         ///< Plain; any order.
  Fields headers;       ///< Names in lower case, `host` among them; any order.
  std::string payload;  ///< SHA-256 of the body in hex, or kUnsignedPayload.
};

/// The body is not part of what is signed.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// Each part between slashes percent-encoded.
std::string encode_path(std::string_view path);
/// In the order and spelling that is signed: "list-type=2&prefix=a%2F"; a name without a value keeps its "=".
std::string encode_query(Fields query);
/// "20150830T123600Z"
std::string amz_date(std::int64_t unix_seconds);

/// Adds x-amz-date, x-amz-content-sha256 (of S3, which wants it), the session token if there is one, and at last
/// authorization to the headers.
void sign(Signable& request, const AccessKey& key, const SigningScope& scope, std::int64_t unix_seconds);

/// The query of a link that works without the key for `lifetime_seconds` (a week at most); of the headers only `host`
/// is signed. `request.query` may carry what the answer shall say (response-content-type, ...).
std::string presigned_query(Signable request, const AccessKey& key, const SigningScope& scope,
                            std::int64_t unix_seconds, std::int64_t lifetime_seconds);

}  // namespace toolrack::services::assets::s3
