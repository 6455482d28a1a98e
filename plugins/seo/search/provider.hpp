/// The services that know what search engines show and what people look for.
#pragma once

#include <toolrack/plugin.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::seo {

enum class Provider : std::uint8_t { kSerper, kDataForSeo };

/// By its slug in the manifest.
std::optional<Provider> provider_named(std::string_view slug);
/// As people write it.
const char* title_of(Provider provider);
/// A refusal before anything is sent: another provider may be able to.
Reply cannot(const char* code, std::string message, std::string hint);
/// The provider's answer is none. It was probably paid: another provider may try, this one is not asked again.
Reply garbage(Provider provider, const std::string& what);

}  // namespace toolrack::seo
