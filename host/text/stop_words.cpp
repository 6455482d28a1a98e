#include "text/stop_words.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace toolrack::text {
namespace {

/// Sorted. Halves of contractions ("don't") among them, because words end at the apostrophe.
constexpr std::string_view kStopWords[] = {
    "about",  "above",    "after",   "again",  "all",     "also",    "am",       "an",       "and",       "any",
    "anyone", "anything", "are",     "aren",   "as",      "at",      "be",       "because",  "been",      "before",
    "being",  "below",    "between", "both",   "but",     "by",      "can",      "cannot",   "could",     "couldn",
    "did",    "didn",     "do",      "does",   "doesn",   "doing",   "don",      "done",     "down",      "during",
    "each",   "either",   "else",    "even",   "ever",    "every",   "few",      "for",      "from",      "further",
    "get",    "gets",     "getting", "give",   "gives",   "go",      "goes",     "going",    "gone",      "got",
    "had",    "hadn",     "has",     "hasn",   "have",    "haven",   "having",   "he",       "her",       "here",
    "hers",   "him",      "his",     "how",    "however", "if",      "in",       "instead",  "into",      "is",
    "isn",    "it",       "its",     "itself", "just",    "let",     "lets",     "like",     "ll",        "made",
    "make",   "makes",    "making",  "many",   "may",     "maybe",   "me",       "might",    "more",      "most",
    "much",   "must",     "my",      "myself", "need",    "needs",   "neither",  "no",       "nor",       "not",
    "now",    "of",       "off",     "often",  "on",      "once",    "only",     "or",       "other",     "our",
    "ours",   "out",      "over",    "own",    "per",     "perhaps", "please",   "put",      "quite",     "rather",
    "re",     "really",   "said",    "same",   "say",     "says",    "see",      "seem",     "seems",     "shall",
    "she",    "should",   "shouldn", "since",  "so",      "some",    "somebody", "someone",  "something", "still",
    "such",   "sure",     "take",    "taken",  "tell",    "tells",   "than",     "that",     "the",       "their",
    "theirs", "them",     "then",    "there",  "these",   "they",    "thing",    "things",   "think",     "this",
    "those",  "though",   "through", "to",     "too",     "toward",  "under",    "until",    "up",        "upon",
    "us",     "use",      "used",    "using",  "ve",      "very",    "want",     "wants",    "was",       "wasn",
    "way",    "we",       "well",    "went",   "were",    "weren",   "what",     "whatever", "when",      "whenever",
    "where",  "whether",  "which",   "while",  "who",     "whom",    "whose",    "why",      "will",      "with",
    "within", "without",  "won",     "would",  "wouldn",  "yes",     "yet",      "you",      "your",      "yours"};
static_assert(std::is_sorted(std::begin(kStopWords), std::end(kStopWords)));

constexpr std::size_t kLongest = 16;

}  // namespace

bool is_stop_word(std::string_view word) noexcept {
  if (word.empty() || word.size() > kLongest) return false;
  std::array<char, kLongest> lower{};
  for (std::size_t i = 0; i < word.size(); ++i)
    lower[i] = word[i] >= 'A' && word[i] <= 'Z' ? static_cast<char>(word[i] | 0x20) : word[i];
  if (word.size() == 1) return lower[0] >= 'a' && lower[0] <= 'z';
  return std::binary_search(std::begin(kStopWords), std::end(kStopWords), std::string_view(lower.data(), word.size()));
}

}  // namespace toolrack::text
