#include "sources/native/plugin_file.hpp"

namespace toolrack::sources::native {

std::string_view to_string(PluginState state) noexcept {
  switch (state) {
    case PluginState::kDiscovered:
      return "discovered";
    case PluginState::kChecked:
      return "checked";
    case PluginState::kLoaded:
      return "loaded";
    case PluginState::kCreated:
      return "created";
    case PluginState::kStarted:
      return "started";
    case PluginState::kServing:
      return "serving";
    case PluginState::kDraining:
      return "draining";
    case PluginState::kStopped:
      return "stopped";
    case PluginState::kDestroyed:
      return "destroyed";
    case PluginState::kClosed:
      return "closed";
    case PluginState::kResident:
      return "resident";
    case PluginState::kFailed:
      return "failed";
    case PluginState::kDuplicate:
      break;
  }
  return "duplicate";
}

}  // namespace toolrack::sources::native
