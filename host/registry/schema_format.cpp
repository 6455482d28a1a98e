#include "registry/schema_format.hpp"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <string>

#include "registry/schema_pattern.hpp"

namespace toolrack::registry::schema {
namespace {

// ---- Grammars. RE2 matches them in linear time.

/// Compiled on first use, kept for ever.
bool fits(const re2::RE2& grammar, std::string_view text) noexcept {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), grammar);
}

// RFC 3986, appendix A. `u` is what IRIs (RFC 3987) add to the unreserved characters, `v` what they add in queries.
std::string uri_grammar(bool is_absolute, const std::string& u, const std::string& v) {
  const std::string chars = R"(A-Za-z0-9._~!$&'()*+,;=:@\-)" + u;
  const std::string pchar = "(?:[" + chars + "]|%[0-9A-Fa-f]{2})";
  const std::string pchar_no_colon = R"((?:[A-Za-z0-9._~!$&'()*+,;=@\-)" + u + "]|%[0-9A-Fa-f]{2})";
  const std::string userinfo = R"((?:[A-Za-z0-9._~!$&'()*+,;=:\-)" + u + "]|%[0-9A-Fa-f]{2})*";
  const std::string name = R"((?:[A-Za-z0-9._~!$&'()*+,;=\-)" + u + "]|%[0-9A-Fa-f]{2})*";
  const std::string literal = R"(\[(?:([0-9A-Fa-f:.]+)|[Vv][0-9A-Fa-f]+\.[A-Za-z0-9._~!$&'()*+,;=:\-]+)\])";
  const std::string authority = "(?:" + userinfo + "@)?(?:" + literal + "|" + name + ")(?::[0-9]*)?";
  const std::string segments = "(?:/" + pchar + "*)*";
  const std::string rooted = "/(?:" + pchar + "+" + segments + ")?";
  const std::string query = R"((?:\?(?:[/?)" + chars + v + "]|%[0-9A-Fa-f]{2})*)?";
  const std::string fragment = "(?:#(?:[/?" + chars + "]|%[0-9A-Fa-f]{2})*)?";
  // The literal is captured once per alternative that has an authority: in a relative and in an absolute one.
  const std::string tail = query + fragment;
  const std::string absolute = "[A-Za-z][A-Za-z0-9+.-]*:(?://" + authority + segments + "|" + rooted + "|" + pchar +
                               "+" + segments + "|)" + tail;
  if (is_absolute) return absolute;
  const std::string relative =
      "(?://" + authority + segments + "|" + rooted + "|" + pchar_no_colon + "+" + segments + "|)" + tail;
  return "(?:" + absolute + "|" + relative + ")";
}

constexpr char kIriChars[] =
    R"(\x{a0}-\x{d7ff}\x{f900}-\x{fdcf}\x{fdf0}-\x{ffef}\x{10000}-\x{1fffd}\x{20000}-\x{2fffd})"
    R"(\x{30000}-\x{3fffd}\x{40000}-\x{4fffd}\x{50000}-\x{5fffd}\x{60000}-\x{6fffd})"
    R"(\x{70000}-\x{7fffd}\x{80000}-\x{8fffd}\x{90000}-\x{9fffd}\x{a0000}-\x{afffd})"
    R"(\x{b0000}-\x{bfffd}\x{c0000}-\x{cfffd}\x{d0000}-\x{dfffd}\x{e1000}-\x{efffd})";
constexpr char kIriPrivate[] = R"(\x{e000}-\x{f8ff}\x{f0000}-\x{ffffd}\x{100000}-\x{10fffd})";

// ---- Formats.

int days_of(int year, int month) noexcept {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && is_leap ? 29 : kDays[month - 1];
}

/// Reads fixed fields from the front of a text; the first that is not there makes all that follow fail.
class Fields {
 public:
  explicit Fields(std::string_view text) noexcept : rest_(text) {}

