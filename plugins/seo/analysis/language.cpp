#include "analysis/language.hpp"

#include "analysis/text.hpp"

#include <algorithm>
#include <array>

namespace toolrack::seo {
namespace {

// ISO 639-1.
constexpr std::string_view kLanguages =
    " aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el "
    "en eo "
    "es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka "
    "kg "
    "ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl "
    "nn "
    "no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv "
    "sw "
    "ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu ";
// ISO 3166-1 alpha-2.
constexpr std::string_view kRegions =
    " AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC "
    "CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB "
    "GD "
    "GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG "
    "KH "
    "KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW "
    "MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB "
    "SC "
    "SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US "
    "UY "
    "UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW ";

struct Mistake {
  std::string_view wrong, right;
};
constexpr std::array<Mistake, 8> kLanguageMistakes = {
    {{"jp", "ja"}, {"cz", "cs"}, {"gr", "el"}, {"dk", "da"}, {"cn", "zh"}, {"ua", "uk"}, {"iw", "he"}, {"kr", "ko"}}};
constexpr std::array<Mistake, 2> kRegionMistakes = {{{"UK", "GB"}, {"EL", "GR"}}};

bool lists(std::string_view table, std::string_view code) {
  return table.find(" " + std::string(code) + " ") != std::string_view::npos;
}

bool all(std::string_view text, bool (*is)(char)) { return std::all_of(text.begin(), text.end(), is); }
bool is_alphanumeric(char c) { return is_alpha(c) || is_digit(c); }
bool is_letter(char c) { return is_alpha(c); }
bool is_number(char c) { return is_digit(c); }

std::string to_upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return out;
}

}  // namespace

std::string hreflang_problem(std::string_view value) {
  if (value.empty()) return "is empty";
  if (equals_ignoring_case(value, "x-default")) return {};
  if (value.find('_') != std::string_view::npos) return "uses an underscore; the separator is a hyphen";
  std::string_view rest = value;
  std::string_view part;
  next_piece(rest, '-', part);
  const std::string language = to_lower(part);
  for (const Mistake& mistake : kLanguageMistakes) {
    if (language == mistake.wrong) {
      return "\"" + language + "\" is a country, or outdated; the language is \"" + std::string(mistake.right) + "\"";
    }
  }
  if (language.size() != 2 || !lists(kLanguages, language)) return "\"" + language + "\" is no ISO 639-1 language";
  if (!next_piece(rest, '-', part)) return {};
  if (part.size() == 4 && all(part, is_letter)) {
    if (!next_piece(rest, '-', part)) return {};
  }
  const std::string region = to_upper(part);
  for (const Mistake& mistake : kRegionMistakes) {
    if (region == mistake.wrong) {
      return "\"" + std::string(part) + "\" is no ISO 3166-1 code; the country is \"" + std::string(mistake.right) +
             "\"";
    }
  }
  const bool is_region =
      (region.size() == 2 && lists(kRegions, region)) || (region.size() == 3 && all(region, is_number));
  if (!is_region) return "\"" + std::string(part) + "\" is no ISO 3166-1 country";
  if (next_piece(rest, '-', part)) return "has more parts than language, script and region";
  return {};
}

bool is_language_tag(std::string_view tag) noexcept {
  std::string_view rest = tag;
  std::string_view part;
  bool is_first = true;
  while (next_piece(rest, '-', part)) {
    if (part.empty() || part.size() > 8 || !all(part, is_alphanumeric)) return false;
    if (is_first) {
      const std::string language = to_lower(part);
      if (!all(part, is_letter)) return false;
      if (part.size() == 2 && !lists(kLanguages, language)) return false;
      if (part.size() == 1 && language != "x" && language != "i") return false;
    }
    is_first = false;
  }
  return !is_first;
}

std::string primary_language(std::string_view tag) { return to_lower(tag.substr(0, tag.find_first_of("-_"))); }

}  // namespace toolrack::seo
