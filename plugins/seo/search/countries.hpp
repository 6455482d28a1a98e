/// Countries by their codes.
#pragma once

#include <optional>
#include <string_view>

namespace toolrack::seo {

/// The number that ISO 3166-1 gives a country of two capital letters: 276 for DE. Nothing when there is no such
/// country.
std::optional<int> country_number(std::string_view letters);

}  // namespace toolrack::seo
