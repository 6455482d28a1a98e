#include "analysis/keywords.hpp"

#include "analysis/language.hpp"
#include "analysis/stop_words.hpp"
#include "analysis/text.hpp"
#include "analysis/words.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <unordered_map>

namespace toolrack::seo {
namespace {

constexpr std::uint32_t kPause = 0;  // Between phrases; no word has this number.
constexpr unsigned kBits = 21;       // Of a word's number: three of them are one 64-bit key.
constexpr std::size_t kMaxVocabulary = (std::size_t{1} << kBits) - 1;
constexpr std::size_t kMaxWordBytes = 100;

/// A text as numbers, one a word.
class Tokens {
 public:
  explicit Tokens(std::string text) : folded_(std::move(text)) {
    split_words(
        folded_,
        [this](std::string_view word) {
          if (word.size() > kMaxWordBytes) {
            pause();
            return;
          }
          const auto [known, is_new] = numbers_.emplace(word, static_cast<std::uint32_t>(vocabulary_.size() + 1));
          if (is_new && vocabulary_.size() >= kMaxVocabulary) {
            numbers_.erase(known);
            pause();
            return;
          }
          if (is_new) vocabulary_.push_back(word);
          sequence_.push_back(known->second);
          ++count_;
        },
        [this] { pause(); });
  }
  Tokens(const Tokens&) = delete;
  Tokens& operator=(const Tokens&) = delete;

  const std::vector<std::uint32_t>& sequence() const noexcept { return sequence_; }
  std::string_view word(std::uint32_t number) const noexcept { return vocabulary_[number - 1]; }
  const std::vector<std::string_view>& vocabulary() const noexcept { return vocabulary_; }
  std::size_t count() const noexcept { return count_; }
  std::vector<std::string_view> words() const {
    std::vector<std::string_view> out;
    for (const std::uint32_t number : sequence_) {
      if (number != kPause) out.push_back(word(number));
    }
    return out;
  }
  /// How often a sequence of words occurs.
  std::size_t occurrences(const std::vector<std::string_view>& phrase) const {
    std::vector<std::uint32_t> wanted;
    for (const std::string_view each : phrase) {
      const auto found = numbers_.find(each);
      if (found == numbers_.end()) return 0;
      wanted.push_back(found->second);
    }
    if (wanted.empty()) return 0;
    std::size_t count = 0;
    for (auto at = sequence_.begin();; at += static_cast<std::ptrdiff_t>(wanted.size())) {
      at = std::search(at, sequence_.end(), wanted.begin(), wanted.end());
      if (at == sequence_.end()) return count;
      ++count;
    }
  }

 private:
  void pause() {
    if (!sequence_.empty() && sequence_.back() != kPause) sequence_.push_back(kPause);
  }

  const std::string folded_;  // The words point into it.
  std::unordered_map<std::string_view, std::uint32_t> numbers_;
  std::vector<std::string_view> vocabulary_;
  std::vector<std::uint32_t> sequence_;
  std::size_t count_ = 0;
};

/// Words that are written without spaces between them.
bool is_unspaced(std::string_view word) noexcept {
  return word.size() >= 3 && static_cast<unsigned char>(word.front()) >= 0xE0 && count_code_points(word) == 1;
}

std::string join(const std::vector<std::string_view>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && !(is_unspaced(words[i]) && is_unspaced(words[i - 1]))) out += ' ';
    out += words[i];
  }
  return out;
}

/// Where the phrases of a page are looked for beside its text.
struct Places {
  explicit Places(const KeywordSource& source)
      : title(fold_case(source.title)),
        h1(fold_case(source.h1)),
        description(fold_case(source.description)),
        url(fold_case(source.url)) {}
  Tokens title, h1, description, url;
};

Keyword describe(const std::vector<std::string_view>& words, std::size_t count, std::size_t total,
                 const Places& places) {
  Keyword out;
  out.phrase = join(words);
  out.words = words.size();
  out.count = count;
  if (total > 0) {
    const double share = static_cast<double>(count * words.size()) * 100.0 / static_cast<double>(total);
    out.density = std::round(share * 100.0) / 100.0;
  }
  out.is_in_title = places.title.occurrences(words) > 0;
  out.is_in_h1 = places.h1.occurrences(words) > 0;
  out.is_in_description = places.description.occurrences(words) > 0;
  out.is_in_url = places.url.occurrences(words) > 0;
  return out;
}

