/// Money: whole micro-dollars, never a floating-point number.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace toolrack::base {

class Money {
 public:
  constexpr Money() = default;
  static constexpr Money from_micros(std::int64_t micros) { return Money(micros); }
  /// Reads a decimal number of dollars ("0.000001", "12.5"); more than six decimals, a sign or an exponent are refused.
  static Result<Money> parse(std::string_view dollars);

  constexpr std::int64_t micros() const noexcept { return micros_; }
  /// Dollars as a JSON number without needless zeros: "0", "0.000001", "12.5".
  class Text {
   public:
    explicit Text(Money money) noexcept;
    std::string_view view() const noexcept { return {digits_.data(), size_}; }

   private:
    std::array<char, 24> digits_;
    std::size_t size_;
  };
  Text text() const noexcept { return Text(*this); }
  std::string to_string() const { return std::string(text().view()); }

  /// This × percent / 100, product in 128 bits, rounded half up, at least 1 µ$ when both are above zero.
  Money percent(std::int64_t percent) const noexcept;

  friend constexpr Money operator+(Money a, Money b) { return Money(a.micros_ + b.micros_); }
  friend constexpr Money operator-(Money a, Money b) { return Money(a.micros_ - b.micros_); }
  friend constexpr auto operator<=>(Money, Money) = default;

 private:
  explicit constexpr Money(std::int64_t micros) : micros_(micros) {}
  std::int64_t micros_ = 0;
};

}  // namespace toolrack::base
