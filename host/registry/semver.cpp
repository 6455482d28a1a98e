#include "registry/semver.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace toolrack::registry {
namespace {

bool is_digits(std::string_view text) noexcept {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_identifier_char(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/// The text up to the next dot, which is removed with it.
std::string_view take_part(std::string_view& rest) noexcept {
  const auto dot = rest.find('.');
  const auto part = rest.substr(0, dot);
  rest = dot == std::string_view::npos ? std::string_view() : rest.substr(dot + 1);
  return part;
}

bool read_number(std::string_view text, std::uint64_t& out) noexcept {
  if (!is_digits(text) || (text.size() > 1 && text.front() == '0')) return false;
  return std::from_chars(text.data(), text.data() + text.size(), out).ec == std::errc();
}

/// Dot-separated identifiers; those of digits have no leading zero unless `allow_zeros`.
bool is_identifiers(std::string_view text, bool allow_zeros) noexcept {
  if (text.empty() || text.back() == '.') return false;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (part.empty() || !std::all_of(part.begin(), part.end(), is_identifier_char)) return false;
    if (!allow_zeros && is_digits(part) && part.size() > 1 && part.front() == '0') return false;
  }
  return true;
}

/// Numbers below words, numbers by value (without leading zeros the longer one is higher), words by their bytes.
std::strong_ordering compare_identifiers(std::string_view a, std::string_view b) noexcept {
  const bool a_is_number = is_digits(a), b_is_number = is_digits(b);
  if (a_is_number != b_is_number) return a_is_number ? std::strong_ordering::less : std::strong_ordering::greater;
  if (a_is_number && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_pre(std::string_view a, std::string_view b) noexcept {
  if (a.empty() || b.empty()) return a.empty() <=> b.empty();  // A release is above its pre-releases.
  while (!a.empty() && !b.empty()) {
    if (const auto order = compare_identifiers(take_part(a), take_part(b)); order != 0) return order;
  }
  return b.empty() <=> a.empty();  // The one with more identifiers is higher.
}

}  // namespace

std::optional<Semver> Semver::parse(std::string_view text) {
  if (const auto plus = text.find('+'); plus != std::string_view::npos) {
    if (!is_identifiers(text.substr(plus + 1), true)) return std::nullopt;
    text = text.substr(0, plus);
  }
  Semver out;
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    out.pre = text.substr(dash + 1);
    if (!is_identifiers(out.pre, false)) return std::nullopt;
    text = text.substr(0, dash);
  }
  if (std::count(text.begin(), text.end(), '.') != 2) return std::nullopt;
  for (auto* number : {&out.major, &out.minor, &out.patch})
    if (!read_number(take_part(text), *number)) return std::nullopt;
  return out;
}

std::strong_ordering operator<=>(const Semver& a, const Semver& b) {
  const auto numbers = std::tie(a.major, a.minor, a.patch) <=> std::tie(b.major, b.minor, b.patch);
  return numbers != 0 ? numbers : compare_pre(a.pre, b.pre);
}

}  // namespace toolrack::registry