/// A word that can begin and end a keyword.
bool is_telling(std::string_view language, std::string_view word) {
  if (count_code_points(word) < 2 && !is_unspaced(word)) return false;
  const bool is_number = std::all_of(word.begin(), word.end(), [](char c) { return is_digit(c); });
  return !is_number && !is_stop_word(language, word);
}

struct Counted {
  std::uint64_t key;
  std::size_t count;
};

/// The most frequent sequences of `length` words, ties in the order of their first words' first occurrence.
std::vector<Counted> most_frequent(const Tokens& tokens, const std::vector<bool>& tells, std::size_t length,
                                   std::size_t top) {
  const std::vector<std::uint32_t>& sequence = tokens.sequence();
  std::vector<std::uint64_t> keys;
  for (std::size_t i = 0; i + length <= sequence.size(); ++i) {
    std::uint64_t key = 0;
    bool is_phrase = tells[sequence[i]] && tells[sequence[i + length - 1]];
    for (std::size_t j = 0; j < length && is_phrase; ++j) {
      is_phrase = sequence[i + j] != kPause;
      key = key << kBits | sequence[i + j];
    }
    if (is_phrase) keys.push_back(key);
  }
  std::sort(keys.begin(), keys.end());
  std::vector<Counted> counted;
  for (std::size_t i = 0; i < keys.size();) {
    std::size_t end = i;
    while (end < keys.size() && keys[end] == keys[i]) ++end;
    // A phrase that occurs once is no keyword.
    if (length == 1 || end - i > 1) counted.push_back({keys[i], end - i});
    i = end;
  }
  std::stable_sort(counted.begin(), counted.end(),
                   [](const Counted& a, const Counted& b) { return a.count > b.count; });
  counted.resize(std::min(counted.size(), top));
  return counted;
}

std::vector<std::string_view> words_of(std::uint64_t key, std::size_t length, const Tokens& tokens) {
  std::vector<std::string_view> out(length);
  for (std::size_t i = length; i-- > 0; key >>= kBits) {
    out[i] = tokens.word(static_cast<std::uint32_t>(key & kMaxVocabulary));
  }
  return out;
}

std::string percent_decoded(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      bytes += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      // What separates words in a path does so in a phrase.
      bytes += text[i] == '-' || text[i] == '_' || text[i] == '/' || text[i] == '+' ? ' ' : text[i];
    }
  }
  std::size_t replaced = 0;
  return to_valid_utf8(bytes, replaced);
}

}  // namespace

KeywordSource keyword_source(const Page& page) {
  KeywordSource out;
  out.text = page.text;
  if (is_language_tag(page.language)) out.language = primary_language(page.language);
  if (page.titles.total > 0) out.title = page.titles.first.front().text;
  for (const Heading& heading : page.headings.first) {
    if (heading.level == 1) out.h1 += heading.text + "\n";
  }
  if (page.descriptions.total > 0) out.description = page.descriptions.first.front().text;
  out.url = percent_decoded(page.url.target());
  return out;
}

KeywordReport count_keywords(const KeywordSource& source, const std::vector<std::string>& phrases, std::size_t top) {
  KeywordReport out;
  const Tokens tokens(fold_case(source.text));
  const Places places(source);
  out.total_words = tokens.count();
  out.unique_words = tokens.vocabulary().size();
  out.language = has_stop_words(source.language) ? source.language : std::string();
  if (source.language.empty()) out.language = guess_language(tokens.words());

  std::vector<bool> tells(tokens.vocabulary().size() + 1, false);
  for (std::size_t i = 0; i < tokens.vocabulary().size(); ++i)
    tells[i + 1] = is_telling(out.language, tokens.vocabulary()[i]);
  for (std::size_t length = 1; length <= 3; ++length) {
    for (const Counted& counted : most_frequent(tokens, tells, length, top)) {
      const auto words = words_of(counted.key, length, tokens);
      out.by_length[length - 1].push_back(describe(words, counted.count, out.total_words, places));
    }
  }
  for (const std::string& phrase : phrases) {
    const Tokens wanted(fold_case(phrase));
    const auto words = wanted.words();
    out.phrases.push_back(describe(words, tokens.occurrences(words), out.total_words, places));
    out.phrases.back().phrase = phrase;
  }
  return out;
}

}  // namespace toolrack::seo
