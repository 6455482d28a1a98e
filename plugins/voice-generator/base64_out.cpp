#include "base64_out.hpp"

#include <cstdint>
#include <utility>

namespace toolrack::voice {

void Base64Out::put(std::string_view three) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < 3; ++i)
    bits = bits << 8U | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
  for (std::size_t i = 0; i < 4; ++i) text_ += i <= three.size() ? kAlphabet[bits >> (18 - 6 * i) & 63U] : '=';
}

void Base64Out::add(std::string_view bytes) {
  while (!rest_.empty() && !bytes.empty()) {
    rest_ += bytes.front();
    bytes.remove_prefix(1);
    if (rest_.size() == 3) {
      put(rest_);
      rest_.clear();
    }
  }
  for (; bytes.size() >= 3; bytes.remove_prefix(3)) put(bytes.substr(0, 3));
  rest_ += bytes;
}

std::string Base64Out::finish() && {
  if (!rest_.empty()) put(rest_);
  return std::move(text_);
}

}  // namespace toolrack::voice
