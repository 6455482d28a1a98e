#include "services/assets/media_type_of.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace toolrack::services::assets {
namespace {

using Row = std::pair<std::string_view, std::string_view>;
/// What tools make. A table of every type there is would be one more thing to keep.
constexpr std::array kTypes{
    Row{"avif", "image/avif"},     Row{"csv", "text/csv"},        Row{"flac", "audio/flac"},
    Row{"gif", "image/gif"},       Row{"htm", "text/html"},       Row{"html", "text/html"},
    Row{"jpeg", "image/jpeg"},     Row{"jpg", "image/jpeg"},      Row{"json", "application/json"},
    Row{"m4a", "audio/mp4"},       Row{"md", "text/markdown"},    Row{"mp3", "audio/mpeg"},
    Row{"mp4", "video/mp4"},       Row{"ogg", "audio/ogg"},       Row{"opus", "audio/ogg"},
    Row{"pdf", "application/pdf"}, Row{"png", "image/png"},       Row{"svg", "image/svg+xml"},
    Row{"txt", "text/plain"},      Row{"wav", "audio/wav"},       Row{"webm", "video/webm"},
    Row{"webp", "image/webp"},     Row{"xml", "application/xml"}, Row{"zip", "application/zip"},
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::string_view media_type_of(std::string_view file_name) noexcept {
  const auto dot = file_name.rfind('.');
  if (dot != std::string_view::npos) {
    const auto ending = file_name.substr(dot + 1);
    const auto is_it = [&](const Row& row) {
      return std::ranges::equal(row.first, ending, [](char a, char b) { return a == lower(b); });
    };
    const auto* const found = std::ranges::find_if(kTypes, is_it);
    if (found != kTypes.end()) return found->second;
  }
  return "application/octet-stream";
}

}  // namespace toolrack::services::assets
