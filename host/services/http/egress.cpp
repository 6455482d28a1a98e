#include "services/http/egress.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace toolrack::services::http {
namespace {

using base::ErrorCode;
using base::fail;
using base::Result;

struct Block {
  unsigned char bytes[4];
  unsigned bits;
};

/// The IANA IPv4 special-purpose registry with all its rows, the globally reachable ones too (they are anycast relays
/// and sinks, no providers), then multicast and what the registry does not know.
constexpr Block kSpecialV4[] = {
    {{0, 0, 0, 0}, 8},         // This network.
    {{10, 0, 0, 0}, 8},        // Private.
    {{100, 64, 0, 0}, 10},     // Shared address space, some clouds' metadata.
    {{127, 0, 0, 0}, 8},       // Loopback.
    {{169, 254, 0, 0}, 16},    // Link local, most clouds' metadata.
    {{172, 16, 0, 0}, 12},     // Private.
    {{192, 0, 0, 0}, 24},      // Protocol assignments.
    {{192, 0, 2, 0}, 24},      // TEST-NET-1.
    {{192, 31, 196, 0}, 24},   // AS112.
    {{192, 52, 193, 0}, 24},   // AMT.
    {{192, 88, 99, 0}, 24},    // 6to4 relay anycast.
    {{192, 168, 0, 0}, 16},    // Private.
    {{192, 175, 48, 0}, 24},   // AS112 direct delegation.
    {{198, 18, 0, 0}, 15},     // Benchmarking.
    {{198, 51, 100, 0}, 24},   // TEST-NET-2.
    {{203, 0, 113, 0}, 24},    // TEST-NET-3.
    {{224, 0, 0, 0}, 4},       // Multicast.
    {{240, 0, 0, 0}, 4},       // Reserved, and limited broadcast.
    {{168, 63, 129, 16}, 32},  // Platform services of Azure, answered inside every virtual network.
};

struct Block6 {
  unsigned char bytes[16];
  unsigned bits;
};

/// What is special inside 2000::/3; everything outside it is refused anyway.
constexpr Block6 kSpecialV6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23},              // Protocol assignments, with Teredo and ORCHID.
    {{0x20, 0x01, 0x0d, 0xb8}, 32},              // Documentation.
    {{0x20, 0x02}, 16},                          // 6to4, which embeds an IPv4 address that relays would dial.
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48},  // AS112.
    {{0x3f, 0xff, 0x00}, 20},                    // Documentation.
};

constexpr unsigned char kV4Mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr unsigned char kNat64[12] = {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0};
constexpr unsigned char kLoopbackV6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};

bool matches(const unsigned char* address, const unsigned char* network, unsigned bits) noexcept {
  const unsigned whole = bits / 8;
  if (std::memcmp(address, network, whole) != 0) return false;
  const unsigned rest = bits % 8;
  return rest == 0 || ((address[whole] ^ network[whole]) >> (8 - rest)) == 0;
}

/// An address as it will be judged: IPv4 that hides in IPv6 has been taken out.
struct Address {
  bool is_v6 = false;
  unsigned char bytes[16] = {};
  std::uint16_t port = 0;
};

/// The IPv4 address that IPv6 bytes carry: mapped (the kernel dials it as IPv4), compatible, or behind NAT64.
const unsigned char* embedded_v4(const unsigned char* bytes) noexcept {
  static constexpr unsigned char kZero[12] = {};
  if (std::memcmp(bytes, kV4Mapped, 12) == 0 || std::memcmp(bytes, kNat64, 12) == 0) return bytes + 12;
  // ::/128 and ::1 are of this shape too, and are addresses of their own.
  const bool is_compatible = std::memcmp(bytes, kZero, 12) == 0 && (bytes[12] | bytes[13] | bytes[14]) != 0;
  return is_compatible ? bytes + 12 : nullptr;
}

std::optional<Address> read(const sockaddr* address) noexcept {
  Address out;
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    std::memcpy(out.bytes, &v4->sin_addr, 4);
    out.port = ntohs(v4->sin_port);
    return out;
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  const auto* bytes = v6->sin6_addr.s6_addr;
  out.port = ntohs(v6->sin6_port);
  if (const auto* v4 = embedded_v4(bytes)) {
    std::memcpy(out.bytes, v4, 4);
  } else {
    out.is_v6 = true;
    std::memcpy(out.bytes, bytes, 16);
  }
  return out;
}

