/// The version of this program, from the project's CMakeLists.txt.
#pragma once

#include <string_view>

namespace toolrack::base {

extern const std::string_view kVersion;  ///< "0.1.0".

}  // namespace toolrack::base
