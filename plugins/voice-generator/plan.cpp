#include "plan.hpp"

#include <algorithm>
#include <iterator>

#include "json.hpp"

namespace toolrack::voice {
namespace {

/// The first of a provider is what it makes when none is asked for. 24 kHz where a rate is chosen: all three have it.
constexpr Format kFormats[] = {
    {"mp3", Provider::kElevenLabs, "mp3_44100_128", "audio/mpeg"},
    {"opus", Provider::kElevenLabs, "opus_48000_128", "audio/ogg"},
    {"wav", Provider::kElevenLabs, "wav_24000", "audio/wav"},
    {"pcm", Provider::kElevenLabs, "pcm_24000", "audio/pcm"},
    {"mp3", Provider::kOpenAi, "mp3", "audio/mpeg"},
    {"opus", Provider::kOpenAi, "opus", "audio/ogg"},
    {"aac", Provider::kOpenAi, "aac", "audio/aac"},
    {"flac", Provider::kOpenAi, "flac", "audio/flac"},
    {"wav", Provider::kOpenAi, "wav", "audio/wav"},
    {"pcm", Provider::kOpenAi, "pcm", "audio/pcm"},
    {"wav", Provider::kGemini, "", "audio/wav"},
    {"pcm", Provider::kGemini, "", "audio/pcm"},
};

struct Ability {
  Provider provider;
  const char* slug;
  const char* title;
  double slowest, fastest;
  std::size_t shortest_language, longest_language;  // Of a language tag; 0: it takes none.
};
constexpr Ability kAbilities[] = {
    {Provider::kElevenLabs, "elevenlabs", "ElevenLabs", 0.7, 1.2, 2, 5},
    {Provider::kOpenAi, "openai", "OpenAI", 0.25, 4, 0, 0},
    {Provider::kGemini, "gemini", "Gemini", 1, 1, 5, 5},
};

const Ability& ability_of(Provider provider) {
  return *std::find_if(std::begin(kAbilities), std::end(kAbilities),
                       [provider](const Ability& each) { return each.provider == provider; });
}

const Format* find_format(Provider provider, const std::string& name) {
  for (const Format& each : kFormats)
    if (each.provider == provider && (name.empty() || name == each.name)) return &each;
  return nullptr;
}

std::string formats_of(Provider provider) {
  std::string names;
  for (const Format& each : kFormats)
    if (each.provider == provider) names += (names.empty() ? "" : ", ") + std::string(each.name);
  return names;
}

/// 0.7, not 0.700000.
std::string short_number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::optional<Reply> fault_of(const Plan& plan, const Catalog& catalog, const rapidjson::Value& input) {
  const Ability& able = ability_of(plan.provider);
  const std::string title = able.title;
  if (plan.model.id.empty()) {
    return cannot("voice.unknown_model", title + " has no model \"" + text_at(input, "/model") + "\" for speech here",
                  "Use one of: " + catalog.model_names() + ". Or leave model out.");
  }
  if (plan.characters > plan.model.max_characters) {
    return cannot("voice.text_too_long",
                  "The text has " + std::to_string(plan.characters) + " characters; " + plan.model.id + " of " + title +
                      " takes at most " + std::to_string(plan.model.max_characters),
                  "Cut the text into several calls, or use a model that takes more.");
  }
  if (!catalog.has_voice(plan.voice)) {
    return cannot("voice.unknown_voice", title + " has no voice \"" + plan.voice + "\"",
                  "list_voices shows the voices of a provider; leave voice out for its default.");
  }
  if (plan.format == nullptr) {
    return cannot("voice.format_not_offered", title + " does not make " + text_at(input, "/format"),
                  "It makes: " + formats_of(plan.provider) + ".");
  }
  if (plan.speed < able.slowest || plan.speed > able.fastest) {
    return cannot("voice.speed_not_offered",
                  title + " speaks at a speed from " + short_number(able.slowest) + " to " +
                      short_number(able.fastest) + ", not " + short_number(plan.speed),
                  "Leave speed out, or use another provider.");
  }
  if (plan.language.empty()) return std::nullopt;
  if (able.longest_language == 0) {
    return cannot("voice.language_not_offered", title + " takes no language: it speaks that of the text",
                  "Leave language out, or use another provider.");
  }
  if (plan.language.size() < able.shortest_language) {
    return cannot("voice.language_not_offered", title + " wants a language with its region, not " + plan.language,
                  "Write it as in de-DE.");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Provider> provider_named(std::string_view slug) {
  for (const Ability& each : kAbilities)
    if (slug == each.slug) return each.provider;
  return std::nullopt;
}

const char* title_of(Provider provider) { return ability_of(provider).title; }

Reply cannot(const char* code, std::string message, std::string hint) {
  Reply reply = Reply::error(TR_INVALID_ARGUMENT, code, std::move(message), std::move(hint));
  reply.add_flags(TR_OUT_NEXT | TR_OUT_NOT_BILLED);
  return reply;
}

std::optional<Plan> make_plan(const Call& call, Reply& why) {
  const rapidjson::Document input = parse(call.input());
  const std::string slug = view(call.backend().provider).str();
  const auto provider = provider_named(slug);
  if (!provider) {
    why = cannot("voice.unknown_provider", "This tool does not know the provider \"" + slug + "\"",
                 "Use elevenlabs, openai or gemini.");
    return std::nullopt;
  }
  const Catalog catalog(view(call.backend().options_json));
  Plan plan;
  plan.provider = *provider;
  plan.model = catalog.find_model(text_at(input, "/model")).value_or(Model());
  plan.text = text_at(input, "/text");
  plan.characters = static_cast<std::int64_t>(count_characters(plan.text));
  plan.voice = text_at(input, "/voice");
  if (plan.voice.empty()) plan.voice = catalog.default_voice();
  plan.language = text_at(input, "/language");
  plan.format = find_format(*provider, text_at(input, "/format"));
  if (const rapidjson::Value* const speed = at(input, "/speed"); speed != nullptr && speed->IsNumber())
    plan.speed = speed->GetDouble();
  if (auto fault = fault_of(plan, catalog, input)) {
    why = *fault;
    return std::nullopt;
  }
  return plan;
}

}  // namespace toolrack::voice
