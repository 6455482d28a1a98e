/// The checks that load, start and end a plugin.
#pragma once

#include <span>
#include <string_view>

#include "lint/skill_checks.hpp"

namespace toolrack::lint {

struct PluginCheck {
  std::string_view name;
  std::string_view what;
  void (*run)(const Bench& bench, Notes& notes);
};

std::span<const PluginCheck> plugin_checks() noexcept;

}  // namespace toolrack::lint
