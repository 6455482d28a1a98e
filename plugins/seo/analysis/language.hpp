/// Language codes as pages use them.
#pragma once

#include <string>
#include <string_view>

namespace toolrack::seo {

/// Why search engines ignore this hreflang value, with what was probably meant; empty when it is fine. Accepted are an
/// ISO 639-1 language, optionally a script and an ISO 3166-1 or UN M.49 region, and "x-default".
std::string hreflang_problem(std::string_view value);

/// Whether `tag` is a well-formed BCP 47 tag whose language, if it has two letters, exists.
bool is_language_tag(std::string_view tag) noexcept;

/// The language alone in lower case: "pt" of "pt-BR".
std::string primary_language(std::string_view tag);

}  // namespace toolrack::seo
