#include "pcm.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace toolrack::voice {
namespace {

/// The quote that ends the string that begins at `from`; the end of the document where none does.
std::size_t end_of_string(std::string_view json, std::size_t from) {
  for (std::size_t quote = json.find('"', from); quote != std::string_view::npos; quote = json.find('"', quote + 1)) {
    std::size_t backslashes = 0;
    while (quote - backslashes > from && json[quote - backslashes - 1] == '\\') ++backslashes;
    if (backslashes % 2 == 0) return quote;
  }
  return json.size();
}

constexpr std::uint8_t kForeign = 64;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  for (auto& each : values) each = kForeign;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  return values;
}
constexpr auto kValues = make_values();

bool drop_end(std::string_view& text, std::string_view end) {
  if (!text.ends_with(end)) return false;
  text.remove_suffix(end.size());
  return true;
}

void put_number(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFFU);
}

}  // namespace

Lifted lift_data(std::string_view json) {
  Lifted out;
  std::string_view last;     // The string before; a member's name where a colon follows.
  std::size_t copied = 0;    // Up to here it is in out.json, or left out.
  std::size_t last_end = 0;  // Behind `last`.
  for (std::size_t quote = json.find('"'); quote != std::string_view::npos && quote < json.size();) {
    const std::size_t end = end_of_string(json, quote + 1);
    const std::string_view text = json.substr(quote + 1, end - quote - 1);
    const std::string_view between = json.substr(last_end, quote - last_end);
    const bool is_value =
        between.find_first_not_of(" \t\r\n:") == std::string_view::npos && between.find(':') != std::string_view::npos;
    if (is_value && last == "data") {
      out.json.append(json.substr(copied, quote - copied)).append(std::to_string(out.data.size()));
      out.data.push_back(text);
      copied = std::min(end + 1, json.size());
    }
    last = is_value ? std::string_view() : text;
    last_end = std::min(end + 1, json.size());
    quote = json.find('"', last_end);
  }
  out.json.append(json.substr(copied));
  return out;
}

std::optional<Base64> Base64::of(std::string_view text) {
  for (int i = 0; i < 2; ++i)
    if (!drop_end(text, "=")) drop_end(text, "\\u003d");
  if (text.size() % 4 == 1) return std::nullopt;
  return Base64(text);
}

std::optional<std::string> Base64::next() {
  constexpr std::size_t kPieceChars = 256 * 1024;
  const std::string_view piece = rest_.substr(0, kPieceChars);
  rest_.remove_prefix(piece.size());
  std::string out;
  out.reserve(piece.size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < piece.size(); ++i) {
    const std::uint8_t value = kValues[static_cast<unsigned char>(piece[i])];
    if (value == kForeign) return std::nullopt;
    bits = bits << 6 | value;
    // Of four characters the first completes no byte; the bits left over at the end are none.
    if (i % 4 != 0) out += static_cast<char>(bits >> (6 - 2 * (i % 4)) & 0xFFU);
  }
  return out;
}

std::optional<std::uint32_t> sample_rate(std::string_view media_type) {
  std::uint32_t rate = 0;
  bool is_first = true;
  while (!media_type.empty()) {
    const std::size_t semicolon = std::min(media_type.find(';'), media_type.size());
    std::string_view word = media_type.substr(0, semicolon);
    media_type.remove_prefix(std::min(semicolon + 1, media_type.size()));
    word.remove_prefix(std::min(word.find_first_not_of(' '), word.size()));
    if (is_first && word != "audio/L16" && word != "audio/l16") return std::nullopt;
    is_first = false;
    if (word.starts_with("channels=") && word != "channels=1") return std::nullopt;
    constexpr std::string_view kRate = "rate=";
    if (word.starts_with(kRate)) std::from_chars(word.data() + kRate.size(), word.data() + word.size(), rate);
  }
  constexpr std::uint32_t kHighest = 192'000;
  if (rate == 0 || rate > kHighest) return std::nullopt;
  return rate;
}

std::string wav_header(std::uint32_t rate, std::uint32_t data_bytes) {
  constexpr std::uint32_t kFormatBytes = 16, kPcm = 1, kChannels = 1;
  std::string out = "RIFF";
  put_number(out, static_cast<std::uint32_t>(kWavHeaderBytes) - 8 + data_bytes, 4);
  out += "WAVEfmt ";
  put_number(out, kFormatBytes, 4);
  put_number(out, kPcm, 2);
  put_number(out, kChannels, 2);
  put_number(out, rate, 4);
  put_number(out, rate * kBytesPerSample, 4);
  put_number(out, kBytesPerSample, 2);
  put_number(out, kBytesPerSample * 8, 2);
  out += "data";
  put_number(out, data_bytes, 4);
  return out;
}

}  // namespace toolrack::voice
