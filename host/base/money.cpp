#include "base/money.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace toolrack::base {
namespace {

__extension__ using Wide = __int128;

constexpr std::int64_t kMicrosPerDollar = 1'000'000;
constexpr std::size_t kDecimals = 6;

bool all_digits(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

tl::unexpected<Error> refuse(std::string_view dollars, const char* why) {
  return fail(ErrorCode::kInvalidRequest,
              "The amount \"" + std::string(dollars.substr(0, 40)) + "\" is not a number of dollars: " + why,
              "Write dollars as digits with at most six decimals, such as 0.05.");
}

}  // namespace

Result<Money> Money::parse(std::string_view dollars) {
  const std::size_t point = dollars.find('.');
  const auto whole_text = dollars.substr(0, point);
  const auto fraction = point == std::string_view::npos ? std::string_view() : dollars.substr(point + 1);
  if (whole_text.empty() || !all_digits(whole_text) || !all_digits(fraction))
    return refuse(dollars, "only digits and one decimal point are allowed.");
  if (whole_text.size() > 1 && whole_text.front() == '0') return refuse(dollars, "it has leading zeros.");
  if (point != std::string_view::npos && fraction.empty()) return refuse(dollars, "no digit follows the point.");
  if (fraction.size() > kDecimals) return refuse(dollars, "it has more than six decimals.");

  std::int64_t whole = 0;
  const auto read = std::from_chars(whole_text.data(), whole_text.data() + whole_text.size(), whole);
  std::int64_t micros = 0;
  for (std::size_t i = 0; i < kDecimals; ++i) micros = micros * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  if (read.ec != std::errc() || __builtin_mul_overflow(whole, kMicrosPerDollar, &whole) ||
      __builtin_add_overflow(whole, micros, &micros))
    return refuse(dollars, "it is more than 9223372036854.775807.");
  return from_micros(micros);
}

Money::Text::Text(Money money) noexcept {
  // Negated as unsigned: the smallest int64 has no positive counterpart.
  const auto bits = static_cast<std::uint64_t>(money.micros());
  const std::uint64_t size = money.micros() < 0 ? 0 - bits : bits;
  char* out = digits_.data();
  if (money.micros() < 0) *out++ = '-';
  out = std::to_chars(out, digits_.data() + digits_.size(), size / kMicrosPerDollar).ptr;
  if (auto fraction = size % kMicrosPerDollar; fraction != 0) {
    *out++ = '.';
    auto decimals = kDecimals;
    for (; fraction % 10 == 0; fraction /= 10) --decimals;
    for (char* digit = out + decimals; digit != out; fraction /= 10) *--digit = static_cast<char>('0' + fraction % 10);
    out += decimals;
  }
  size_ = static_cast<std::size_t>(out - digits_.data());
}

Money Money::percent(std::int64_t percent) const noexcept {
  if (micros_ == 0) return {};
  const Wide shifted = Wide{micros_} * percent + 50;  // Half up: floor(product / 100 + 1/2).
  Wide rounded = shifted / 100;
  if (shifted < 0 && shifted % 100 != 0) --rounded;  // Division truncates towards zero; floor is wanted.
  if (rounded == 0 && micros_ > 0 && percent > 0) rounded = 1;
  using Limits = std::numeric_limits<std::int64_t>;
  return from_micros(static_cast<std::int64_t>(std::clamp(rounded, Wide{Limits::min()}, Wide{Limits::max()})));
}

}  // namespace toolrack::base
