/// A recording as each provider wants to be given it.
#pragma once

#include <toolrack/plugin.hpp>

#include <cstdint>
#include <string>

#include "plan.hpp"
#include "skills/audio_file.hpp"

namespace toolrack::voice {

struct TranscriptAsk {
  Provider provider = Provider::kOpenAi;
  std::string model;
  std::string language;  ///< ISO 639-1; "" when it is not known.
  std::string base64;    ///< The recording, where Gemini is asked.
};

bool is_heard_by_gemini(const AudioFile& file);
/// A POST that is charged when it works, so it is sent once. `chance`: a random number, for what stands between the
/// parts of a form; OpenAI and ElevenLabs get the asset's bytes in one. Gemini gets `ask.base64` inside JSON.
HttpRequest transcript_request(TranscriptAsk ask, const AudioFile& file, std::uint64_t chance);

}  // namespace toolrack::voice
