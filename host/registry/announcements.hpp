/// What tools say of their own accord about what they offer. Sources hear it, and whoever has clients that wait for
/// news implements this.
#pragma once

#include <cstdint>
#include <string_view>

namespace toolrack::registry {

/// The lists of a tool. Of skills only where the manifest does not call them dynamic: those that are enter the
/// catalogue, and are told as any change of it.
enum class DynamicList : std::uint8_t { kSkills, kResources, kTemplates, kPrompts };

/// Threads: any. Called from inside plugins and by sources: returns at once.
class Announcements {
 public:
  /// `tool`: whose list it is, as "owner/slug@version"; `account`: who is shown another one; empty: everybody.
  virtual void list_changed(DynamicList list, std::string_view tool, std::string_view account) noexcept = 0;
  virtual void resource_updated(std::string_view uri, std::string_view account) noexcept = 0;
  /// The code of that tool, "owner/slug@version", has ended while it serves, and knows nothing any more of what it was
  /// told: its next call has it begin anew.
  virtual void begun_anew(std::string_view tool) noexcept = 0;

 protected:
  ~Announcements() = default;
};

}  // namespace toolrack::registry
