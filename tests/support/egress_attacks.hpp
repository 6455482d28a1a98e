/// The list of ways to dial what must not be dialled (tests/data/egress_attacks.json), and the network that it wants.
#pragma once

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "support/network_namespace.hpp"
#include "support/scripted_dns_server.hpp"

namespace toolrack::test {

/// Stands for a public address; the policy of each test allows it.
inline constexpr const char* kPublicAddress = "203.0.113.10";

inline base::json::Document read_egress_attacks() {
  std::ifstream file(TOOLRACK_SOURCE_DIR "/tests/data/egress_attacks.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return base::json::parse(text).value();
}

/// {port} becomes that port.
inline std::string with_port(std::string_view url, std::uint16_t port) {
  std::string out(url);
  if (const auto at = out.find("{port}"); at != std::string::npos) out.replace(at, 6, std::to_string(port));
  return out;
}

/// Inside a namespace: every address of the list is this machine, and names are asked of 127.0.0.1.
inline void take_attacked_addresses(const base::json::Value& attacks) {
  for (const auto& address : attacks["addresses"].GetArray()) namespace_add_address(address.GetString());
  namespace_use_resolver("127.0.0.1");
}

inline void tell_attacked_names(ScriptedDnsServer& dns, const base::json::Value& attacks) {
  for (const auto& name : attacks["names"].GetObject()) {
    std::vector<std::vector<std::string>> answers;
    for (const auto& list : name.value.GetArray()) {
      auto& addresses = answers.emplace_back();
      for (const auto& address : list.GetArray()) addresses.emplace_back(address.GetString());
    }
    dns.on(name.name.GetString(), std::move(answers));
  }
}

}  // namespace toolrack::test
