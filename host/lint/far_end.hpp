/// Everything a plugin can reach from a test host: servers, other tools, knowledge. Fine, or as bad as the world is.
#pragma once

#include <toolrack/testing/fake_host.hpp>

#include <cstdint>

namespace toolrack::lint {

enum class FarEnd : std::uint8_t {
  kFine,    ///< 200 and an object, every time.
  kVaries,  ///< Seeded: other statuses and bodies, failures before and after sending, breaks, delays.
};

/// Scripts answers to whatever the plugin asks.
void script_far_end(testing::FakeHost& host, FarEnd kind, std::uint64_t seed);

}  // namespace toolrack::lint
