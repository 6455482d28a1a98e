/// Who calls: an account, the key it used, and what that key may do.
#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace toolrack::registry {
class ToolSet;
}

namespace toolrack::accounts {

class KeyLimits;

/// What a key may do. A set of bits, so that asking costs nothing; the names are the public ones.
enum class Scope : std::uint32_t {
  kToolsRead = 1,        ///< "tools:read"
  kToolsCall = 2,        ///< "tools:call"
  kKeysRead = 4,         ///< "keys:read"
  kKeysWrite = 8,        ///< "keys:write"
  kUsageRead = 16,       ///< "usage:read"
  kApprovalsWrite = 64,  ///< "approvals:write": agree to calls that wait for a person.
  kAdmin = 32,           ///< "admin": the operator's view of plugins and other accounts.
};

class Scopes {
 public:
  constexpr Scopes() = default;
  constexpr Scopes(std::initializer_list<Scope> scopes) {
    for (const auto scope : scopes) bits_ |= static_cast<std::uint32_t>(scope);
  }
  static constexpr Scopes all() {
    return Scopes{Scope::kToolsRead, Scope::kToolsCall,      Scope::kKeysRead, Scope::kKeysWrite,
                  Scope::kUsageRead, Scope::kApprovalsWrite, Scope::kAdmin};
  }
  /// Everything but admin and approvals:write, because most keys are an agent's: what a new key gets unless it is told
  /// otherwise.
  static constexpr Scopes standard() {
    return Scopes{Scope::kToolsRead, Scope::kToolsCall, Scope::kKeysRead, Scope::kKeysWrite, Scope::kUsageRead};
  }
  /// kInvalidRequest names an unknown scope and lists the known ones.
  static base::Result<Scopes> parse(const std::vector<std::string>& names);
  std::vector<std::string_view> names() const;
  constexpr bool has(Scope scope) const noexcept { return (bits_ & static_cast<std::uint32_t>(scope)) != 0; }
  constexpr bool covers(Scopes other) const noexcept { return (other.bits_ & ~bits_) == 0; }
  constexpr std::uint32_t bits() const noexcept { return bits_; }

 private:
  std::uint32_t bits_ = 0;
};

std::string_view to_string(Scope scope) noexcept;

/// Immutable; shared by everything that happens under one key.
struct Principal {
  std::string account;  ///< "local", or "acc_<ulid>".
  std::string key_id;   ///< Empty in local mode and for anonymous callers.
  Scopes scopes;
  bool anonymous = false;             ///< Hosted mode without a key: may discover, not call.
  std::shared_ptr<KeyLimits> limits;  ///< Null: not limited.
  /// Becomes true when the key is revoked or has expired, for calls that run then; null: it has none that could be.
  std::shared_ptr<const std::atomic<bool>> revoked = nullptr;
  /// What it sees and calls of the catalogue, everywhere; null: everything.
  std::shared_ptr<const registry::ToolSet> tools = nullptr;

  bool is_revoked() const noexcept { return revoked != nullptr && revoked->load(std::memory_order_relaxed); }
};

using PrincipalRef = std::shared_ptr<const Principal>;

}  // namespace toolrack::accounts
