/// An absolute http or https URL, read and resolved by libcurl's own parser, so that what is checked is what is
/// dialled.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::services::http {

/// Movable value; the fragment is dropped, as it is never sent.
class Url {
 public:
  static constexpr std::size_t kMaxSize = 16 << 10;

  /// kInvalidRequest when it is not plain ASCII, not absolute, not http(s), has a user name, or is too long.
  static base::Result<Url> parse(const std::string& text);
  /// What a Location header means here. kEgressRefused for another scheme than http(s), kProviderError when it is no
  /// URL.
  base::Result<Url> resolve(const std::string& location) const;

  const std::string& text() const noexcept { return text_; }
  const std::string& host() const noexcept { return host_; }  ///< Lower case; IPv6 in brackets.
  const std::string& port() const noexcept { return port_; }  ///< In digits, also when it is the scheme's own.
  /// "api.example.com", with ":8080" when the port is not the scheme's own: for messages.
  std::string authority() const;
  bool has_same_origin(const Url& other) const noexcept;
  /// For CURLOPT_CURLU; this owns it.
  CURLU* handle() const noexcept { return handle_.get(); }

 private:
  struct Cleanup {
    void operator()(CURLU* handle) const noexcept { curl_url_cleanup(handle); }
  };
  using Handle = std::unique_ptr<CURLU, Cleanup>;
  explicit Url(Handle handle);

  Handle handle_;
  std::string text_;
  std::string scheme_;
  std::string host_;
  std::string port_;
};

}  // namespace toolrack::services::http
