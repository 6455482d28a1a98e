/// How a request and what came of it stand in a record: without the credential that the host added, by whatever scheme.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/recorder/recording.hpp"
#include "services/upstream/client.hpp"

namespace toolrack::services::upstream {

inline constexpr std::string_view kHttpService = "http.send";
/// Of one body; of a longer one the record has size and digest, and a replay refuses to make one up.
inline constexpr std::size_t kMaxRecordedBody = 8 << 20;

/// As the skill made it: {method, url, headers, body?, credential?}. Boundaries of multipart bodies, which are random,
/// have a fixed name there.
std::string request_json(const Request& request);

/// Takes down one exchange. Of the loop's thread.
class HttpRecord {
 public:
  HttpRecord(recorder::Recording& recording, const Request& request);

  /// What the host added to `plain` is hidden wherever the far end says it back.
  void note_signed(const http::Request& plain, const http::Request& signed_request, std::uint64_t nonce);
  /// What a sink is given.
  void head(const http::Response& response) { head_ = response; }
  void body(std::string_view bytes) {
    if (!recording_->is_overfull()) body_.append(bytes);
  }
  void end(const http::Outcome& outcome);

 private:
  const std::shared_ptr<recorder::Recording> recording_;
  const recorder::Recording::Number number_;
  std::vector<std::string> private_;
  std::optional<http::Response> head_;
  std::string body_;
};

/// A reply as `HttpRecord` wrote it.
struct RecordedReply {
  std::optional<http::Response> response;
  std::optional<http::Failure> failure;
};
/// kInvalidRequest says what is wrong with it, or that its body was too long to be kept.
base::Result<RecordedReply> read_reply(std::string_view json);

}  // namespace toolrack::services::upstream
