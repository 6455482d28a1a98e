#include "transports/net/target.hpp"

#include <algorithm>
#include <string>

#include "transports/net/characters.hpp"

namespace toolrack::net {
namespace {

tl::unexpected<base::Error> bad_target(std::string message) {
  return base::fail(base::ErrorCode::kBadHttp, std::move(message));
}

/// Only what names, addresses and ports consist of; no user, path, list or blank.
bool is_authority(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_alphanumeric(c) || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

base::Result<void> read_host(Request& request) {
  const auto& headers = request.headers;
  request.host = headers.get(HeaderName::kHost);
  if (!headers.has(HeaderName::kHost)) {
    if (request.version >= 11) return bad_target("The Host header is missing; HTTP/1.1 requires it.");
    return {};
  }
  if (headers.is_repeated(HeaderName::kHost)) return bad_target("The Host header is there more than once.");
  if (!is_authority(request.host))
    return bad_target("The Host header \"" + std::string(request.host) + "\" names no host.");
  return {};
}

/// The length of "http://" or "https://" at the start of `target`; 0 when it is neither.
std::size_t scheme_size(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (equal_ignoring_case(target.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

}  // namespace

base::Result<void> read_target(Request& request) {
  TRY(read_host(request));
  const auto target = request.target;
  request.query = {};
  if (target == "*") {
    if (request.method != Method::kOptions) return bad_target("The target \"*\" is for OPTIONS only.");
    request.path = target;
    return {};
  }
  if (std::ranges::any_of(target, [](char c) { return c == '#' || static_cast<unsigned char>(c) >= 0x7f; }))
    return bad_target("The request target contains a character that must be percent-encoded.");

  auto rest = target;
  if (!rest.starts_with('/')) {
    const auto scheme = scheme_size(target);
    if (scheme == 0) return bad_target("The request target \"" + std::string(target.substr(0, 100)) + "\" is no path.");
    rest.remove_prefix(scheme);
    const auto authority = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(authority.size());
    if (!is_authority(authority)) return bad_target("The authority of the request target names no host.");
    if (request.host.empty()) request.host = authority;
    if (!equal_ignoring_case(authority, request.host))
      return bad_target("The request target and the Host header name different hosts.");
  }
  const auto mark = rest.find('?');
  request.path = rest.substr(0, mark);
  if (mark != std::string_view::npos) request.query = rest.substr(mark + 1);
  if (request.path.empty()) request.path = "/";
  return {};
}

}  // namespace toolrack::net
