/// What `toolrack plugins` shows, as JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sources/native/frame_watch.hpp"
#include "sources/native/plugin_file.hpp"

namespace toolrack::app {

/// An array of {path, state, tool?, version?, build_id?, bundled, size, calls, misuses, loaded_at, listed_skills?,
/// list_problem?, demoted_skills, code?, message?, remedy?}.
std::string plugins_json(std::span<const sources::native::PluginFile> files);

/// What /health says of those that run in processes of their own: {running, ended, down: [tools], sandbox?, missing?}.
/// No process is named: anybody may ask.
std::string workers_json(std::span<const sources::native::PluginFile> files);

/// {hanging: [{skill, where, ms}], safe_mode?}; `safe_mode` is a JSON object, or empty.
std::string safety_json(std::span<const sources::native::HangingFrame> hanging, std::string_view safe_mode);

}  // namespace toolrack::app
