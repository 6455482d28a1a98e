/// URL, Location header and network -> where the host may connect to.
///
/// An input is a URL, a Location that somebody answers it with, and a network that the operator allows, a line each; or
/// an address in its 4 or 16 bytes. The verdict on an address is compared with what Boost.Asio's address types and the
/// list of networks below say about it, which share no code with the policy.
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>

#include <array>
#include <cstring>
#include <optional>
#include <string>

#include "fuzz/fuzz.hpp"
#include "services/http/egress.hpp"
#include "services/http/redirect.hpp"
#include "services/http/url.hpp"

namespace toolrack::fuzz {
namespace {

namespace http = services::http;
namespace ip = boost::asio::ip;

bool is_inside(const ip::address_v4& address, const char* network) {
  const auto read = ip::make_network_v4(network);
  return (address.to_uint() & read.netmask().to_uint()) == read.address().to_uint();
}

/// May never be dialled, whoever asks: loopback, private, link local, shared, multicast, reserved.
bool is_forbidden(const ip::address_v4& address) {
  if (address.is_loopback() || address.is_multicast() || address.is_unspecified()) return true;
  for (const auto* network :
       {"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32"})
    if (is_inside(address, network)) return true;
  return false;
}

ip::address_v4 v4_of(const unsigned char* bytes) { return ip::address_v4({bytes[0], bytes[1], bytes[2], bytes[3]}); }

bool is_forbidden(const ip::address_v6& address) {
  const auto bytes = address.to_bytes();
  if (address.is_v4_mapped()) return is_forbidden(ip::make_address_v4(ip::v4_mapped, address));
  if (address.is_loopback() || address.is_unspecified() || address.is_multicast() || address.is_link_local() ||
      address.is_site_local())
    return true;
  if ((bytes[0] & 0xfe) == 0xfc) return true;             // fc00::/7, unique local.
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return true;  // 6to4: a relay dials what is inside.
  const auto text = address.to_string();
  if (text.starts_with("64:ff9b::")) return is_forbidden(v4_of(bytes.data() + 12));
  if (text.starts_with("2001:db8:") || text.starts_with("2001:0:")) return true;
  static constexpr std::array<unsigned char, 12> kZero{};
  if (std::memcmp(bytes.data(), kZero.data(), 12) == 0) return is_forbidden(v4_of(bytes.data() + 12));
  return false;
}

struct Dialled {
  sockaddr_storage storage{};
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

Dialled dialled(const ip::address& address) {
  Dialled out;
  if (address.is_v4()) {
    auto& v4 = reinterpret_cast<sockaddr_in&>(out.storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(443);
    v4.sin_addr.s_addr = htonl(address.to_v4().to_uint());
  } else {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out.storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(443);
    const auto bytes = address.to_v6().to_bytes();
    std::memcpy(v6.sin6_addr.s6_addr, bytes.data(), bytes.size());
  }
  return out;
}

bool is_forbidden(const ip::address& address) {
  return address.is_v4() ? is_forbidden(address.to_v4()) : is_forbidden(address.to_v6());
}

void check_address(const ip::address& address) {
  static const auto strict = http::EgressPolicy::create({}).value();
  static const auto local = http::EgressPolicy::create({.allow_loopback = true}).value();
  const auto target = dialled(address);
  const auto text = address.to_string();
  const auto verdict = strict.check(target.get());
  if (verdict) require(!is_forbidden(address), "no packet goes where it must not", text);
  if (!verdict) require(verdict.error().message() == http::kEgressRefusedText, "a refusal tells nothing", text);
  if (const auto relaxed = local.check(target.get()); relaxed && !verdict) {
    const bool is_loopback =
        address.is_v4() ? address.is_loopback()
                        : address.is_loopback() || (is_forbidden(address) && (address.to_v6().to_bytes()[12] == 127));
    require(is_loopback, "local mode opens loopback and nothing else", text);
  }
}

/// The address that a connection to `host` (as a URL has it) would go to without a look at DNS.
std::optional<ip::address> literal(std::string host) {
  if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
  boost::system::error_code error;
  const auto plain = ip::make_address(host, error);
  if (!error) return plain;
  addrinfo hints{};  // The resolver knows more spellings (0x7f.1, 2130706433), and would dial them.
  hints.ai_flags = AI_NUMERICHOST;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  std::optional<ip::address> out;
  if (found->ai_family == AF_INET)
    out = ip::address_v4(ntohl(reinterpret_cast<const sockaddr_in*>(found->ai_addr)->sin_addr.s_addr));
  ::freeaddrinfo(found);
  return out;
}

void check_url(const http::Url& url) {
  const auto& text = url.text();
  require(text.starts_with("http://") || text.starts_with("https://"), "a URL is http or https", text);
  require(!url.host().empty() && url.host().find_first_of("@/?#%\\ ") == std::string::npos, "a host is a host",
          url.host());
  for (const char c : text) require(c > 0x20 && c < 0x7f, "a URL is printable", text);
  require(text.find('#') == std::string::npos, "a fragment is not sent", text);
  const auto again = http::Url::parse(text);
  require(again && again->text() == text && again->host() == url.host() && again->has_same_origin(url),
          "a URL that was read is read again", text);
  if (const auto address = literal(url.host())) check_address(*address);
}

void check_network(std::string_view text) {
  const auto policy = http::EgressPolicy::create({.allow = {std::string(text)}});
  if (!policy) return require(policy.error().code() == base::ErrorCode::kInvalidConfig, "a network fails as one");
  const auto slash = text.find('/');
  boost::system::error_code error;
  const auto address = ip::make_address(std::string(text.substr(0, slash)), error);
  require(!error, "a network begins with an address", text);
  require(policy->check(dialled(address).get()).has_value(), "what is allowed is allowed", text);
}

}  // namespace

void check(std::string_view input) {
  if (input.size() == 4) check_address(v4_of(reinterpret_cast<const unsigned char*>(input.data())));
  if (input.size() == 16) {
    ip::address_v6::bytes_type bytes;
    std::memcpy(bytes.data(), input.data(), bytes.size());
    check_address(ip::address_v6(bytes));
  }
  auto rest = input;
  const auto url = http::Url::parse(std::string(take_until(rest, "\n")));
  const auto location = std::string(take_until(rest, "\n"));
  check_network(take_until(rest, "\n"));
  if (!url) return require(url.error().code() == base::ErrorCode::kInvalidRequest, "a URL fails as one");
  check_url(*url);
  if (const auto next = url->resolve(location)) {
    check_url(*next);
    http::Request request{.method = "POST", .url = url->text(), .headers = {{"X-Key", "secret"}}, .body = "body"};
    http::redirect(request, 303, *url, *next);
    if (!url->has_same_origin(*next)) require(request.headers.empty(), "a secret stays with its origin", next->text());
  }
}

}  // namespace toolrack::fuzz
