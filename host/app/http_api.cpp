#include "app/http_api.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

namespace toolrack::app {
namespace {

std::size_t append(const char* bytes, std::size_t size, std::size_t count, void* to) {
  static_cast<std::string*>(to)->append(bytes, size * count);
  return size * count;
}

/// curl's lists are C; this one ends with its scope.
struct Fields {
  curl_slist* list = nullptr;
  void add(const std::string& line) { list = curl_slist_append(list, line.c_str()); }
  ~Fields() { curl_slist_free_all(list); }
};

}  // namespace

std::unique_ptr<HttpApi> HttpApi::local(const std::string& socket_path) {
  return std::unique_ptr<HttpApi>(new HttpApi("http://localhost", socket_path, ""));
}

std::unique_ptr<HttpApi> HttpApi::remote(std::string url, std::string key) {
  while (url.ends_with('/')) url.pop_back();
  return std::unique_ptr<HttpApi>(new HttpApi(std::move(url), "", std::move(key)));
}

HttpApi::HttpApi(std::string base_url, std::string socket_path, std::string key)
    : base_url_(std::move(base_url)),
      socket_path_(std::move(socket_path)),
      key_(std::move(key)),
      easy_(curl_easy_init()) {}

HttpApi::~HttpApi() { curl_easy_cleanup(easy_); }

base::Result<cli::ApiReply> HttpApi::request(std::string_view method, std::string_view path, std::string_view body) {
  cli::ApiReply reply;
  const auto url = fmt::format("{}{}", base_url_, path);
  const std::string method_text(method);
  Fields fields;
  fields.add("User-Agent: toolrack-cli");
  if (!body.empty()) fields.add("Content-Type: application/json");
  if (!key_.empty()) fields.add(fmt::format("Authorization: Bearer {}", key_));

  curl_easy_reset(easy_);
  curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
  if (!socket_path_.empty()) {
    curl_easy_setopt(easy_, CURLOPT_UNIX_SOCKET_PATH, socket_path_.c_str());
    curl_easy_setopt(easy_, CURLOPT_NOPROXY, "*");
  }
  curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method_text.c_str());
  if (!body.empty()) {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  }
  curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, fields.list);
  curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(easy_, CURLOPT_WRITEDATA, &reply.body);

  const auto result = curl_easy_perform(easy_);
  was_connected_ = result != CURLE_COULDNT_CONNECT;
  if (result != CURLE_OK)
    return base::fail(base::ErrorCode::kUnavailable,
                      fmt::format("no gateway answers at {}: {}", socket_path_.empty() ? base_url_ : socket_path_,
                                  curl_easy_strerror(result)),
                      "Start one with `toolrack serve`, or correct --url.");
  long status = 0;
  curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

}  // namespace toolrack::app
