/// The skills of the tool, as coroutines; voice_generator.cpp registers them.
#pragma once

#include <toolrack/plugin.hpp>

namespace toolrack::voice {

Task generate_voice(Call call);
Task list_voices(Call call);
Task transcribe(Call call);

}  // namespace toolrack::voice
