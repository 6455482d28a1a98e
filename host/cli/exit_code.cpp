#include "cli/exit_code.hpp"

namespace toolrack::cli {

int exit_code(base::ErrorType type) noexcept {
  using T = base::ErrorType;
  switch (type) {
    case T::kAuth:
      return kAuth;
    case T::kBilling:
      return kBilling;
    case T::kRateLimit:
      return kRateLimit;
    case T::kValidation:
      return kInvalid;
    case T::kProvider:
      return kProvider;
    case T::kNotFound:
      return kNotFound;
    case T::kInternal:
      break;
  }
  return kFailure;
}

int exit_code(std::string_view type) noexcept {
  using T = base::ErrorType;
  for (const auto known : {T::kAuth, T::kBilling, T::kRateLimit, T::kValidation, T::kProvider, T::kNotFound})
    if (to_string(known) == type) return exit_code(known);
  return kFailure;
}

}  // namespace toolrack::cli
