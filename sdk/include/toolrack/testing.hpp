/// Unit tests of skills without a host and without a library file. Any test framework; standard library only.
#pragma once

#include <toolrack/plugin.hpp>
#include <toolrack/testing/fake_host.hpp>

namespace toolrack::testing {

/// The entry of a plugin class, for tests that include the class itself.
template <class P>
const tr_entry* entry_of() noexcept {
  return ::toolrack::detail::entry<P>();
}

}  // namespace toolrack::testing
