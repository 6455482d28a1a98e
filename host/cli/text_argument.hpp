/// The value of an option that may stand in a file: JSON, @FILE, or - for standard input.
#pragma once

#include <string>

#include "base/result.hpp"

namespace toolrack::cli {

/// kInvalidRequest names the file that cannot be read.
base::Result<std::string> text_argument(const std::string& given);

}  // namespace toolrack::cli
