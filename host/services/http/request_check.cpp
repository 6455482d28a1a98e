#include "services/http/request_check.hpp"

#include <strings.h>

#include <algorithm>
#include <array>

#include "base/http_token.hpp"
#include "base/json.hpp"

namespace toolrack::services::http {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

constexpr std::size_t kMaxHeaders = 128;
constexpr std::size_t kMaxRequestHeaderBytes = 64 << 10;

/// Headers that frame the message or choose its receiver. Two writers of one of them is how requests are smuggled.
constexpr std::array<std::string_view, 11> kOwnHeaders = {
    "connection", "content-length",    "expect",          "host", "http2-settings", "keep-alive", "te", "trailer",
    "upgrade",    "transfer-encoding", "proxy-connection"};

bool is_header_value(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) { return (c >= 0x20 && c != 0x7f) || c == '\t'; });
}

Result<void> check_header(const Header& header) {
  if (!base::is_http_token(header.name)) {
    return fail(ErrorCode::kInvalidRequest, "The header name " + base::json::quote(header.name.substr(0, 100)) +
                                                " has a character that names cannot have");
  }
  if (!is_header_value(header.value)) {
    return fail(ErrorCode::kInvalidRequest, "The value of the header \"" + header.name + "\" has a control character");
  }
  for (const auto own : kOwnHeaders) {
    if (header.name.size() == own.size() && strncasecmp(header.name.data(), own.data(), own.size()) == 0) {
      return fail(ErrorCode::kInvalidRequest,
                  "The header \"" + header.name + "\" is written by the client itself; leave it out");
    }
  }
  return {};
}

}  // namespace

Result<void> check_grant(const Url& url, const std::vector<std::string>& grants) {
  if (host_is_granted(url.host(), grants)) return {};
  return fail(
      ErrorCode::kEgressRefused,
      "The host \"" + url.host() + "\" is not among the hosts that were granted; add it to the manifest's grants");
}

Result<Url> check_request(const Request& request) {
  if (!base::is_http_token(request.method)) {
    return fail(ErrorCode::kInvalidRequest,
                "The method " + base::json::quote(request.method.substr(0, 40)) + " is no HTTP method");
  }
  std::size_t bytes = 0;
  for (const auto& header : request.headers) {
    if (auto checked = check_header(header); !checked) return tl::unexpected(std::move(checked).error());
    bytes += header.name.size() + header.value.size();
  }
  if (request.headers.size() > kMaxHeaders || bytes > kMaxRequestHeaderBytes) {
    return fail(ErrorCode::kInvalidRequest, "The request has " + std::to_string(request.headers.size()) +
                                                " headers of " + std::to_string(bytes) + " bytes, at most " +
                                                std::to_string(kMaxHeaders) + " of " +
                                                std::to_string(kMaxRequestHeaderBytes) + " bytes are sent");
  }
  auto url = TRY(Url::parse(request.url));
  if (auto granted = check_grant(url, request.granted_hosts); !granted) {
    return tl::unexpected(std::move(granted).error());
  }
  return url;
}

}  // namespace toolrack::services::http
