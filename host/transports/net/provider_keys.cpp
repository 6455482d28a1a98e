#include "transports/net/provider_keys.hpp"

#include <algorithm>
#include <string>

namespace toolrack::net {

base::Result<registry::ProviderKeysRef> read_provider_keys(const Headers& headers) {
  if (!has_provider_keys(headers)) return registry::ProviderKeysRef();
  registry::ProviderKeys::Values values;
  const auto refuse = [](std::string_view name, std::string_view why) {
    return base::fail(base::ErrorCode::kInvalidRequest, "the header " + std::string(name) + " " + std::string(why),
                      "Send each provider key once, as the provider gave it.");
  };
  for (const auto& [name, value] : headers) {
    if (name.size() <= kProviderKeyPrefix.size() ||
        !equal_ignoring_case(name.substr(0, kProviderKeyPrefix.size()), kProviderKeyPrefix))
      continue;
    std::string rest(name.substr(kProviderKeyPrefix.size()));
    for (auto& c : rest) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
      if (c == '_') c = '-';
    }
    if (value.empty()) return refuse(name, "is empty");
    if (std::any_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
      return refuse(name, "has a control character");
    if (!values.emplace(std::move(rest), value).second) return refuse(name, "comes twice");
  }
  return std::make_shared<const registry::ProviderKeys>(std::move(values));
}

}  // namespace toolrack::net
