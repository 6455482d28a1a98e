/// What a configuration that was read again may change in a gateway that runs, and what has to wait for a restart.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/config.hpp"

namespace toolrack::app {

struct ConfigField {
  std::string_view name;  ///< As in the file: "log.level".
  bool is_live;           ///< May change while the gateway runs.
  bool (*is_equal)(const Config& a, const Config& b);
  void (*copy)(const Config& from, Config& to);
};

/// Every field there is.
std::span<const ConfigField> config_fields() noexcept;

/// Names of fields, in the order of `config_fields`.
struct ConfigChanges {
  std::vector<std::string_view> live;     ///< Differ, and may.
  std::vector<std::string_view> restart;  ///< Differ, and stay as they were.
  bool has(std::string_view name) const noexcept;
};

ConfigChanges compare(const Config& running, const Config& wanted);

/// `running` with the live fields of `wanted`.
Config with_live_fields(const Config& running, const Config& wanted);

/// "log.level, owners"; "nothing" for none.
std::string join(std::span<const std::string_view> names);

}  // namespace toolrack::app
