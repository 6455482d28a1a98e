#include "services/http/url.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "services/http/egress.hpp"

namespace toolrack::services::http {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

std::string part(CURLU* handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, which, &text, flags) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

bool is_http(std::string_view scheme) noexcept { return scheme == "http" || scheme == "https"; }

/// What stands between the scheme and the path as it was written; libcurl takes any number of slashes before it.
std::string_view authority_of(std::string_view url) noexcept {
  const auto colon = url.find(':');
  if (colon == std::string_view::npos) return url;
  url.remove_prefix(std::min(url.find_first_not_of('/', colon + 1), url.size()));
  return url.substr(0, url.find_first_of("/?#"));
}

/// The text in quotes and short enough for a message.
std::string shown(std::string_view text) { return base::json::quote(text.substr(0, 200)); }

}  // namespace

Url::Url(Handle handle)
    : handle_(std::move(handle)),
      scheme_(part(handle_.get(), CURLUPART_SCHEME)),
      host_(part(handle_.get(), CURLUPART_HOST)),
      port_(part(handle_.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT)) {
  curl_url_set(handle_.get(), CURLUPART_FRAGMENT, nullptr, 0);
  std::transform(host_.begin(), host_.end(), host_.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  text_ = part(handle_.get(), CURLUPART_URL);
}

Result<Url> Url::parse(const std::string& text) {
  if (text.size() > kMaxSize) {
    return fail(ErrorCode::kInvalidRequest, "The URL has " + std::to_string(text.size()) + " bytes, at most " +
                                                std::to_string(kMaxSize) + " are sent");
  }
  const auto bad = std::find_if(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; });
  if (bad != text.end()) {
    return fail(ErrorCode::kInvalidRequest,
                "The URL has a byte at offset " + std::to_string(bad - text.begin()) +
                    " that is no printable ASCII character; percent-encode it, and write a host name in its xn-- form");
  }
  Handle handle(curl_url());
  const auto code = curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER);
  if (code == CURLUE_USER_NOT_ALLOWED) {
    return fail(ErrorCode::kInvalidRequest, "The URL carries a user name or password; send a credential in a header");
  }
  if (code != CURLUE_OK && code != CURLUE_UNSUPPORTED_SCHEME) {
    return fail(ErrorCode::kInvalidRequest, "The URL " + shown(text) + " cannot be read: " + curl_url_strerror(code));
  }
  if (code == CURLUE_UNSUPPORTED_SCHEME || !is_http(part(handle.get(), CURLUPART_SCHEME))) {
    return fail(ErrorCode::kInvalidRequest, "The URL " + shown(text) + " is neither http nor https");
  }
  Url url(std::move(handle));
  // libcurl undoes escapes in host names, so what was not there before may be there now.
  const bool is_plain =
      std::all_of(url.host_.begin(), url.host_.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '%'; });
  const bool has_escapes = authority_of(text).find('%') != std::string_view::npos;
  const bool keeps_escapes = authority_of(url.text_).find('%') != std::string_view::npos;  // As a zone of IPv6 does.
  if (url.host_.empty() || !is_plain || keeps_escapes) {
    return fail(ErrorCode::kInvalidRequest, "The URL " + shown(text) + " has no plain host name");
  }
  // What it made of them may mean something to it too: %36 became 6, and 6 becomes 0.0.0.6.
  if (has_escapes) return parse(url.text_);
  return url;
}

Result<Url> Url::resolve(const std::string& location) const {
  Handle handle(curl_url_dup(handle_.get()));
  const bool is_clean =
      location.size() <= kMaxSize &&
      std::none_of(location.begin(), location.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  const auto code =
      is_clean ? curl_url_set(handle.get(), CURLUPART_URL, location.c_str(), CURLU_DISALLOW_USER | CURLU_URLENCODE)
               : CURLUE_MALFORMED_INPUT;
  if (code == CURLUE_UNSUPPORTED_SCHEME || (code == CURLUE_OK && !is_http(part(handle.get(), CURLUPART_SCHEME)))) {
    return fail(ErrorCode::kEgressRefused, std::string(kEgressRefusedText));
  }
  if (code == CURLUE_OK) {
    // Once more as a request's own URL would be read: the same rules for both.
    auto url = parse(part(handle.get(), CURLUPART_URL));
    if (url) return url;
  }
  return fail(ErrorCode::kProviderError, authority() + " answered with a redirect to " + shown(location) +
                                             ", which is no URL that can be followed");
}

std::string Url::authority() const {
  const bool is_default = port_ == (scheme_ == "https" ? "443" : "80");
  return is_default ? host_ : host_ + ":" + port_;
}

bool Url::has_same_origin(const Url& other) const noexcept {
  return scheme_ == other.scheme_ && host_ == other.host_ && port_ == other.port_;
}

}  // namespace toolrack::services::http
