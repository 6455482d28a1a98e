#include "transports/net/headers.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <type_traits>

namespace toolrack::net {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(HeaderName::kOther)> kNames{"Accept",
                                                                                            "Authorization",
                                                                                            "Connection",
                                                                                            "Content-Encoding",
                                                                                            "Content-Length",
                                                                                            "Content-Type",
                                                                                            "Cookie",
                                                                                            "Expect",
                                                                                            "Forwarded",
                                                                                            "Host",
                                                                                            "Idempotency-Key",
                                                                                            "If-None-Match",
                                                                                            "Last-Event-ID",
                                                                                            "Mcp-Method",
                                                                                            "Mcp-Name",
                                                                                            "MCP-Protocol-Version",
                                                                                            "Mcp-Session-Id",
                                                                                            "Origin",
                                                                                            "traceparent",
                                                                                            "tracestate",
                                                                                            "Transfer-Encoding",
                                                                                            "User-Agent",
                                                                                            "X-Forwarded-For",
                                                                                            "X-Request-Id"};

constexpr std::size_t kShortest = std::ranges::min(kNames, {}, &std::string_view::size).size();
constexpr std::size_t kLongest = std::ranges::max(kNames, {}, &std::string_view::size).size();

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// The same for eight letters at once, exact for every byte: bit 7 of `is_upper` says which bytes are capitals.
constexpr std::uint64_t to_lower(std::uint64_t word) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x80 * kOnes;
  const auto low_bits = word & ~kHighs;
  const auto from_a = low_bits + (0x80 - 'A') * kOnes, beyond_z = low_bits + (0x7f - 'Z') * kOnes;
  const auto is_upper = (from_a ^ beyond_z) & ~word & kHighs;
  return word | is_upper >> 2;
}

/// A name of up to kLongest bytes as words of small letters: the first bytes, those in the middle, the last; they
/// overlap.
struct Folded {
  std::uint64_t first = 0, middle = 0, last = 0;
  bool operator==(const Folded&) const = default;
};
static_assert(kShortest >= 4 && kLongest <= 24, "fold() reads four bytes at least, and three words");

constexpr std::uint64_t load(std::string_view text, std::size_t at, std::size_t size) noexcept {
  std::uint64_t word = 0;
  if (std::is_constant_evaluated()) {
    for (std::size_t i = size; i > 0; --i) word = word << 8 | static_cast<unsigned char>(text[at + i - 1]);
  } else if (size == 8) {
    std::memcpy(&word, text.data() + at, 8);
  } else {
    std::memcpy(&word, text.data() + at, 4);
  }
  return word;
}
static_assert(std::endian::native == std::endian::little, "load() at compile time puts the first byte lowest");

constexpr Folded fold(std::string_view name) noexcept {
  const auto size = name.size();
  if (size < 8) return {.first = to_lower(load(name, 0, 4)), .last = to_lower(load(name, size - 4, 4))};
  return {.first = to_lower(load(name, 0, 8)),
          .middle = size > 16 ? to_lower(load(name, 8, 8)) : 0,
          .last = to_lower(load(name, size - 8, 8))};
}

/// The names of one length, so that a lookup compares two or three of them at most.
struct Bucket {
  std::array<Folded, 4> folded{};
  std::array<std::uint8_t, 4> names{};
  std::uint8_t count = 0;
};

constexpr auto kByLength = [] {
  std::array<Bucket, kLongest + 1> buckets{};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    auto& bucket = buckets[kNames[i].size()];
    bucket.folded.at(bucket.count) = fold(kNames[i]);
    bucket.names.at(bucket.count++) = static_cast<std::uint8_t>(i);
  }
  return buckets;
}();

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

HeaderName header_name(std::string_view name) noexcept {
  if (name.size() < kShortest || name.size() > kLongest) return HeaderName::kOther;
  const auto& bucket = kByLength[name.size()];
  const auto folded = fold(name);
  for (std::size_t i = 0; i < bucket.count; ++i)
    if (folded == bucket.folded[i]) return static_cast<HeaderName>(bucket.names[i]);
  return HeaderName::kOther;
}

std::string_view to_string(HeaderName name) noexcept {
  return name == HeaderName::kOther ? std::string_view() : kNames[static_cast<std::size_t>(name)];
}

const HeaderField* Headers::find(std::string_view name) const noexcept {
  for (const auto& field : fields_)
    if (equal_ignoring_case(field.name, name)) return &field;
  return nullptr;
}

void Headers::add(std::string_view name, std::string_view value) {
  const auto known = static_cast<std::size_t>(header_name(name));
  if (known < kKnown) {
    if (index_[known] == kAbsent)
      index_[known] = static_cast<std::uint16_t>(fields_.size());
    else
      repeated_ |= std::uint32_t{1} << known;
  }
  fields_.push_back({name, value});
}

void Headers::clear() noexcept {
  fields_.clear();
  index_.fill(kAbsent);
  repeated_ = 0;
}

void Headers::rebase(const char* from, const char* to) noexcept {
  for (auto& field : fields_) {
    field.name = {to + (field.name.data() - from), field.name.size()};
    field.value = {to + (field.value.data() - from), field.value.size()};
  }
}

}  // namespace toolrack::net
