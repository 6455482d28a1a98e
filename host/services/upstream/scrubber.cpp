#include "services/upstream/scrubber.hpp"

#include <algorithm>
#include <utility>

namespace toolrack::services::upstream {

std::string Scrubber::feed(std::string_view piece) {
  auto text = std::exchange(held_, {}).append(piece);
  hide(text);
  const auto open = open_end(text);
  held_ = text.substr(text.size() - open);
  text.resize(text.size() - open);
  return text;
}

std::string Scrubber::finish() { return std::exchange(held_, {}); }

void Scrubber::hide(std::string& text) const {
  for (const auto& secret : secrets_) {
    for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + secret.size()))
      std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(at), secret.size(), '*');
  }
}

/// Bytes at the end that begin some secret.
std::size_t Scrubber::open_end(std::string_view text) const noexcept {
  std::size_t longest = 0;
  for (const auto& secret : secrets_) {
    for (auto size = std::min(secret.size() - 1, text.size()); size > longest; --size) {
      if (text.ends_with(std::string_view(secret).substr(0, size))) longest = size;
    }
  }
  return longest;
}

}  // namespace toolrack::services::upstream
