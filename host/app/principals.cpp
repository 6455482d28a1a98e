#include "app/principals.hpp"

namespace toolrack::app {

accounts::PrincipalRef local_principal() {
  accounts::Principal principal;
  principal.account = "local";
  principal.scopes = accounts::Scopes::all();
  return std::make_shared<const accounts::Principal>(std::move(principal));
}

accounts::PrincipalRef anonymous_principal() {
  accounts::Principal principal;
  principal.account = "anonymous";
  principal.scopes = accounts::Scopes{accounts::Scope::kToolsRead};
  principal.anonymous = true;
  return std::make_shared<const accounts::Principal>(std::move(principal));
}

}  // namespace toolrack::app
