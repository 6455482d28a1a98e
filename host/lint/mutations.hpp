/// Inputs that nobody thought of. Most are for a validator to refuse; those that it does not are what a plugin meets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace toolrack::lint {

/// `input` (JSON) with one thing wrong: a member gone or unknown, of another type, far too long, too deep, another
/// root, cut off. Equal seeds make equal mutations. The result need not be JSON, but is UTF-8.
std::string mutate(std::string_view input, std::uint64_t seed);

}  // namespace toolrack::lint
