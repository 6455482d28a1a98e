/// Where the host may connect to, decided on the address that is really dialled (so redirects, DNS tricks and odd
/// spellings of addresses change nothing).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/published.hpp"
#include "base/result.hpp"

namespace toolrack::services::http {

/// The message of every refusal of an address: it tells nothing about what is there.
inline constexpr std::string_view kEgressRefusedText = "The address is not one that this rack may connect to";

/// Immutable after construction; any thread.
class EgressPolicy {
 public:
  struct Settings {
    bool allow_loopback = false;       ///< Local mode: 127.0.0.0/8 and ::1.
    std::vector<std::string> allow;    ///< More by CIDR: "10.1.0.0/16", "fd00::/8".
    std::vector<std::uint16_t> ports;  ///< Empty: every port, else only these (allowed CIDRs are not bound by it).
  };
  /// kInvalidConfig names a CIDR that cannot be read.
  static base::Result<EgressPolicy> create(const Settings& settings);

  /// IPv4 outside the IANA special-purpose registry, IPv6 inside 2000::/3 less its special blocks, and what was
  /// allowed. IPv4 embedded in IPv6 is judged as the IPv4 address. Refused: kEgressRefused, always the same text (no
  /// oracle).
  base::Result<void> check(const sockaddr* address) const;

 private:
  struct Network {
    bool is_v6;
    unsigned char bytes[16];
    unsigned bits;
  };
  EgressPolicy() = default;
  std::vector<Network> allow_;
  std::vector<std::uint16_t> ports_;
  bool allow_loopback_ = false;
};

/// What holds now; an operator may replace it while requests run. Connections that are kept are judged again with each
/// request.
using PublishedEgress = base::Published<EgressPolicy>;

/// Does a grant ("api.example.com", "*.example.com", "*") cover the host? Case-insensitive; an address must be granted
/// literally or by "*"; "*.example.com" covers sub-domains only.
bool host_is_granted(std::string_view host, const std::vector<std::string>& grants) noexcept;

}  // namespace toolrack::services::http
