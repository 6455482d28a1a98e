/// The caller's own provider keys, as they come with a request: `X-Provider-Key-<Provider>[-<Field>]`.
#pragma once

#include "base/result.hpp"
#include "registry/provider_keys.hpp"
#include "transports/net/headers.hpp"

namespace toolrack::net {

inline constexpr std::string_view kProviderKeyPrefix = "x-provider-key-";

/// A look at each name's length and first letter, so that requests without keys pay nothing that shows.
inline bool has_provider_keys(const Headers& headers) noexcept {
  for (const auto& field : headers) {
    if (field.name.size() > kProviderKeyPrefix.size() && (field.name[0] | 0x20) == 'x' &&
        equal_ignoring_case(field.name.substr(0, kProviderKeyPrefix.size()), kProviderKeyPrefix))
      return true;
  }
  return false;
}

/// Null when there are none. kInvalidRequest names a header that comes twice, is empty, or has a control character;
/// never its value.
base::Result<registry::ProviderKeysRef> read_provider_keys(const Headers& headers);

}  // namespace toolrack::net
