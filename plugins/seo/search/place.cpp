#include "search/place.hpp"

#include "search/countries.hpp"

#include <algorithm>

namespace toolrack::seo {
namespace {

char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::string Place::lower_language() const { return to_lower(language); }

std::string Place::tag_language() const {
  std::string out = lower_language();
  if (const auto dash = out.find('-'); dash != std::string::npos)
    std::transform(out.begin() + static_cast<std::ptrdiff_t>(dash), out.end(),
                   out.begin() + static_cast<std::ptrdiff_t>(dash), upper);
  return out;
}

std::optional<Place> place_of(const Arguments& input, Provider provider, Reply& why) {
  constexpr int kCountries = 2000;
  Place place;
  place.language = input.text("language", "en");
  if (input.has("location_code")) {
    if (provider != Provider::kDataForSeo) {
      why = cannot("seo.location_not_offered", "Serper takes no location code, only a country",
                   "Pass country instead of location_code, or let DataForSEO answer.");
      return std::nullopt;
    }
    place.location_code = static_cast<std::int64_t>(input.number("location_code", 0));
    place.is_own_code = true;
    return place;
  }
  place.country = input.text("country", "US");
  std::transform(place.country.begin(), place.country.end(), place.country.begin(), upper);
  const auto number = country_number(place.country);
  if (!number) {
    why = Reply::error(TR_INVALID_ARGUMENT, "seo.unknown_country",
                       "\"" + place.country + "\" is no country of ISO 3166-1",
                       "Pass its two letters, such as DE or US, or a location_code of DataForSEO.");
    return std::nullopt;
  }
  place.location_code = kCountries + *number;
  return place;
}

}  // namespace toolrack::seo
