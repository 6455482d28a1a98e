#include "text/match_expression.hpp"

namespace toolrack::text {
namespace {

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

/// Does the tokenizer find anything in it? Every character beyond ASCII may be a letter.
bool has_word(std::string_view piece) noexcept {
  for (const char c : piece)
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0) return true;
  return false;
}

/// "keywords" also finds "keyword": as prefixes are searched, the shorter form finds both.
std::string_view without_plural(std::string_view piece) noexcept {
  const auto n = piece.size();
  if (n > 3 && (piece[n - 1] == 's' || piece[n - 1] == 'S') && piece[n - 2] != 's' && piece[n - 2] != 'S') {
    piece.remove_suffix(1);
  }
  return piece;
}

void append_phrase(std::string& out, std::string_view piece) {
  out += '"';
  for (const char c : piece) {
    if (c == '"') out += '"';
    out += c;
  }
  out += "\"*";
}

}  // namespace

std::string match_expression(std::string_view typed, Match match) {
  std::string out;
  std::size_t words = 0;
  for (std::size_t at = 0; at < typed.size() && words < kMaxWords;) {
    if (is_space(typed[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < typed.size() && !is_space(typed[end])) ++end;
    const auto piece = typed.substr(at, end - at);
    at = end;
    if (!has_word(piece)) continue;
    if (words++ > 0) out += match == Match::kAll ? " AND " : " OR ";
    append_phrase(out, without_plural(piece));
  }
  return out;
}

}  // namespace toolrack::text
