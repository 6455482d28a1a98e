#include "registry/schema_ecma.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace toolrack::registry::schema {
namespace {

using Kind = PatternFault::Kind;

// WhiteSpace and LineTerminator of ECMAScript, and what is left of Unicode without them. Both end with a range, so that
// a - behind them stays a -.
constexpr std::string_view kSpaces =
    R"(\t-\r \x{a0}\x{1680}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}\x{2000}-\x{200a})";
constexpr std::string_view kNoSpaces =
    R"(\x{0}-\x{8}\x{e}-\x{1f}!-\x{9f}\x{a1}-\x{167f}\x{1681}-\x{1fff}\x{200b}-\x{2027}\x{202a}-\x{202e})"
    R"(\x{2030}-\x{205e}\x{2060}-\x{2fff}\x{3001}-\x{fefe}\x{ff00}-\x{10ffff})";
constexpr std::string_view kAnything = R"([\x{0}-\x{10ffff}])";
constexpr std::string_view kNothing = R"([^\x{0}-\x{10ffff}])";
constexpr std::string_view kNoLineEnd = R"([^\n\r\x{2028}\x{2029}])";

/// RE2 knows the general categories by their short names only.
constexpr std::pair<std::string_view, std::string_view> kCategories[] = {
    {"Letter", "L"},
    {"Cased_Letter", "LC"},
    {"Uppercase_Letter", "Lu"},
    {"Lowercase_Letter", "Ll"},
    {"Titlecase_Letter", "Lt"},
    {"Modifier_Letter", "Lm"},
    {"Other_Letter", "Lo"},
    {"Mark", "M"},
    {"Combining_Mark", "M"},
    {"Nonspacing_Mark", "Mn"},
    {"Spacing_Mark", "Mc"},
    {"Enclosing_Mark", "Me"},
    {"Number", "N"},
    {"Decimal_Number", "Nd"},
    {"digit", "Nd"},
    {"Letter_Number", "Nl"},
    {"Other_Number", "No"},
    {"Punctuation", "P"},
    {"punct", "P"},
    {"Connector_Punctuation", "Pc"},
    {"Dash_Punctuation", "Pd"},
    {"Open_Punctuation", "Ps"},
    {"Close_Punctuation", "Pe"},
    {"Initial_Punctuation", "Pi"},
    {"Final_Punctuation", "Pf"},
    {"Other_Punctuation", "Po"},
    {"Symbol", "S"},
    {"Math_Symbol", "Sm"},
    {"Currency_Symbol", "Sc"},
    {"Modifier_Symbol", "Sk"},
    {"Other_Symbol", "So"},
    {"Separator", "Z"},
    {"Space_Separator", "Zs"},
    {"Line_Separator", "Zl"},
    {"Paragraph_Separator", "Zp"},
    {"Other", "C"},
    {"Control", "Cc"},
    {"cntrl", "Cc"},
    {"Format", "Cf"},
    {"Private_Use", "Co"},
};

bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

class Translator {
 public:
  explicit Translator(std::string_view text) : text_(text) {}

  tl::expected<std::string, PatternFault> run() {
    while (at_ < text_.size() && !fault_) step();
    if (fault_) return tl::unexpected(std::move(*fault_));
    return std::move(out_);
  }

 private:
  void fail(Kind kind, std::string why) {
    if (!fault_) fault_ = PatternFault{kind, std::move(why)};
  }

  std::string_view rest() const noexcept { return text_.substr(at_); }
  bool take(std::string_view token) noexcept {
    if (!rest().starts_with(token)) return false;
    at_ += token.size();
    return true;
  }

  void step() {
    const char c = text_[at_];
    if (c == '\\') {
      ++at_;
      escape(false);
    } else if (c == '[') {
      ++at_;
      char_class();
    } else if (c == '(') {
      ++at_;
      group();
    } else {
      ++at_;
      if (c == '.') {
        out_ += kNoLineEnd;
      } else {
        out_ += c;
      }
    }
  }

  void group() {
    if (!take("?")) {
      out_ += '(';
    } else if (take(":")) {
      out_ += "(?:";
    } else if (rest().starts_with('=') || rest().starts_with('!') || rest().starts_with("<=") ||
               rest().starts_with("<!")) {
      fail(Kind::kBeyondRe2, "look-ahead and look-behind are not supported");
    } else if (take("<")) {
      out_ += "(?P<";
    } else {
      fail(Kind::kMalformed, "a group that begins with (? goes on with : or <name>");
    }
  }

  void char_class() {
    if (take("^]")) {
      out_ += kAnything;
      return;
    }
    if (take("]")) {
      out_ += kNothing;
      return;
    }
    out_ += '[';
    if (take("^")) out_ += '^';
    while (at_ < text_.size() && text_[at_] != ']' && !fault_) {
      const char c = text_[at_++];
      if (c == '\\') {
        escape(true);
      } else {
        if (c == '[' || c == '^') out_ += '\\';  // Else RE2 reads [:alpha:].
        out_ += c;
      }
    }
    if (!take("]")) fail(Kind::kMalformed, "a [ has no ]");
    out_ += ']';
  }

