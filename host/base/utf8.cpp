#include "base/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace toolrack::base {
namespace {

bool is_continuation(unsigned char byte) noexcept { return (byte & 0xC0) == 0x80; }

/// Bytes of the well-formed sequence at `at`, or 0. `at < end`; the first byte is not ASCII.
std::size_t sequence_length(const unsigned char* at, const unsigned char* end) noexcept {
  const auto left = static_cast<std::size_t>(end - at);
  const unsigned char lead = at[0];
  if (lead >= 0xC2 && lead <= 0xDF) return left >= 2 && is_continuation(at[1]) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (left < 3 || !is_continuation(at[1]) || !is_continuation(at[2])) return 0;
    if (lead == 0xE0 && at[1] < 0xA0) return 0;   // Overlong.
    if (lead == 0xED && at[1] >= 0xA0) return 0;  // A surrogate.
    return 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (left < 4 || !is_continuation(at[1]) || !is_continuation(at[2]) || !is_continuation(at[3])) return 0;
    if (lead == 0xF0 && at[1] < 0x90) return 0;   // Overlong.
    if (lead == 0xF4 && at[1] >= 0x90) return 0;  // Above U+10FFFF.
    return 4;
  }
  return 0;
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) noexcept {
  const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = begin + text.size();
  const auto* at = begin;
  while (at != end) {
    while (end - at >= 8) {  // Most text is ASCII: eight bytes a step.
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if ((word & 0x8080808080808080) != 0) break;
      at += 8;
    }
    while (at != end && *at < 0x80) ++at;
    while (at != end && *at >= 0x80) {
      const std::size_t length = sequence_length(at, end);
      if (length == 0) return static_cast<std::size_t>(at - begin);
      at += length;
    }
  }
  return text.size();
}

std::string replace_invalid_utf8(std::string_view text) {
  std::string out;
  for (;;) {
    const auto bad = find_invalid_utf8(text);
    out.append(text.substr(0, bad));
    if (bad == text.size()) return out;
    out.append("\xEF\xBF\xBD");
    text.remove_prefix(bad + 1);
  }
}

std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes) noexcept {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && is_continuation(static_cast<unsigned char>(text[max_bytes]))) --max_bytes;
  return text.substr(0, max_bytes);
}

}  // namespace toolrack::base
