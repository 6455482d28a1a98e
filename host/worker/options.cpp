#include "worker/options.hpp"

#include <charconv>
#include <functional>
#include <map>
#include <string_view>

namespace toolrack::worker {
namespace {

template <typename Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

std::vector<std::string> Options::to_words() const {
  std::vector<std::string> words{
      "channels=" + std::to_string(channels),  "board=" + std::to_string(has_board ? 1 : 0),
      "gateway=" + std::to_string(gateway),    "sandbox=" + std::to_string(static_cast<int>(sandbox)),
      "user=" + std::to_string(rules.user_id), "memory=" + std::to_string(rules.max_memory)};
  if (!rules.writable.empty()) words.push_back("writable=" + rules.writable);
  for (const auto& path : rules.readable) words.push_back("readable=" + path);
  return words;
}

std::optional<Options> Options::from_words(int count, char** words) {
  Options out;
  int sandbox = -1, board = 0;
  const std::map<std::string_view, std::function<bool(std::string_view)>> readers{
      {"channels", [&](auto text) { return read_number(text, out.channels) && out.channels > 0; }},
      {"board", [&](auto text) { return read_number(text, board) && board >= 0 && board <= 1; }},
      {"gateway", [&](auto text) { return read_number(text, out.gateway); }},
      {"sandbox", [&](auto text) { return read_number(text, sandbox) && sandbox >= 0 && sandbox <= 2; }},
      {"user", [&](auto text) { return read_number(text, out.rules.user_id); }},
      {"memory", [&](auto text) { return read_number(text, out.rules.max_memory); }},
      {"readable",
       [&](auto text) {
         out.rules.readable.emplace_back(text);
         return true;
       }},
      {"writable", [&](auto text) {
         out.rules.writable = text;
         return true;
       }}};
  for (int i = 1; i < count; ++i) {
    const std::string_view word(words[i]);
    const auto equals = word.find('=');
    const auto reader = readers.find(word.substr(0, equals));
    if (equals == word.npos || reader == readers.end() || !reader->second(word.substr(equals + 1))) return std::nullopt;
  }
  if (sandbox < 0) return std::nullopt;
  out.has_board = board != 0;
  out.sandbox = static_cast<SandboxMode>(sandbox);
  return out;
}

}  // namespace toolrack::worker
