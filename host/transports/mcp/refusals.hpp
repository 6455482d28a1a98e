/// Words for what is refused: they name the value and say what was expected, or what to do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::mcp {

/// `where` is a member as the client knows it: "params.uri". `given`: null when it is missing.
/// "params.uri is a number; it must be a string".
std::string wrong_type(std::string_view where, const base::json::Value* given, std::string_view expected);

/// What is followed is kept for its client, so it is no longer than the URIs of manifests.
inline constexpr std::size_t kLongestFollowed = 2'000;
/// "params.uri has 3000 bytes; it may have 2000 at most".
std::string too_long(std::string_view where, std::string_view given, std::size_t most);

/// As `wrong_type` of a progressToken in `meta`, an object; nothing when there is none, or a good one.
std::optional<std::string> wrong_progress_token(const base::json::Value& meta);

/// Of a log level, which `out` becomes when nothing is wrong.
std::optional<std::string> read_log_level(std::string_view where, const base::json::Value* given, std::uint8_t& out);

/// A tool, a task: "there is no task "x": <remedy>".
std::string not_there(std::string_view what, std::string_view name, std::string_view remedy);

/// What an error says, and what to do, because clients show the message alone: "expose="x" is unknown. Use expose=flat
/// …".
std::string with_remedy(const base::Error& error);

/// Of a list that has not given that cursor.
std::string bad_cursor(const base::json::Value& cursor);

/// `id` is the whole, which is repeated in part only: enough to tell which one it was.
std::string no_session(std::string_view id);

}  // namespace toolrack::mcp
