#include "analysis/sitemap.hpp"
#include "analysis/text.hpp"

#include <chrono>

namespace toolrack::seo {
namespace {

/// Reads exactly `digits` digits.
bool read_number(std::string_view& rest, std::size_t digits, int& value) noexcept {
  if (rest.size() < digits) return false;
  value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!is_digit(rest[i])) return false;
    value = value * 10 + (rest[i] - '0');
  }
  rest.remove_prefix(digits);
  return true;
}

bool skip(std::string_view& rest, char c) noexcept {
  if (!rest.starts_with(c)) return false;
  rest.remove_prefix(1);
  return true;
}

/// "Z", "+hh:mm" or "-hh:mm", and nothing behind it.
bool read_zone(std::string_view rest, int& minutes_east) noexcept {
  minutes_east = 0;
  if (rest == "Z") return true;
  if (!rest.starts_with('+') && !rest.starts_with('-')) return false;
  const int sign = rest.front() == '+' ? 1 : -1;
  rest.remove_prefix(1);
  int hours = 0;
  int minutes = 0;
  if (!read_number(rest, 2, hours) || !skip(rest, ':') || !read_number(rest, 2, minutes)) return false;
  minutes_east = sign * (hours * 60 + minutes);
  return rest.empty() && hours < 24 && minutes < 60;
}

}  // namespace

bool parse_w3c_date(std::string_view text, std::int64_t& unix_seconds) noexcept {
  int year = 0, month = 1, day = 1;
  std::string_view rest = text;
  if (!read_number(rest, 4, year)) return false;
  if (skip(rest, '-')) {
    if (!read_number(rest, 2, month)) return false;
    if (skip(rest, '-') && !read_number(rest, 2, day)) return false;
  }
  using std::chrono::sys_days;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(sys_days(date).time_since_epoch()).count();
  if (rest.empty()) return text.size() == 4 || text.size() == 7 || text.size() == 10;
  int hour = 0, minute = 0, second = 0, zone = 0;
  if (text.size() - rest.size() != 10 || !skip(rest, 'T')) return false;
  if (!read_number(rest, 2, hour) || !skip(rest, ':') || !read_number(rest, 2, minute)) return false;
  if (skip(rest, ':')) {
    if (!read_number(rest, 2, second)) return false;
    if (skip(rest, '.')) {
      if (rest.empty() || !is_digit(rest.front())) return false;
      while (!rest.empty() && is_digit(rest.front())) rest.remove_prefix(1);
    }
  }
  if (hour > 23 || minute > 59 || second > 60 || !read_zone(rest, zone)) return false;
  unix_seconds += hour * 3600 + minute * 60 + second - zone * 60;
  return true;
}

}  // namespace toolrack::seo
