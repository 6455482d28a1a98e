/// How long tests wait for what must come.
#pragma once

#include <chrono>

namespace toolrack::test {

/// Only a test that fails waits so long: long enough for a sanitized build on a busy machine.
inline constexpr std::chrono::seconds kPatience{60};

}  // namespace toolrack::test
