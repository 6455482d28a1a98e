#include "base/version.hpp"

namespace toolrack::base {

const std::string_view kVersion = TOOLRACK_VERSION;

}  // namespace toolrack::base
