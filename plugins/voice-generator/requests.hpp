/// One plan as each provider wants to be asked.
#pragma once

#include <toolrack/plugin.hpp>

#include "plan.hpp"

namespace toolrack::voice {

/// A POST that is charged when it works, so it is sent once. Of ElevenLabs and OpenAI the answer is the audio; of
/// Gemini it is JSON that holds the audio.
HttpRequest speech_request(const Plan& plan);
/// A page of ElevenLabs' voices. `page`: where the page before said to go on, else "".
HttpRequest voices_request(const std::string& search, const std::string& page, std::int64_t limit);

}  // namespace toolrack::voice