  /// Behind the backslash.
  void escape(bool in_class) {
    if (at_ == text_.size()) return fail(Kind::kMalformed, "it ends with a backslash");
    const char c = text_[at_++];
    switch (c) {
      case 'd':
      case 'D':
      case 'w':
      case 'W':
      case 't':
      case 'n':
      case 'r':
      case 'f':
      case 'v':
        out_ += '\\';
        out_ += c;
        return;
      case 'b':
        out_ += in_class ? R"(\x{8})" : R"(\b)";
        return;
      case 'B':
        if (in_class) return fail(Kind::kMalformed, "\\B has no meaning between [ and ]");
        out_ += R"(\B)";
        return;
      case 's':
        return spaces(kSpaces, in_class);
      case 'S':
        return spaces(kNoSpaces, in_class);
      case 'c':
        if (at_ == text_.size() || !is_letter(text_[at_])) return fail(Kind::kMalformed, "\\c needs a letter");
        return code_point(static_cast<std::uint32_t>(text_[at_++]) % 32);
      case 'x':
        return hex(2);
      case 'u':
        return unicode();
      case 'p':
      case 'P':
        return property(c, in_class);
      case 'k':
        return fail(Kind::kBeyondRe2, "back-references are not supported");
      default:
        break;
    }
    if (c == '0' && (at_ == text_.size() || !is_digit(text_[at_]))) return code_point(0);
    if (is_digit(c)) return fail(Kind::kBeyondRe2, fmt::format("\\{} is a back-reference, which is not supported", c));
    if (is_letter(c)) return fail(Kind::kMalformed, fmt::format("\\{} is no escape of ECMAScript", c));
    if (static_cast<unsigned char>(c) < 0x80 && c != '_') out_ += '\\';
    out_ += c;
  }

  void spaces(std::string_view list, bool in_class) {
    if (!in_class) out_ += '[';
    out_ += list;
    if (!in_class) out_ += ']';
  }

  void code_point(std::uint32_t value) { out_ += fmt::format(R"(\x{{{:x}}})", value); }

  std::optional<std::uint32_t> read_hex(std::size_t digits) {
    std::uint32_t value = 0;
    const auto part = rest().substr(0, digits);
    const auto read = std::from_chars(part.data(), part.data() + part.size(), value, 16);
    if (part.size() != digits || digits == 0 || read.ec != std::errc() || read.ptr != part.data() + digits) return {};
    at_ += digits;
    return value;
  }

  void hex(std::size_t digits) {
    const auto value = read_hex(digits);
    if (!value) return fail(Kind::kMalformed, fmt::format("\\x needs {} hexadecimal digits", digits));
    code_point(*value);
  }

  void unicode() {
    std::optional<std::uint32_t> value;
    if (take("{")) {
      value = read_hex(std::min<std::size_t>(rest().find('}'), 8));
      if (!take("}")) value.reset();
    } else {
      value = read_hex(4);
      if (value && *value >= 0xD800 && *value < 0xDC00 && take("\\u")) {
        const auto low = read_hex(4);
        value = low && *low >= 0xDC00 && *low < 0xE000
                    ? std::optional(0x10000 + ((*value - 0xD800) << 10) + (*low - 0xDC00))
                    : std::nullopt;
      }
    }
    if (!value || *value > 0x10FFFF || (*value >= 0xD800 && *value < 0xE000)) {
      return fail(Kind::kMalformed, "\\u needs a character: four hexadecimal digits, a pair of surrogates or {...}");
    }
    code_point(*value);
  }

  void property(char p, bool in_class) {
    const auto end = rest().find('}');
    if (!take("{") || end == std::string_view::npos) {
      return fail(Kind::kMalformed, fmt::format("\\{} needs a property, such as {{Letter}}", p));
    }
    auto name = text_.substr(at_, end - 1);
    at_ += end;
    for (const std::string_view prefix : {"General_Category=", "gc=", "Script=", "sc=", "Script_Extensions=", "scx="})
      if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
    if (name == "ASCII") {
      const std::string_view word = p == 'p' ? "[:ascii:]" : "[:^ascii:]";
      out_ += in_class ? std::string(word) : fmt::format("[{}]", word);
      return;
    }
    for (const auto& [known, letters] : kCategories)
      if (name == known) name = letters;
    if (name == "LC")
      return fail(Kind::kBeyondRe2, "\\p{Cased_Letter} is not supported; write [\\p{Lu}\\p{Ll}\\p{Lt}]");
    out_ += fmt::format("\\{}{{{}}}", p, name);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
  std::optional<PatternFault> fault_;
};

}  // namespace

tl::expected<std::string, PatternFault> to_re2(std::string_view ecma) { return Translator(ecma).run(); }

}  // namespace toolrack::registry::schema
