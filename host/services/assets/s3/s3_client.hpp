/// The requests of an S3 server that assets need, each signed, tried again where that is safe, and waited for.
///
/// Threads: every function from any thread but a loop of the gateway: they block on the network. The client has a loop
/// of its own. Failures are kStoreFailed and name the server, what it was asked and what it said.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "services/assets/s3/sigv4.hpp"
#include "services/http/client.hpp"

namespace toolrack::services::assets::s3 {

struct S3Settings {
  std::string endpoint;  ///< "https://s3.eu-central-1.amazonaws.com", without a path.
  std::string bucket;
  std::string region = "us-east-1";
  std::string prefix;              ///< What every key begins with: "rack/"; may be empty.
  bool is_bucket_in_host = false;  ///< https://bucket.server/key instead of https://server/bucket/key.
  bool redirects = false;          ///< Callers fetch from the server itself, by links that are signed for a moment.
  bool operator==(const S3Settings&) const = default;
};

class S3Client {
 public:
  /// Clock and metrics outlive it. kInvalidConfig when the endpoint is no http(s) URL of a server.
  static base::Result<std::unique_ptr<S3Client>> create(S3Settings settings, AccessKey key, const base::Clock& clock,
                                                        base::Metrics& metrics);
  ~S3Client();
  S3Client(const S3Client&) = delete;
  S3Client& operator=(const S3Client&) = delete;

  const S3Settings& settings() const noexcept { return settings_; }

  // `name` is a key without the prefix.

  base::Result<void> put(std::string_view name, std::string_view media_type, std::string bytes);
  /// Null when there is no such object; else its size.
  base::Result<std::optional<std::uint64_t>> size(std::string_view name);
  /// Up to `size` bytes at `offset`; fewer only at the end.
  base::Result<std::string> get(std::string_view name, std::uint64_t offset, std::size_t size);
  /// No error when there is nothing.
  base::Result<void> remove(std::string_view name);

  /// An object in parts; each but the last has 5 MiB at least (the server's rule). Returns the upload's id.
  base::Result<std::string> begin_upload(std::string_view name, std::string_view media_type);
  /// `number` counts from 1. Returns what `complete_upload` wants to know of the part.
  base::Result<std::string> put_part(std::string_view name, std::string_view upload, std::size_t number,
                                     std::string bytes);
  base::Result<void> complete_upload(std::string_view name, std::string_view upload,
                                     const std::vector<std::string>& parts);
  base::Result<void> abort_upload(std::string_view name, std::string_view upload);

  struct Page {
    std::vector<std::string> names;
    std::string next;  ///< For the next call; empty: that was the last.
  };
  base::Result<Page> list(const std::string& from);
  struct Upload {
    std::string name, id;
  };
  /// Those that were begun and never ended, a thousand at most. Empty where the server does not tell.
  base::Result<std::vector<Upload>> uploads();

  /// Where anybody may fetch the object for `lifetime_seconds`; `answer` says what the reply shall carry
  /// (response-content-type, response-content-disposition, ...).
  std::string link(std::string_view name, Fields answer, std::int64_t lifetime_seconds) const;

 private:
  S3Client(S3Settings settings, AccessKey key, std::string origin, std::string host, const base::Clock& clock,
           base::Metrics& metrics, std::shared_ptr<const http::EgressPolicy> everywhere);
  Signable describe(std::string_view method, std::string_view name, Fields query) const;
  http::Request make_request(const Signable& what, std::string body) const;
  http::Outcome exchange(http::Request request);
  /// `body` is sent with each try. An answer below 300, and those that `expected` names, are returned.
  base::Result<http::Response> ask(const Signable& what, const std::string& body = {}, int expected = 0);
  base::Error failure(const Signable& what, const http::Response& reply) const;

  const S3Settings settings_;
  const AccessKey key_;
  const std::string origin_, host_;  ///< Of the requests: with the bucket where it belongs into the host.
  const base::Clock& clock_;
  http::PublishedEgress everywhere_;  ///< The operator named the server; the egress guard is for what callers name.
  base::Loops loops_{1};
  std::unique_ptr<http::Client> client_;  ///< Of the loop.
};

}  // namespace toolrack::services::assets::s3
