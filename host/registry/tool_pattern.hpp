/// Patterns of tools and their skills, as a key's tool set lists them (docs/tool-sets.md).
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::registry {

struct Tool;

/// `[!][owner/]tool[@version][.skill]`, with `*` for any run of characters in every part but the version.
struct ToolPattern {
  bool is_exclusion = false;
  std::string owner;    ///< Empty: the tool that the name leads to in a call, unless `tool` is "*".
  std::string tool;     ///< A slug, or an alias when it has no asterisk.
  std::string version;  ///< "1", "1.4", "1.4.0"; empty: every one.
  std::string skill;    ///< Empty: the tool with all that belongs to it.

  /// kInvalidRequest names what is wrong with which pattern.
  static base::Result<ToolPattern> parse(std::string_view text);

  /// With everything it offers, not only some skills.
  bool is_of_whole_tool() const noexcept { return skill.empty() || skill == "*"; }
};

}  // namespace toolrack::registry
