#include "transports/net/host_guard.hpp"

#include <algorithm>

namespace toolrack::net {
namespace {

using base::ErrorCode;

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// "name" of "name", "name:80", "[::1]", "[::1]:80" (with the brackets); empty when it is none of these.
std::string_view name_of(std::string_view authority) {
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return {};
    const auto rest = authority.substr(end + 1);
    const bool is_whole = rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
    return is_whole ? authority.substr(0, end + 1) : std::string_view();
  }
  const auto colon = authority.find(':');
  if (colon == std::string_view::npos) return authority;
  return is_port(authority.substr(colon + 1)) ? authority.substr(0, colon) : std::string_view();
}

/// Names that no DNS server can point elsewhere. 127.0.0.0/8 must be four plain numbers: "127.evil.example" is a name.
bool is_loopback(std::string_view name) {
  if (equal_ignoring_case(name, "localhost") || name == "[::1]") return true;
  if (!name.starts_with("127.")) return false;
  int numbers = 0;
  for (;;) {
    const auto dot = std::min(name.find('.'), name.size());
    const auto number = name.substr(0, dot);
    if (!is_port(number) || number.size() > 3) return false;
    ++numbers;
    if (dot == name.size()) return numbers == 4;
    name.remove_prefix(dot + 1);
  }
}

bool contains(const std::vector<std::string>& list, std::string_view value) {
  return std::ranges::any_of(list, [&](const auto& entry) { return equal_ignoring_case(entry, value); });
}

}  // namespace

HostGuard::HostGuard(Options options)
    : options_(std::move(options)),
      any_host_(contains(options_.allowed_hosts, "*")),
      any_origin_(contains(options_.allowed_origins, "*")) {}

base::Result<void> HostGuard::check(const Request& request) const {
  if (request.is_local_socket) return {};
  if (auto host = check_host(request.host); !host) return host;
  if (!request.headers.has(HeaderName::kOrigin)) return {};
  if (request.headers.is_repeated(HeaderName::kOrigin))
    return base::fail(ErrorCode::kOriginRefused, "The request has more than one Origin header.");
  return check_origin(request.headers.get(HeaderName::kOrigin));
}

base::Result<void> HostGuard::check_host(std::string_view host) const {
  if (!options_.is_loopback_bind || any_host_) return {};
  const auto name = name_of(host);
  if (!name.empty() && (is_loopback(name) || contains(options_.allowed_hosts, name))) return {};
  return base::fail(
      ErrorCode::kHostRefused,
      "The gateway listens on a loopback address and does not answer to the host \"" + std::string(host) + "\".");
}

base::Result<void> HostGuard::check_origin(std::string_view origin) const {
  if (contains(options_.allowed_origins, origin) && origin != "*") return {};
  const auto refuse = [&] {
    return base::fail(ErrorCode::kOriginRefused,
                      "Pages of the origin \"" + std::string(origin) + "\" may not call here.");
  };
  // Sandboxed frames and file: pages say null, whoever wrote them; only naming it in the configuration lets it in.
  const auto scheme = origin.find("://");
  if (scheme == std::string_view::npos) return refuse();
  const auto name = origin.substr(0, scheme);
  if (!equal_ignoring_case(name, "http") && !equal_ignoring_case(name, "https")) return refuse();
  const auto host = name_of(origin.substr(scheme + 3));
  if (host.empty()) return refuse();
  if (any_origin_ || is_loopback(host)) return {};
  return refuse();
}

}  // namespace toolrack::net
