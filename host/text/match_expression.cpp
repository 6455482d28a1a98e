#include "text/match_expression.hpp"

#include "text/stop_words.hpp"

namespace toolrack::text {
namespace {

bool is_letter(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80) != 0;
}

bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0'; }

/// Does the tokenizer find anything in it? Every character beyond ASCII may be a letter.
bool has_word(std::string_view piece) noexcept {
  for (const char c : piece)
    if (is_letter(c)) return true;
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

std::vector<std::string_view> question_words(std::string_view typed) {
  std::vector<std::string_view> telling, all;
  for (std::size_t at = 0; at < typed.size() && all.size() < kMaxWords;) {
    if (!is_letter(typed[at])) {
      ++at;
      continue;
    }
    auto end = at;
    while (end < typed.size() && is_letter(typed[end])) ++end;
    const auto word = typed.substr(at, end - at);
    at = end;
    all.push_back(word);
    if (!is_stop_word(word)) telling.push_back(word);
  }
  return telling.empty() ? all : telling;
}

std::string question_expression(std::string_view typed) {
  std::string out;
  for (const auto word : question_words(typed)) {
    if (!out.empty()) out += " OR ";
    out.append("\"").append(word).append("\"");
  }
  return out;
}

}  // namespace toolrack::text