bool is_public(const Address& address) noexcept {
  if (!address.is_v6) {
    return std::none_of(std::begin(kSpecialV4), std::end(kSpecialV4),
                        [&](const Block& block) { return matches(address.bytes, block.bytes, block.bits); });
  }
  if ((address.bytes[0] & 0xe0) != 0x20) return false;
  return std::none_of(std::begin(kSpecialV6), std::end(kSpecialV6),
                      [&](const Block6& block) { return matches(address.bytes, block.bytes, block.bits); });
}

bool is_loopback(const Address& address) noexcept {
  return address.is_v6 ? std::memcmp(address.bytes, kLoopbackV6, 16) == 0 : address.bytes[0] == 127;
}

/// An IP address written out; 4 or 16 bytes.
std::optional<std::string> read_address(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof terminated || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(terminated, text.data(), text.size());
  terminated[text.size()] = '\0';
  char bytes[16];
  if (inet_pton(AF_INET, terminated, bytes) == 1) return std::string(bytes, 4);
  if (inet_pton(AF_INET6, terminated, bytes) == 1) return std::string(bytes, 16);
  return std::nullopt;
}

/// The address that the host of a URL is, if it is one: with the brackets of an IPv6 address or without.
std::optional<std::string> literal_address(std::string_view host) noexcept {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return read_address(host);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

Result<EgressPolicy> EgressPolicy::create(const Settings& settings) {
  EgressPolicy policy;
  policy.allow_loopback_ = settings.allow_loopback;
  policy.ports_ = settings.ports;
  for (const auto& text : settings.allow) {
    const auto slash = text.find('/');
    const auto bytes = read_address(std::string_view(text).substr(0, slash));
    if (!bytes) {
      return fail(ErrorCode::kInvalidConfig,
                  "egress.allow: \"" + text + "\" is no network; write one as 10.1.0.0/16 or fd00::/8");
    }
    const unsigned most = static_cast<unsigned>(bytes->size()) * 8;
    unsigned bits = most;
    if (slash != std::string::npos) {
      const char* first = text.data() + slash + 1;
      const char* last = text.data() + text.size();
      const auto [end, error] = std::from_chars(first, last, bits);
      if (error != std::errc() || end != last || bits > most) {
        return fail(ErrorCode::kInvalidConfig, "egress.allow: \"" + text + "\" has no prefix length from 0 to " +
                                                   std::to_string(most) + " after the slash");
      }
    }
    Network network{bytes->size() == 16, {}, bits};
    std::memcpy(network.bytes, bytes->data(), bytes->size());
    for (unsigned bit = bits; bit < most; ++bit) {
      if ((network.bytes[bit / 8] >> (7 - bit % 8)) & 1) {
        return fail(ErrorCode::kInvalidConfig, "egress.allow: \"" + text + "\" has bits set after its first " +
                                                   std::to_string(bits) + "; write the network's own address");
      }
    }
    // Addresses of these shapes are judged as IPv4, so the network has to be one too.
    if (const auto* v4 = network.is_v6 ? embedded_v4(network.bytes) : nullptr; v4 != nullptr) {
      if (bits < 96) {
        return fail(ErrorCode::kInvalidConfig, "egress.allow: \"" + text +
                                                   "\" is wider than the IPv4 addresses that it begins with; write the "
                                                   "IPv4 network, as 10.1.0.0/16");
      }
      network.is_v6 = false;
      network.bits = bits - 96;
      std::memmove(network.bytes, v4, 4);
    }
    policy.allow_.push_back(network);
  }
  return policy;
}

Result<void> EgressPolicy::check(const sockaddr* address) const {
  const auto judged = read(address);
  if (judged) {
    for (const auto& network : allow_) {
      if (network.is_v6 == judged->is_v6 && matches(judged->bytes, network.bytes, network.bits)) return {};
    }
    const bool port_is_open = ports_.empty() || std::find(ports_.begin(), ports_.end(), judged->port) != ports_.end();
    if (port_is_open && (is_public(*judged) || (allow_loopback_ && is_loopback(*judged)))) return {};
  }
  return fail(ErrorCode::kEgressRefused, std::string(kEgressRefusedText));
}

bool host_is_granted(std::string_view host, const std::vector<std::string>& grants) noexcept {
  const auto address = literal_address(host);
  for (const std::string_view grant : grants) {
    if (grant == "*") return true;
    if (address) {
      if (literal_address(grant) == address) return true;
    } else if (grant.substr(0, 2) == "*.") {
      const auto suffix = grant.substr(1);
      if (host.size() > suffix.size() && equal_ignoring_case(host.substr(host.size() - suffix.size()), suffix)) {
        return true;
      }
    } else if (equal_ignoring_case(host, grant)) {
      return true;
    }
  }
  return false;
}

}  // namespace toolrack::services::http
