/// How much a caller may upload in one piece, whatever the way.
#pragma once

#include <cstddef>

namespace toolrack::operations {

inline constexpr std::size_t kMaxUploadBytes = 50 << 20;

}  // namespace toolrack::operations
