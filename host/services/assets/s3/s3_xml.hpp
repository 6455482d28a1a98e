/// The XML of S3: what is read of a server's answers, and the one document that is sent.
///
/// What cannot be read counts as not said. The texts come from the operator's own server, and are bounded by the
/// caller.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::services::assets::s3 {

struct ServerError {
  std::string code, message;  ///< "NoSuchKey", "The specified key does not exist."
};
/// Empty when the text is no error.
ServerError read_error(const std::string& xml);

/// Of InitiateMultipartUploadResult; else empty.
std::string read_upload_id(const std::string& xml);

struct Listing {
  std::vector<std::string> keys;
  std::string next;  ///< The continuation token; empty: there are no more.
};
/// Of ListBucketResult; else null.
std::optional<Listing> read_listing(const std::string& xml);

/// Key and id of each upload in a ListMultipartUploadsResult.
std::vector<std::pair<std::string, std::string>> read_uploads(const std::string& xml);

/// CompleteMultipartUpload of the parts' ETags, the first part first.
std::string write_parts(const std::vector<std::string>& etags);

}  // namespace toolrack::services::assets::s3