  int digits(std::size_t count) noexcept {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!is_digit()) return fail();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool take(char wanted) noexcept {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void need(char wanted) noexcept {
    if (!take(wanted)) fail();
  }
  void skip_digits() noexcept {
    if (!is_digit()) fail();
    while (is_digit()) rest_.remove_prefix(1);
  }
  bool is_good_and_over() const noexcept { return is_good_ && rest_.empty(); }

 private:
  bool is_digit() const noexcept { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  int fail() noexcept {
    is_good_ = false;
    return 0;
  }

  std::string_view rest_;
  bool is_good_ = true;
};

bool is_date(std::string_view text) noexcept {
  Fields fields(text);
  const int year = fields.digits(4);
  fields.need('-');
  const int month = fields.digits(2);
  fields.need('-');
  const int day = fields.digits(2);
  return fields.is_good_and_over() && month >= 1 && month <= 12 && day >= 1 && day <= days_of(year, month);
}

bool is_time(std::string_view text) noexcept {
  Fields fields(text);
  const int hour = fields.digits(2);
  fields.need(':');
  const int minute = fields.digits(2);
  fields.need(':');
  const int second = fields.digits(2);
  if (fields.take('.')) fields.skip_digits();
  int offset = 0;
  if (!fields.take('Z') && !fields.take('z')) {
    const int sign = fields.take('-') ? -1 : 1;
    if (sign > 0) fields.need('+');
    const int hours = fields.digits(2);
    fields.need(':');
    const int minutes = fields.digits(2);
    if (hours > 23 || minutes > 59) return false;
    offset = sign * (hours * 60 + minutes);
  }
  if (!fields.is_good_and_over() || hour > 23 || minute > 59 || second > 60) return false;
  // A leap second ends a day, and days end everywhere at once: at 23:59 in Greenwich.
  return second < 60 || (hour * 60 + minute - offset + 2 * 1440) % 1440 == 1439;
}

bool is_date_time(std::string_view text) noexcept {
  return text.size() > 11 && (text[10] == 'T' || text[10] == 't') && is_date(text.substr(0, 10)) &&
         is_time(text.substr(11));
}

bool is_duration(std::string_view text) noexcept {
  // RFC 3339, appendix A: units follow each other without a gap.
  static const re2::RE2 grammar(
      R"(P(?:\d+W|(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?|)"
      R"(T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)))");
  return fits(grammar, text);
}

bool is_ipv4(std::string_view text) noexcept {
  in_addr address{};
  return text.size() < INET_ADDRSTRLEN && inet_pton(AF_INET, std::string(text).c_str(), &address) == 1;
}

bool is_ipv6(std::string_view text) noexcept {
  in6_addr address{};
  return text.size() < INET6_ADDRSTRLEN && text.find('\0') == std::string_view::npos &&
         inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

bool is_hostname(std::string_view text) noexcept {
  static const re2::RE2 grammar(
      R"([A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*)");
  return text.size() <= 253 && fits(grammar, text);
}

bool is_email(std::string_view text) noexcept {
  static const re2::RE2 grammar(
      R"((?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*|"(?:[ !#-\[\]-~]|\\[ -~])*"))"
      R"(@(?:\[(?:IPv6:([0-9A-Fa-f:.]+)|([0-9.]+))\]|([A-Za-z0-9.-]+)))");
  std::string v6, v4, host;
  if (!re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), grammar, &v6, &v4, &host)) return false;
  return !v6.empty() ? is_ipv6(v6) : !v4.empty() ? is_ipv4(v4) : is_hostname(host);
}

/// RE2 checks the characters of an address between brackets, inet_pton the address.
bool is_uri_like(const re2::RE2& grammar, std::string_view text) noexcept {
  if (!fits(grammar, text)) return false;
  const auto open = text.find('[');
  if (open == std::string_view::npos || open + 1 == text.size()) return true;
  const auto literal = text.substr(open + 1, text.find(']') - open - 1);
  return literal.front() == 'v' || literal.front() == 'V' || is_ipv6(literal);
}

bool is_uri(std::string_view text) noexcept {
  static const re2::RE2 grammar(uri_grammar(true, "", ""));
  return is_uri_like(grammar, text);
}

bool is_uri_reference(std::string_view text) noexcept {
  static const re2::RE2 grammar(uri_grammar(false, "", ""));
  return is_uri_like(grammar, text);
}

bool is_iri(std::string_view text) noexcept {
  static const re2::RE2 grammar(uri_grammar(true, kIriChars, kIriPrivate));
  return is_uri_like(grammar, text);
}

bool is_iri_reference(std::string_view text) noexcept {
  static const re2::RE2 grammar(uri_grammar(false, kIriChars, kIriPrivate));
  return is_uri_like(grammar, text);
}

bool is_uri_template(std::string_view text) noexcept {
  static const re2::RE2 grammar([] {  // RFC 6570, section 2.
    const std::string literal =
        R"((?:[!#$&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~)" + std::string(kIriChars) + kIriPrivate + R"(]|%[0-9A-Fa-f]{2}))";
    const std::string varchar = R"((?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))";
    const std::string varspec = varchar + R"((?:\.?)" + varchar + R"()*(?::[1-9][0-9]{0,3}|\*)?)";
    return "(?:" + literal + R"(|\{[+#./;?&=,!@|]?)" + varspec + "(?:," + varspec + R"()*\})*)";
  }());
  return fits(grammar, text);
}

bool is_json_pointer(std::string_view text) noexcept {
  static const re2::RE2 grammar(R"((?s)(?:/(?:[^~/]|~[01])*)*)");
  return fits(grammar, text);
}

bool is_relative_json_pointer(std::string_view text) noexcept {
  static const re2::RE2 grammar(R"((?s)(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~[01])*)*))");
  return fits(grammar, text);
}

bool is_uuid(std::string_view text) noexcept {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (is_dash ? c != '-' : !is_hex) return false;
  }
  return true;
}

bool is_regex(std::string_view text) noexcept {
  const auto pattern = Pattern::compile(text);
  return pattern || pattern.error().kind == PatternFault::Kind::kBeyondRe2;
}

constexpr Format kFormats[] = {
    {"date", "a date such as 2026-01-31", is_date},
    {"date-time", "a date and time such as 2026-01-31T12:30:00Z", is_date_time},
    {"duration", "a duration such as P1DT12H", is_duration},
    {"email", "an e-mail address", is_email},
    {"hostname", "a host name", is_hostname},
    {"ipv4", "an IPv4 address", is_ipv4},
    {"ipv6", "an IPv6 address", is_ipv6},
    {"iri", "a full IRI", is_iri},
    {"iri-reference", "an IRI or a relative reference", is_iri_reference},
    {"json-pointer", "a JSON Pointer such as /a/0", is_json_pointer},
    {"regex", "a regular expression of ECMAScript", is_regex},
    {"relative-json-pointer", "a relative JSON Pointer such as 1/a", is_relative_json_pointer},
    {"time", "a time with its offset such as 12:30:00Z", is_time},
    {"uri", "a full URI such as https://example.com/", is_uri},
    {"uri-reference", "a URI or a relative reference", is_uri_reference},
    {"uri-template", "a URI template such as /users/{id}", is_uri_template},
    {"uuid", "a UUID such as 6f2f4b1e-7d3c-4f0a-9b6e-0d5c8a1b2c3d", is_uuid},
};

}  // namespace

const Format* find_format(std::string_view name) noexcept {
  const auto* found =
      std::find_if(std::begin(kFormats), std::end(kFormats), [&](const auto& f) { return f.name == name; });
  return found != std::end(kFormats) ? found : nullptr;
}

}  // namespace toolrack::registry::schema
