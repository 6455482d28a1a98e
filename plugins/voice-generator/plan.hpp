/// What is asked for, held against what the provider of this attempt can do, before anything is sent.
#pragma once

#include <toolrack/plugin.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "catalog.hpp"

namespace toolrack::voice {

enum class Provider : std::uint8_t { kElevenLabs, kOpenAi, kGemini };

/// By its slug in the manifest.
std::optional<Provider> provider_named(std::string_view slug);
/// As people write it.
const char* title_of(Provider provider);

struct Format {
  const char* name;  ///< As callers write it.
  Provider provider;
  const char* wire;  ///< As the provider writes it.
  const char* media_type;
};

struct Plan {
  Provider provider = Provider::kOpenAi;
  Model model;
  std::string text, voice, language;  ///< `language`: "" when none is asked for.
  std::int64_t characters = 0;
  double speed = 1;
  const Format* format = nullptr;
};

/// nullopt: the provider cannot do it, and `why` says so in a way that lets the host try another one.
std::optional<Plan> make_plan(const Call& call, Reply& why);
/// A refusal before anything is sent: another provider may be able to.
Reply cannot(const char* code, std::string message, std::string hint);

}  // namespace toolrack::voice
