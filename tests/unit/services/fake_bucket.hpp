/// A bucket in memory behind a real HTTP server: what S3 does with objects, uploads in parts and lists, and nothing
/// about signatures (sigv4_test.cpp and the end-to-end tests have those).
#pragma once

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/encoding.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::testing {

class FakeBucket {
 public:
  explicit FakeBucket(std::string name) : name_(std::move(name)) {
    server.on("*", [this](const test::RecordedRequest& request) { return answer(request); });
  }

  /// The next `count` requests whose method is `method` are answered so instead.
  void interrupt(std::string method, int count, test::Reply reply) {
    const std::scoped_lock lock(mutex_);
    interrupted_method_ = std::move(method);
    interruptions_ = count;
    interruption_ = std::move(reply);
  }
  /// The next upload is completed, and the answer is lost.
  void lose_answer_of_completion() {
    const std::scoped_lock lock(mutex_);
    loses_answer_ = true;
  }
  std::map<std::string, std::string> objects() {
    const std::scoped_lock lock(mutex_);
    return objects_;
  }
  void put(std::string key, std::string bytes) {
    const std::scoped_lock lock(mutex_);
    objects_[std::move(key)] = std::move(bytes);
  }
  std::size_t open_uploads() {
    const std::scoped_lock lock(mutex_);
    return uploads_.size();
  }

  test::ScriptedHttpServer server;

 private:
  using Parameters = std::map<std::string, std::string>;
  struct Upload {
    std::string key;
    std::map<int, std::string> parts;
  };
  static constexpr std::size_t kPage = 2;

  static Parameters parameters(const std::string& target) {
    Parameters found;
    const auto question = target.find('?');
    auto rest = question == std::string::npos ? std::string_view() : std::string_view(target).substr(question + 1);
    while (!rest.empty()) {
      const auto one = rest.substr(0, rest.find('&'));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      const auto equals = one.find('=');
      found[base::percent_decode(one.substr(0, equals)).value()] = base::percent_decode(one.substr(equals + 1)).value();
    }
    return found;
  }
  static test::Reply error(int status, std::string_view code) {
    return test::Reply::text(
        fmt::format("<?xml version=\"1.0\"?><Error><Code>{}</Code><Message>So it is.</Message></Error>", code), status,
        "application/xml");
  }

  test::Reply answer(const test::RecordedRequest& request) {
    const std::scoped_lock lock(mutex_);
    if (interruptions_ > 0 && request.method == interrupted_method_) {
      --interruptions_;
      return interruption_;
    }
    const auto path = base::percent_decode(request.path()).value();
    const auto query = parameters(request.target);
    const auto root = "/" + name_;
    if (path == root) return query.contains("uploads") ? list_uploads() : list(query);
    if (!path.starts_with(root + "/")) return error(404, "NoSuchBucket");
    const auto key = path.substr(root.size() + 1);
    if (query.contains("uploads") || query.contains("uploadId")) return multipart(request, query, key);
    const auto found = objects_.find(key);
    if (request.method == "PUT") {
      objects_[key] = request.body;
      return test::Reply::text("").header("ETag", "\"whole\"");
    }
    if (request.method == "DELETE") {
      objects_.erase(key);
      return test::Reply::text("", 204);
    }
    if (found == objects_.end()) return error(404, "NoSuchKey");
    const auto range = request.header("range");
    if (range.empty()) return test::Reply::text(found->second);
    const auto dash = range.find('-');
    const auto first = std::stoull(range.substr(6, dash - 6)), last = std::stoull(range.substr(dash + 1));
    if (first >= found->second.size()) return error(416, "InvalidRange");
    return test::Reply::text(found->second.substr(first, last - first + 1), 206);
  }

  test::Reply multipart(const test::RecordedRequest& request, const Parameters& query, const std::string& key) {
    if (query.contains("uploads")) {
      const auto id = fmt::format("upload/{}+", ++last_upload_);
      uploads_[id] = {.key = key, .parts = {}};
      return test::Reply::text(
          fmt::format("<InitiateMultipartUploadResult><UploadId>{}</UploadId></InitiateMultipartUploadResult>", id));
    }
    const auto upload = uploads_.find(query.at("uploadId"));
    if (upload == uploads_.end()) return error(404, "NoSuchUpload");
    if (request.method == "PUT") {
      const int number = std::stoi(query.at("partNumber"));
      upload->second.parts[number] = request.body;
      return test::Reply::text("").header("ETag", fmt::format("\"part-{}\"", number));
    }
    if (request.method == "POST") {
      std::string whole;
      for (const auto& [number, bytes] : upload->second.parts) {
        const auto named = fmt::format("<PartNumber>{}</PartNumber><ETag>\"part-{}\"</ETag>", number, number);
        if (request.body.find(named) == std::string::npos) return error(200, "InvalidPart");
        whole += bytes;
      }
      objects_[key] = whole;
    }
    uploads_.erase(upload);
    if (std::exchange(loses_answer_, false)) return test::Reply::hang_up();
    return test::Reply::text("<CompleteMultipartUploadResult/>");
  }

  test::Reply list(const Parameters& query) {
    const auto prefix = query.at("prefix");
    const auto from = query.contains("continuation-token") ? query.at("continuation-token") : std::string();
    std::string xml = "<ListBucketResult>";
    std::size_t count = 0;
    for (auto at = objects_.upper_bound(from); at != objects_.end(); ++at) {
      if (!at->first.starts_with(prefix)) continue;
      xml += fmt::format("<Contents><Key>{}</Key></Contents>", at->first);
      if (++count < kPage) continue;
      xml += fmt::format("<IsTruncated>true</IsTruncated><NextContinuationToken>{}</NextContinuationToken>", at->first);
      break;
    }
    return test::Reply::text(xml + "</ListBucketResult>");
  }

  test::Reply list_uploads() {
    std::string xml = "<ListMultipartUploadsResult>";
    for (const auto& [id, upload] : uploads_)
      xml += fmt::format("<Upload><Key>{}</Key><UploadId>{}</UploadId></Upload>", upload.key, id);
    return test::Reply::text(xml + "</ListMultipartUploadsResult>");
  }

  const std::string name_;
  std::mutex mutex_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, Upload> uploads_;
  int last_upload_ = 0, interruptions_ = 0;
  std::string interrupted_method_;
  test::Reply interruption_ = test::Reply::hang_up();
  bool loses_answer_ = false;
};

}  // namespace toolrack::testing
