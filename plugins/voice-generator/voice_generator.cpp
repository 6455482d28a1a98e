// The plugin: names its skills, nothing else. What they do is in skills/, what differs between providers in
// requests.hpp.
#include "skills/skills.hpp"

#include <toolrack/plugin.hpp>

namespace {

namespace tr = toolrack;

class VoiceGenerator final : public tr::Plugin {
 public:
  explicit VoiceGenerator(const tr::Host& host) : Plugin(host) {
    skill<&VoiceGenerator::generate_voice>("generate_voice");
    skill<&VoiceGenerator::list_voices>("list_voices");
    skill<&VoiceGenerator::transcribe>("transcribe");
  }

 private:
  tr::Task generate_voice(tr::Call call) { return tr::voice::generate_voice(call); }
  tr::Task list_voices(tr::Call call) { return tr::voice::list_voices(call); }
  tr::Task transcribe(tr::Call call) { return tr::voice::transcribe(call); }
};

}  // namespace

TOOLRACK_PLUGIN(VoiceGenerator)
