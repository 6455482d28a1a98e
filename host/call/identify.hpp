/// Stage 1: who calls. Used by the transports before anything else is read of a request.
#pragma once

#include <string_view>

#include "accounts/keys.hpp"
#include "accounts/principal.hpp"

namespace toolrack::call {

enum class Mode : std::uint8_t { kLocal, kHosted };

/// What a request shows of its sender.
struct Presented {
  std::string_view authorization;  ///< The header's value, or empty.
  bool owner_socket = false;       ///< Came through <data>/toolrack.sock, which only the operator can open.
};

/// One per loop; used by that loop's thread.
class Identifier {
 public:
  Identifier(Mode mode, const accounts::Keys& keys, accounts::PrincipalRef local, accounts::PrincipalRef anonymous)
      : mode_(mode), keys_(keys), local_(std::move(local)), anonymous_(std::move(anonymous)) {}

  /// The operator's own socket and local mode without a key: the local principal. A key that is shown must be good in
  /// any mode. Hosted mode without a key: the anonymous principal, which may discover but not call. The reference holds
  /// until the next call.
  base::Result<std::reference_wrapper<const accounts::PrincipalRef>> identify(const Presented& presented);

 private:
  const Mode mode_;
  accounts::Keys::Reader keys_;
  const accounts::PrincipalRef local_, anonymous_;
};

/// kAuthRequired for an anonymous principal, kInsufficientScope (names the scope) for one that lacks it.
base::Result<void> require(const accounts::Principal& principal, accounts::Scope scope);

}  // namespace toolrack::call
