/// Parts of JSON text as they were written, where parsing and writing again would change them (1.0, 1e2, escapes,
/// order). All functions take text that json::parse has accepted.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace toolrack::registry {

/// Without the white space between tokens.
std::string compact(std::string_view json);

/// The text of a member's value in the compact text of an object; empty when it is not there.
std::string_view member_text(std::string_view compact_object, std::string_view key);

/// The texts of the items in the compact text of an array.
std::vector<std::string_view> item_texts(std::string_view compact_array);

}  // namespace toolrack::registry
