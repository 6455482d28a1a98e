/// Is what a plugin handed over the JSON it promised?
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace toolrack::sources::native {

enum class JsonKind : unsigned char { kAny, kObject };

/// What is wrong with `json`, for people, or nothing: valid UTF-8, one well-formed value of that kind, nested at most
/// 64 deep. Reads it once; no allocation when all is well, however large it is. Any thread.
std::optional<std::string> find_json_fault(std::string_view json, JsonKind kind);

}  // namespace toolrack::sources::native
