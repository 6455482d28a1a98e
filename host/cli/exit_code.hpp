/// What a command's exit status says. docs/cli.md lists the same table.
#pragma once

#include "base/error.hpp"

namespace toolrack::cli {

enum ExitCode : int {
  kOk = 0,
  kFailure = 1,      ///< Something went wrong inside.
  kUsage = 2,        ///< The command line is not one.
  kAuth = 3,         ///< A key is missing, wrong, or lacks a scope.
  kBilling = 4,      ///< Not enough credits, or the price is above the limit.
  kRateLimit = 5,    ///< Too often, or too many at once.
  kInvalid = 6,      ///< The input, a file or the configuration is not what it must be.
  kProvider = 7,     ///< The tool, or the service behind it, failed.
  kNotFound = 8,     ///< No such tool, skill, version, key or route.
  kUnreachable = 9,  ///< No gateway answers there.
};

int exit_code(base::ErrorType type) noexcept;
/// The same of a type's public name, as a reply carries it.
int exit_code(std::string_view type) noexcept;

}  // namespace toolrack::cli
