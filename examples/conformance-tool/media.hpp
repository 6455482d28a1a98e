/// The smallest picture and sound there are.
#pragma once

#include <string_view>

namespace media {

/// PNG, one red pixel.
inline constexpr std::string_view kImageBase64 =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mP4z8AAAAMBAQD3A0FDAAAAAElFTkSuQmCC";
inline constexpr std::string_view kImage(
    "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\xda"
    "c\xf8\xcf\xc0\0\0\x03\x01\x01\0\xf7\x03"
    "AC\0\0\0\0IEND\xae"
    "B`\x82",
    69);

/// WAV, a millisecond of silence.
inline constexpr std::string_view kSound(
    "RIFF,\0\0\0WAVEfmt "
    "\x10\0\0\0\x01\0\x01\0@\x1f\0\0@\x1f\0\0\x01\0\x08\0data\x08\0\0\0\x80\x80\x80\x80\x80\x80\x80\x80",
    52);

}  // namespace media
