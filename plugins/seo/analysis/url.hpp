/// URLs as the web writes them: cleaned up the way browsers do, then read, resolved and normalised by Boost.URL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace toolrack::seo {

/// An absolute URL in normal form: lower-case scheme and host (IDNA as ASCII), no default port, no dot segments, unsafe
/// characters percent-encoded. Two addresses of the same page compare equal by `without_fragment`.
struct Url {
  std::string scheme;
  std::string host;
  std::string port;   ///< Empty when it is the scheme's own.
  std::string path;   ///< Encoded, starts with '/' when there is a host.
  std::string query;  ///< Encoded, without '?'.
  std::string fragment;
  bool has_query = false;
  bool has_user_info = false;

  bool is_http() const { return scheme == "http" || scheme == "https"; }
  /// scheme://host[:port]
  std::string origin() const;
  std::string without_fragment() const;
  std::string text() const;
  /// Path and query, as a robots.txt rule sees them.
  std::string target() const;
};

/// Nothing when `text` is no absolute URL; http and https need a host.
std::optional<Url> parse_url(std::string_view text);
/// RFC 3986 section 5.2. Nothing when the reference cannot be read.
std::optional<Url> resolve(const Url& base, std::string_view reference);

/// A leading "www." makes no difference to whose host it is. Borrowed from `host`.
std::string_view without_www(std::string_view host) noexcept;
/// The same site for the purpose of "internal": equal hosts, ignoring a leading "www.".
bool is_same_site(const Url& a, const Url& b) noexcept;
/// The scheme in front of `reference` in lower case, empty when there is none.
std::string scheme_of(std::string_view reference);
/// As browsers do before they read a URL: without control characters at the ends and tabs and line ends inside.
std::string strip_controls(std::string_view reference);

}  // namespace toolrack::seo
