/// Where and in which language somebody searches.
#pragma once

#include "search/provider.hpp"
#include "skills/arguments.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace toolrack::seo {

struct Place {
  std::string country;             ///< Two capital letters; "" where `is_own_code`.
  std::int64_t location_code = 0;  ///< As DataForSEO counts: 2000 + the country's number, or a smaller place.
  bool is_own_code = false;        ///< The caller gave the code.
  std::string language;            ///< As given: en, pt-BR.

  /// "pt-br", as Serper writes it.
  std::string lower_language() const;
  /// "pt-BR", as DataForSEO writes it.
  std::string tag_language() const;
};

/// Of `country`, `language` and `location_code`, for this provider. Nothing when it cannot be asked there, and `why`
/// says so.
std::optional<Place> place_of(const Arguments& input, Provider provider, Reply& why);

}  // namespace toolrack::seo
