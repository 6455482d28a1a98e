/// Where in a configuration file a value stands.
#pragma once

#include <cstddef>
#include <string_view>

namespace toolrack::app {

/// The line, from 1, of the value that a JSON Pointer names in `text` (JSON with comments, well-formed); of its nearest
/// parent that is there when it is not.
std::size_t line_of(std::string_view text, std::string_view pointer);

/// The line, from 1, where an object has a name for the second time; 0 when none has.
std::size_t line_of_repeated_name(std::string_view text);

}  // namespace toolrack::app
