#include "analysis/url.hpp"

#include "analysis/text.hpp"

#include <idn2.h>

#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include <algorithm>

namespace toolrack::seo {
namespace {

namespace urls = boost::urls;

constexpr std::string_view kHex = "0123456789ABCDEF";
// A URL longer than this is garbage or an attack; no browser or crawler keeps it.
constexpr std::size_t kMaxUrlBytes = 64 * 1024;

void append_encoded(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kHex[byte >> 4U];
  out += kHex[byte & 15U];
}

/// Percent-encodes what RFC 3986 does not allow in a path, query or fragment, and '%' that starts no escape.
std::string encode_unsafe(std::string_view text) {
  constexpr std::string_view kUnsafe = "\"<>\\^`{|}[]#";
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const auto byte = static_cast<unsigned char>(c);
    const bool is_escape =
        c == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0;
    if (byte <= 0x20 || byte >= 0x7F || kUnsafe.find(c) != std::string_view::npos || (c == '%' && !is_escape)) {
      append_encoded(out, c);
    } else {
      out += c;
    }
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

/// A host name in ASCII; nothing when it can be none. An IP literal in brackets passes as it is, Boost.URL judges it.
std::optional<std::string> ascii_host(std::string_view written) {
  if (written.empty()) return std::nullopt;
  if (written.front() == '[') return std::string(written);
  std::string host = to_lower(percent_decode(written));
  bool is_ascii = true;
  for (const char c : host) {
    const auto byte = static_cast<unsigned char>(c);
    is_ascii = is_ascii && byte < 0x80;
    const bool is_allowed = byte >= 0x80 || is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
    if (!is_allowed) return std::nullopt;
  }
  if (host.find("..") != std::string::npos || host.front() == '.') return std::nullopt;
  if (is_ascii) return host;
  char* converted = nullptr;
  if (idn2_to_ascii_8z(host.c_str(), &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return std::nullopt;
  std::string out(converted);
  idn2_free(converted);
  return out;
}

/// `//user@host:port` of a reference, with the host in ASCII.
std::optional<std::string> clean_authority(std::string_view authority) {
  std::string user;
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    user = encode_unsafe(authority.substr(0, at)) + "@";
    for (std::size_t i = 0; i + 1 < user.size(); ++i) {
      if (user[i] == '@' || user[i] == '/') return std::nullopt;
    }
    authority.remove_prefix(at + 1);
  }
  std::string_view port;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    port = authority.substr(colon);
    authority = authority.substr(0, colon);
  }
  for (const char c : port.substr(port.empty() ? 0 : 1)) {
    if (!is_digit(c)) return std::nullopt;
  }
  const auto host = ascii_host(authority);
  if (!host) return std::nullopt;
  return user + *host + (port == ":" ? std::string() : std::string(port));
}

/// A reference that Boost.URL accepts, or nothing.
std::optional<std::string> clean(std::string_view reference, bool base_is_http) {
  if (reference.size() > kMaxUrlBytes) return std::nullopt;
  std::string text = strip_controls(reference);
  const std::string scheme = scheme_of(text);
  const bool is_http = scheme.empty() ? base_is_http : scheme == "http" || scheme == "https";
  std::string_view rest = std::string_view(text).substr(scheme.empty() ? 0 : scheme.size() + 1);

  std::string_view fragment;
  bool has_fragment = false;
  if (const std::size_t hash = rest.find('#'); hash != std::string_view::npos) {
    has_fragment = true;
    fragment = rest.substr(hash + 1);
    rest = rest.substr(0, hash);
  }
  std::string_view query;
  bool has_query = false;
  if (const std::size_t mark = rest.find('?'); mark != std::string_view::npos) {
    has_query = true;
    query = rest.substr(mark + 1);
    rest = rest.substr(0, mark);
  }
  std::string hierarchy(rest);
  if (is_http) {
    for (char& c : hierarchy) c = c == '\\' ? '/' : c;
  }
  std::string out = scheme.empty() ? std::string() : scheme + ":";
  std::string_view path = hierarchy;
  if (path.substr(0, 2) == "//") {
    path.remove_prefix(2);
    const auto authority = clean_authority(path.substr(0, path.find('/')));
    if (!authority) return std::nullopt;
    path.remove_prefix(std::min(path.find('/'), path.size()));
    out += "//" + *authority;
  } else if (!scheme.empty() && is_http) {
    return std::nullopt;  // "http:/path" and "http:path": browsers guess, crawlers do not.
  }
  std::string encoded = encode_unsafe(path);
  if (scheme.empty() && out.empty()) {
    // A colon in the first segment would read as a scheme.
    const std::size_t colon = encoded.find(':');
    if (colon != std::string::npos && colon < encoded.find('/')) encoded.insert(0, "./");
  }
  out += encoded;
  if (has_query) out += "?" + encode_unsafe(query);
  if (has_fragment) out += "#" + encode_unsafe(fragment);
  return out;
}

/// RFC 3986 section 5.2.4. Boost.URL 1.81 leaves ".." that climb above the root.
std::string remove_dot_segments(std::string_view path) {
  std::string out;
  std::string_view segment;
  path.remove_prefix(1);
  while (next_piece(path, '/', segment)) {
    const bool is_last = path.data() == nullptr;
    if (segment == "..") {
      out.erase(std::min(out.rfind('/'), out.size()));
      if (is_last) out += '/';
    } else if (segment == ".") {
      if (is_last) out += '/';
    } else {
      out += '/';
      out += segment;
    }
  }
  return out;
}

std::optional<Url> from_boost(urls::url& url) {
  url.normalize();
  Url out;
  out.scheme = to_lower(std::string_view(url.scheme().data(), url.scheme().size()));
  out.host = std::string(url.encoded_host());
  out.port = std::string(url.port());
  out.path = std::string(url.encoded_path());
  out.query = std::string(url.encoded_query());
  out.has_query = url.has_query();
  out.fragment = std::string(url.encoded_fragment());
  out.has_user_info = url.has_userinfo();
  if (out.is_http()) {
    if (out.host.empty()) return std::nullopt;
    if (out.port == (out.scheme == "http" ? "80" : "443")) out.port.clear();
    if (out.port.size() > 5 || (!out.port.empty() && std::stoul(out.port) > 65535)) return std::nullopt;
    if (out.path.empty()) out.path = "/";
    out.path = remove_dot_segments(out.path);
  }
  return out;
}

}  // namespace

std::string Url::origin() const { return scheme + "://" + host + (port.empty() ? "" : ":" + port); }

std::string Url::target() const { return path + (has_query ? "?" + query : ""); }

std::string Url::without_fragment() const { return (host.empty() ? scheme + ":" : origin()) + target(); }

std::string Url::text() const { return without_fragment() + (fragment.empty() ? "" : "#" + fragment); }

std::string strip_controls(std::string_view reference) {
  while (!reference.empty() && static_cast<unsigned char>(reference.front()) <= 0x20) reference.remove_prefix(1);
  while (!reference.empty() && static_cast<unsigned char>(reference.back()) <= 0x20) reference.remove_suffix(1);
  std::string out;
  out.reserve(reference.size());
  for (const char c : reference) {
    if (c != '\t' && c != '\n' && c != '\r') out += c;
  }
  return out;
}

std::string scheme_of(std::string_view reference) {
  if (reference.empty() || !is_alpha(reference.front())) return {};
  for (std::size_t i = 1; i < reference.size(); ++i) {
    const char c = reference[i];
    if (c == ':') return to_lower(reference.substr(0, i));
    if (!is_alpha(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return {};
  }
  return {};
}

std::optional<Url> parse_url(std::string_view text) {
  const auto cleaned = clean(text, false);
  if (!cleaned || scheme_of(*cleaned).empty()) return std::nullopt;
  const auto view = urls::parse_uri(*cleaned);
  if (!view) return std::nullopt;
  urls::url url(*view);
  return from_boost(url);
}

std::optional<Url> resolve(const Url& base, std::string_view reference) {
  const auto cleaned = clean(reference, base.is_http());
  if (!cleaned) return std::nullopt;
  if (!scheme_of(*cleaned).empty()) return parse_url(*cleaned);
  const auto view = urls::parse_uri_reference(*cleaned);
  if (!view) return std::nullopt;
  const std::string base_text = base.without_fragment();
  const auto base_view = urls::parse_uri(base_text);
  if (!base_view) return std::nullopt;
  urls::url url;
  if (!urls::resolve(*base_view, *view, url)) return std::nullopt;
  return from_boost(url);
}

std::string_view without_www(std::string_view host) noexcept {
  return host.starts_with("www.") ? host.substr(4) : host;
}

bool is_same_site(const Url& a, const Url& b) noexcept { return without_www(a.host) == without_www(b.host); }

}  // namespace toolrack::seo
