#include "analysis/stop_words.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace toolrack::seo {
namespace {

struct List {
  std::string_view language;
  std::string_view words;  // With a space around each.
};

constexpr std::array<List, 4> kLists = {{
    {"en",
     " a about above after again all also am an and any are as at be because been before being below between both but "
     "by "
     "can could did do does doing down during each few for from further get had has have having he her here hers him "
     "his "
     "how i if in into is it it's its itself just let like me more most my no nor not now of off on once one only or "
     "other "
     "our ours out over own s same she should so some such t than that the their theirs them then there these they "
     "this "
     "those through to too under until up us very was we were what when where which while who whom why will with would "
     "you "
     "your yours "},
    {"de",
     " aber alle allem allen aller alles als also am an andere anderen auch auf aus bei beim bin bis bist da damit "
     "dann das "
     "dass dein deine dem den denn der des dessen die dies diese diesem diesen dieser dieses doch dort du durch ein "
     "eine "
     "einem einen einer eines er es etwas euch euer für gegen habe haben hat hatte hatten hier hin hinter ich ihr ihre "
     "ihrem ihren ihrer im in ins ist jede jedem jeden jeder jedes kann kein keine können man mehr mein meine mit muss "
     "nach nicht nichts noch nun nur ob oder ohne sehr sein seine sich sie sind so solche soll sondern sonst über um "
     "und "
     "uns unser unsere unter viel vom von vor war waren was weil weiter wenn werden wie wieder will wir wird wo zu zum "
     "zur "
     "zwischen "},
    {"es",
     " a al algo algunas algunos ante antes como con contra cual cuando de del desde donde durante e el ella ellas "
     "ellos en "
     "entre era es esa ese eso esta está están estas este esto estos fue fueron ha hasta hay la las le les lo los más "
     "me "
     "mi mis mucho muy nada ni no nos nosotros nuestra nuestro o os otra otro otros para pero poco por porque que qué "
     "quien se sea ser si sí sin sobre son su sus también tanto te tiene todo todos tu tus un una uno unos y ya yo "},
    {"fr",
     " à ai au aucun aussi autre aux avec avoir c'est ce ceci cela ces cet cette chaque comme d'un d'une dans de des "
     "donc du "
     "elle elles en encore est et étaient était être eu fait font il ils j'ai je l la le les leur leurs lui ma mais me "
     "même "
     "mes moi mon n'est ne ni nos notre nous on ont ou où par pas peut plus pour qu'il qu'on quand que qui s sa sans "
     "se ses "
     "si son sont sous sur ta te tes toi ton tous tout toute très tu un une vos votre vous y "},
}};

bool lists(std::string_view words, std::string_view word) noexcept {
  for (std::size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    if (at > 0 && words[at - 1] == ' ' && at + word.size() < words.size() && words[at + word.size()] == ' ')
      return true;
  }
  return false;
}

}  // namespace

bool has_stop_words(std::string_view language) noexcept {
  return std::any_of(kLists.begin(), kLists.end(), [&](const List& list) { return list.language == language; });
}

bool is_stop_word(std::string_view language, std::string_view word) noexcept {
  if (word.empty() || word.find(' ') != std::string_view::npos) return false;
  for (const List& list : kLists) {
    if (list.language == language) return lists(list.words, word);
  }
  return false;
}

std::string guess_language(const std::vector<std::string_view>& words) {
  constexpr std::size_t kSample = 2000;
  const std::size_t size = std::min(words.size(), kSample);
  std::size_t best_count = size / 10;  // A tenth at least; running text has a third and more.
  std::string best;
  for (const List& list : kLists) {
    const auto hits = std::count_if(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(size),
                                    [&](std::string_view word) { return lists(list.words, word); });
    if (static_cast<std::size_t>(hits) > best_count) {
      best_count = static_cast<std::size_t>(hits);
      best = list.language;
    }
  }
  return best;
}

}  // namespace toolrack::seo
