/// The media type of a file by its name, where a skill said nothing.
#pragma once

#include <string_view>

namespace toolrack::services::assets {

/// "application/octet-stream" for endings that are not known.
std::string_view media_type_of(std::string_view file_name) noexcept;

}  // namespace toolrack::services::assets
