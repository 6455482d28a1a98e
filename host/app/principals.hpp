/// Callers whom no key names.
#pragma once

#include "accounts/principal.hpp"

namespace toolrack::app {

/// Everybody in local mode: account `local`, every scope.
accounts::PrincipalRef local_principal();
/// Whoever comes without a key to a hosted gateway: may look at tools, and nothing else.
accounts::PrincipalRef anonymous_principal();

}  // namespace toolrack::app
