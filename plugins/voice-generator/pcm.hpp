/// Gemini's audio: base64 of headerless 16-bit samples inside JSON, to the bytes of a file, piece by piece.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::voice {

/// A JSON document without its bulk: each string that is a member `data` is taken out, and its place in `data` stands
/// there instead, as a number. The bulk is neither copied nor read.
struct Lifted {
  std::string json;
  std::vector<std::string_view> data;  ///< Between the quotes, as they stand in the document; they borrow from it.
};
Lifted lift_data(std::string_view json);

/// Base64 as JSON carries it: also with its padding written \u003d. A view; the text lives elsewhere.
class Base64 {
 public:
  /// nullopt when its length is none that base64 has.
  static std::optional<Base64> of(std::string_view text);
  /// Of what it stands for.
  std::uint64_t size() const noexcept { return text_.size() / 4 * 3 + text_.size() % 4 * 3 / 4; }
  /// The next piece, at most 192 KiB; "" at the end. nullopt for a character that is not base64.
  std::optional<std::string> next();

 private:
  explicit Base64(std::string_view text) : text_(text), rest_(text) {}
  std::string_view text_, rest_;
};

/// Of "audio/L16;codec=pcm;rate=24000"; nullopt for what is no such type, or has another number of channels than one.
std::optional<std::uint32_t> sample_rate(std::string_view media_type);
constexpr std::size_t kWavHeaderBytes = 44;
constexpr std::uint32_t kBytesPerSample = 2;
/// Of a file with one channel of 16-bit samples, `data_bytes` of them in bytes (at most 4 GiB less the header).
std::string wav_header(std::uint32_t rate, std::uint32_t data_bytes);

}  // namespace toolrack::voice
