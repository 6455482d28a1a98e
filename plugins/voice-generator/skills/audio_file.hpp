/// The recording that is to be written down: an asset, or a file of the web that becomes one.
#pragma once

#include <toolrack/plugin.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::voice {

struct AudioFile {
  AudioFile() {}                 // A user-declared constructor, for the sake of g++-12 (docs/style.md).
  std::optional<Reply> failure;  ///< The skill's answer when there is no file that is transcribed.
  std::string id;                ///< Of the asset.
  std::string media_type;        ///< Of audio or video that both providers read.
  std::string extension;         ///< That goes with it.
  std::int64_t bytes = 0;
};

/// `asset`: an id; or, where it is "", `url`: an absolute http or https URL, which the host fetches through its egress
/// rules, without any credential, up to 50 MB. The file never passes through here.
Async<AudioFile> audio_file(Call call, std::string asset, std::string url);

struct InlineAudio {
  InlineAudio() {}
  std::optional<Reply> failure;
  std::string base64;
};

/// The asset's bytes as a provider takes them inside JSON, held once.
Async<InlineAudio> inline_audio(Call call, std::string id, std::int64_t bytes);

}  // namespace toolrack::voice
