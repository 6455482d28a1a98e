/// What tools say of their own accord about what they offer. Sources hear it, and whoever has clients that wait for
/// news implements this.
#pragma once

#include <cstdint>
#include <string_view>

namespace toolrack::registry {

/// The lists that a tool makes while it runs (`dynamic` of its manifest).
enum class DynamicList : std::uint8_t { kSkills, kResources, kTemplates, kPrompts };

/// Threads: any. Called from inside plugins: returns at once.
class Announcements {
 public:
  /// `account`: whose list it is; empty: everybody's.
  virtual void list_changed(DynamicList list, std::string_view account) noexcept = 0;
  virtual void resource_updated(std::string_view uri, std::string_view account) noexcept = 0;

 protected:
  ~Announcements() = default;
};

}  // namespace toolrack::registry
