#include "services/assets/s3/s3_client.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <charconv>
#include <future>
#include <thread>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "services/assets/s3/s3_xml.hpp"
#include "services/http/url.hpp"

namespace toolrack::services::assets::s3 {
namespace {

using base::ErrorCode;
using base::Result;

constexpr int kTries = 4;
constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::seconds kTimeout{60};
/// Of answers that are XML, and beyond what was asked for of an object.
constexpr std::size_t kReplyBytes = 4 << 20;

bool is_passing(int status) { return status >= 500 || status == 429 || status == 408; }

std::string_view header_of(const http::Response& reply, std::string_view name) {
  const auto found = std::ranges::find(reply.headers, name, &http::Header::name);
  return found == reply.headers.end() ? std::string_view() : std::string_view(found->value);
}

std::string_view remedy(int status, std::string_view code) {
  if (code == "NoSuchBucket") return "Make the bucket, or name another one in assets.s3.bucket.";
  if (code == "RequestTimeTooSkewed") return "Set the clock of this machine.";
  if (code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed")
    return "Set assets.s3.region and assets.s3.endpoint to those of the bucket.";
  if (status == 401 || status == 403)
    return "Check the credential assets-s3, and that it may list, read, write and delete in the bucket.";
  return "Look at the server's log; `toolrack doctor` says whether it can be used.";
}

}  // namespace

Result<std::unique_ptr<S3Client>> S3Client::create(S3Settings settings, AccessKey key, const base::Clock& clock,
                                                   base::Metrics& metrics) {
  const auto url = http::Url::parse(settings.endpoint);
  if (!url || url->text().find_first_of("?#") != std::string::npos || std::ranges::count(url->text(), '/') > 3 ||
      (std::ranges::count(url->text(), '/') == 3 && url->text().back() != '/'))
    return base::fail(
        ErrorCode::kInvalidConfig,
        fmt::format("assets.s3.endpoint: {} is no address of a server", base::json::quote(settings.endpoint)),
        "Write scheme and host, such as https://s3.eu-central-1.amazonaws.com.");
  const auto scheme = settings.endpoint.substr(0, settings.endpoint.find("://"));
  auto host = url->authority();
  if (settings.is_bucket_in_host) host.insert(0, settings.bucket + ".");
  http::EgressPolicy::Settings everywhere;
  everywhere.allow_loopback = true;
  everywhere.allow = {"0.0.0.0/0", "::/0"};
  auto policy = std::make_shared<const http::EgressPolicy>(TRY(http::EgressPolicy::create(everywhere)));
  auto origin = fmt::format("{}://{}", scheme, host);
  return std::unique_ptr<S3Client>(new S3Client(std::move(settings), std::move(key), std::move(origin), std::move(host),
                                                clock, metrics, std::move(policy)));
}

S3Client::S3Client(S3Settings settings, AccessKey key, std::string origin, std::string host, const base::Clock& clock,
                   base::Metrics& metrics, std::shared_ptr<const http::EgressPolicy> everywhere)
    : settings_(std::move(settings)),
      key_(std::move(key)),
      origin_(std::move(origin)),
      host_(std::move(host)),
      clock_(clock),
      everywhere_(std::move(everywhere)),
      client_(std::make_unique<http::Client>(loops_[0], everywhere_, metrics, http::Client::Settings{})) {
  loops_.start();
}

S3Client::~S3Client() {
  loops_.stop();  // The client goes when nobody runs its handlers any more.
}

Signable S3Client::describe(std::string_view method, std::string_view name, Fields query) const {
  Signable what;
  what.method = method;
  std::string path = "/";
  if (!settings_.is_bucket_in_host) path += settings_.bucket;
  if (!name.empty()) {
    if (!settings_.is_bucket_in_host) path += '/';
    path.append(settings_.prefix).append(name);
  }
  what.path = encode_path(path);
  what.query = std::move(query);
  what.headers.emplace_back("host", host_);
  return what;
}

http::Request S3Client::make_request(const Signable& what, std::string body) const {
  http::Request request;
  request.method = what.method;
  request.url = origin_ + what.path;
  if (const auto query = encode_query(what.query); !query.empty()) request.url += "?" + query;
  for (const auto& [name, value] : what.headers)
    if (name != "host") request.headers.push_back({name, value});
  request.body = std::move(body);
  request.timeout = kTimeout;
  request.max_redirects = 0;
  request.max_bytes = kReplyBytes;
  return request;
}

http::Outcome S3Client::exchange(http::Request request) {
  std::promise<http::Outcome> promise;
  auto answer = promise.get_future();
  boost::asio::post(loops_[0].context(), [this, &promise, &request] {
    client_->send(std::move(request), nullptr,
                  [&promise](http::Outcome outcome) { promise.set_value(std::move(outcome)); });
  });
  return answer.get();
}

Result<http::Response> S3Client::ask(const Signable& what, const std::string& body, int expected) {
  for (int tried = 1;; ++tried) {
    auto signable = what;
    signable.payload = base::to_hex(base::as_bytes(base::sha256(body)));
    sign(signable, key_, {.region = settings_.region}, clock_.unix_ns() / 1'000'000'000);
    auto outcome = exchange(make_request(signable, body));
    if (outcome && (outcome->status < 300 || outcome->status == expected)) return *std::move(outcome);
    // Everything that is asked here may be asked twice.
    if (tried == kTries || (outcome && !is_passing(outcome->status))) {
      if (outcome) return tl::unexpected(failure(what, *outcome));
      return base::fail(ErrorCode::kStoreFailed,
                        fmt::format("the S3 server {} did not answer {} {}: {}", host_, what.method, what.path,
                                    outcome.error().error.message()),
                        "See whether it runs and can be reached; `toolrack doctor` tries it.");
    }
    std::this_thread::sleep_for(kFirstPause * (1 << (tried - 1)));
  }
}

base::Error S3Client::failure(const Signable& what, const http::Response& reply) const {
  const auto told = read_error(reply.body);
  return base::Error(
      ErrorCode::kStoreFailed,
      fmt::format("the S3 server {} answered {} {} with {}{}{}", host_, what.method, what.path, reply.status,
                  told.code.empty() ? "" : " " + told.code, told.message.empty() ? "" : ": " + told.message),
      std::string(remedy(reply.status, told.code)));
}

Result<void> S3Client::put(std::string_view name, std::string_view media_type, std::string bytes) {
  auto what = describe("PUT", name, {});
  what.headers.emplace_back("content-type", media_type);
  TRY(ask(what, bytes));
  return {};
}

Result<std::optional<std::uint64_t>> S3Client::size(std::string_view name) {
  const auto reply = TRY(ask(describe("HEAD", name, {}), {}, 404));
  if (reply.status == 404) return std::nullopt;
  const auto text = header_of(reply, "content-length");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size())
    return base::fail(ErrorCode::kStoreFailed,
                      fmt::format("the S3 server {} does not say how large {} is", host_, name));
  return bytes;
}

Result<std::string> S3Client::get(std::string_view name, std::uint64_t offset, std::size_t size) {
  if (size == 0) return std::string();
  auto what = describe("GET", name, {});
  what.headers.emplace_back("range", fmt::format("bytes={}-{}", offset, offset + size - 1));
  auto reply = TRY(ask(what, {}, 416));
  if (reply.status == 416) return std::string();
  // A server that knows no ranges sends everything.
  const bool is_part = reply.status == 206;
  if (reply.cut || (!is_part && offset > reply.body.size()) || (is_part && reply.body.size() > size))
    return base::fail(ErrorCode::kStoreFailed,
                      fmt::format("the S3 server {} did not send the part of {} that was asked for", host_, name));
  return is_part ? std::move(reply.body) : reply.body.substr(offset, size);
}

Result<void> S3Client::remove(std::string_view name) {
  TRY(ask(describe("DELETE", name, {}), {}, 404));
  return {};
}

Result<std::string> S3Client::begin_upload(std::string_view name, std::string_view media_type) {
  auto what = describe("POST", name, {{"uploads", ""}});
  what.headers.emplace_back("content-type", media_type);
  auto id = read_upload_id(TRY(ask(what)).body);
  if (id.empty()) return base::fail(ErrorCode::kStoreFailed, fmt::format("the S3 server {} began no upload", host_));
  return id;
}

Result<std::string> S3Client::put_part(std::string_view name, std::string_view upload, std::size_t number,
                                       std::string bytes) {
  const auto reply = TRY(
      ask(describe("PUT", name, {{"partNumber", std::to_string(number)}, {"uploadId", std::string(upload)}}), bytes));
  const auto etag = header_of(reply, "etag");
  if (etag.empty())
    return base::fail(ErrorCode::kStoreFailed, fmt::format("the S3 server {} gave no ETag of a part", host_));
  return std::string(etag);
}

Result<void> S3Client::complete_upload(std::string_view name, std::string_view upload,
                                       const std::vector<std::string>& parts) {
  const auto what = describe("POST", name, {{"uploadId", std::string(upload)}});
  const auto reply = TRY(ask(what, write_parts(parts), 404));
  // It may begin its answer before it knows, and say the rest in the body. And what is asked twice because the first
  // answer was lost is not there the second time.
  if (reply.status < 300 && read_error(reply.body).code.empty()) return {};
  if (reply.status == 404 && TRY(size(name))) return {};
  return tl::unexpected(failure(what, reply));
}

Result<void> S3Client::abort_upload(std::string_view name, std::string_view upload) {
  TRY(ask(describe("DELETE", name, {{"uploadId", std::string(upload)}}), {}, 404));
  return {};
}

Result<S3Client::Page> S3Client::list(const std::string& from) {
  Fields query{{"list-type", "2"}, {"prefix", settings_.prefix}};
  if (!from.empty()) query.emplace_back("continuation-token", from);
  const auto reply = TRY(ask(describe("GET", "", std::move(query))));
  auto listing = read_listing(reply.body);
  if (reply.cut || !listing)
    return base::fail(ErrorCode::kStoreFailed, fmt::format("the S3 server {} sent no list of objects", host_));
  Page page{.names = {}, .next = std::move(listing->next)};
  for (auto& key : listing->keys)
    if (key.starts_with(settings_.prefix)) page.names.push_back(key.substr(settings_.prefix.size()));
  return page;
}

Result<std::vector<S3Client::Upload>> S3Client::uploads() {
  const auto reply = TRY(ask(describe("GET", "", {{"uploads", ""}, {"prefix", settings_.prefix}}), {}, 501));
  std::vector<Upload> found;
  for (auto& [key, id] : read_uploads(reply.body))
    if (key.starts_with(settings_.prefix)) found.push_back({.name = key.substr(settings_.prefix.size()), .id = id});
  return found;
}

std::string S3Client::link(std::string_view name, Fields answer, std::int64_t lifetime_seconds) const {
  const auto what = describe("GET", name, std::move(answer));
  return fmt::format(
      "{}{}?{}", origin_, what.path,
      presigned_query(what, key_, {.region = settings_.region}, clock_.unix_ns() / 1'000'000'000, lifetime_seconds));
}

}  // namespace toolrack::services::assets::s3
