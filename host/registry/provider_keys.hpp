/// The provider keys that a caller sends along with one call, to pay the provider itself.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace toolrack::registry {

/// By the rest of `X-Provider-Key-<rest>`, in lower case with '-' for '_'. They live as long as the call, and are
/// stored nowhere. Immutable once made; any thread.
class ProviderKeys {
 public:
  using Values = std::map<std::string, std::string, std::less<>>;
  explicit ProviderKeys(Values values) : values_(std::move(values)) {}
  ProviderKeys(const ProviderKeys&) = delete;
  ProviderKeys& operator=(const ProviderKeys&) = delete;

  /// Null when there is none of that name.
  const std::string* find(std::string_view name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
  }

 private:
  Values values_;
};

/// Null: the caller sent none.
using ProviderKeysRef = std::shared_ptr<const ProviderKeys>;

}  // namespace toolrack::registry
