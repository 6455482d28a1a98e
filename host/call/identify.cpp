#include "call/identify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace toolrack::call {
namespace {

using base::ErrorCode;
using base::fail;

/// The token of "Bearer <token>"; the scheme's name is case-insensitive (RFC 9110).
base::Result<std::string_view> bearer_token(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  const bool is_bearer = header.size() > kScheme.size() &&
                         std::equal(kScheme.begin(), kScheme.end(), header.begin(), [](char expected, char given) {
                           return expected == std::tolower(static_cast<unsigned char>(given));
                         });
  if (!is_bearer) return fail(ErrorCode::kInvalidKey, "the Authorization header is not of the form \"Bearer <key>\"");
  auto token = header.substr(kScheme.size());
  token.remove_prefix(std::min(token.find_first_not_of(' '), token.size()));
  return token;
}

}  // namespace

base::Result<std::reference_wrapper<const accounts::PrincipalRef>> Identifier::identify(const Presented& presented) {
  if (presented.owner_socket) return std::cref(local_);
  if (presented.authorization.empty()) return std::cref(mode_ == Mode::kLocal ? local_ : anonymous_);
  return keys_.find(TRY(bearer_token(presented.authorization)));
}

base::Result<void> require(const accounts::Principal& principal, accounts::Scope scope) {
  if (principal.scopes.has(scope)) return {};
  if (principal.anonymous) return fail(ErrorCode::kAuthRequired, "this needs an API key");
  return fail(ErrorCode::kInsufficientScope, fmt::format("the key lacks the scope \"{}\"", to_string(scope)));
}

}  // namespace toolrack::call
