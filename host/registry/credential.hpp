/// What a manifest says about a credential: its parts, and where they go on the wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::registry {

struct CredentialField {
  std::string name;
  bool secret = true, optional = false;
};

enum class CredentialScheme : std::uint8_t { kHeader, kQuery, kBasic, kBearer, kHmacSha512 };

/// Defaults are filled in: which field, which header. Immutable once its tool is made.
struct Credential {
  std::string name, title, help_url;
  std::vector<CredentialField> fields;  ///< In the manifest's order.
  CredentialScheme scheme = CredentialScheme::kHeader;
  std::string wire_name;           ///< Header or query parameter; of hmac-sha512: the header with the signature.
  std::string value;               ///< Text with {field} in it (schemes header, query, bearer).
  std::string username, password;  ///< Fields (scheme basic); a missing one is sent empty.
  std::string key, key_name;       ///< Field that identifies the caller, and its header (scheme hmac-sha512).
  std::string secret, nonce;       ///< Field that signs, and the body's parameter with the number.

  const CredentialField* find_field(std::string_view field) const noexcept {
    for (const auto& each : fields)
      if (each.name == field) return &each;
    return nullptr;
  }
  /// How many a caller must give; the only one may be given without its name.
  std::size_t required_fields() const noexcept {
    std::size_t count = 0;
    for (const auto& each : fields) count += each.optional ? 0 : 1;
    return count;
  }
};

}  // namespace toolrack::registry
