#include "analysis/text.hpp"

namespace toolrack::seo {

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = to_lower(c);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && starts_with_ignoring_case(a, b);
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) noexcept {
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    if (to_lower(text[i]) != to_lower(prefix[i])) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string collapse_space(std::string_view text) {
  constexpr std::string_view kNoBreakSpace = "\xC2\xA0";
  std::string out;
  out.reserve(text.size());
  bool pending = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_space(text[i])) {
      pending = true;
    } else if (text.substr(i, 2) == kNoBreakSpace) {
      pending = true;
      ++i;
    } else {
      if (pending && !out.empty()) out += ' ';
      pending = false;
      out += text[i];
    }
  }
  return out;
}

bool next_piece(std::string_view& rest, char separator, std::string_view& piece) noexcept {
  if (rest.data() == nullptr) return false;
  const std::size_t end = rest.find(separator);
  piece = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return true;
}

bool next_token(std::string_view& rest, std::string_view& token) noexcept {
  std::size_t begin = 0;
  while (begin < rest.size() && is_space(rest[begin])) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && !is_space(rest[end])) ++end;
  token = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return !token.empty();
}

bool has_token(std::string_view list, std::string_view token) noexcept {
  std::string_view each;
  while (next_token(list, each)) {
    if (equals_ignoring_case(each, token)) return true;
  }
  return false;
}

char32_t next_code_point(std::string_view text, std::size_t& offset) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : 0x80); };
  const unsigned char lead = byte(offset);
  if (lead < 0x80) return text[offset++];
  std::size_t more = 1;
  char32_t value = lead & 0x1FU;
  if (lead >= 0xF0) {
    more = 3;
    value = lead & 0x07U;
  } else if (lead >= 0xE0) {
    more = 2;
    value = lead & 0x0FU;
  }
  for (std::size_t i = 1; i <= more; ++i) value = (value << 6U) | (byte(offset + i) & 0x3FU);
  offset += more + 1;
  return value;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6U));
    put(0x80 | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12U));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  } else {
    put(0xF0 | (c >> 18U));
    put(0x80 | ((c >> 12U) & 0x3FU));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  }
}

std::size_t count_code_points(std::string_view utf8) noexcept {
  std::size_t count = 0;
  for (const char c : utf8) count += (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  return count;
}

std::string shorten(std::string_view utf8, std::size_t max) {
  if (utf8.size() <= max) return std::string(utf8);
  std::size_t count = 0;
  for (std::size_t i = 0, kept = 0; i < utf8.size(); ++i) {
    if ((static_cast<unsigned char>(utf8[i]) & 0xC0U) == 0x80U) continue;
    if (count + 1 == max) kept = i;
    if (++count > max) {
      // `kept` is where the last allowed code point starts; the ellipsis takes its place.
      for (std::size_t j = i; j-- > 0;) {
        if ((static_cast<unsigned char>(utf8[j]) & 0xC0U) != 0x80U) {
          kept = j;
          break;
        }
      }
      return std::string(utf8.substr(0, kept)) + "\xE2\x80\xA6";
    }
  }
  return std::string(utf8);
}

std::string to_valid_utf8(std::string_view bytes, std::size_t& replaced) {
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string out;
  out.reserve(bytes.size());
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  std::size_t i = 0;
  while (i < bytes.size()) {
    const unsigned char lead = at(i);
    if (lead < 0x80) {
      std::size_t end = i;
      while (end < bytes.size() && at(end) < 0x80 && at(end) != 0) ++end;
      out.append(bytes.substr(i, end - i));
      i = end < bytes.size() && at(end) == 0 ? end + 1 : end;
      continue;
    }
    std::size_t more = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
      more = 1;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
      more = 2;
      if (lead == 0xE0) low = 0xA0;
      if (lead == 0xED) high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
      more = 3;
      if (lead == 0xF0) low = 0x90;
      if (lead == 0xF4) high = 0x8F;
    }
    std::size_t got = 0;
    while (got < more && i + 1 + got < bytes.size() && at(i + 1 + got) >= low && at(i + 1 + got) <= high) {
      low = 0x80;
      high = 0xBF;
      ++got;
    }
    if (more > 0 && got == more) {
      out.append(bytes.substr(i, more + 1));
    } else {
      out.append(kReplacement);
      ++replaced;
    }
    i += got + 1;
  }
  return out;
}

}  // namespace toolrack::seo
