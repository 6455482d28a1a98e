/// What `format` asserts. Private to the registry.
#pragma once

#include <string_view>

namespace toolrack::registry::schema {

struct Format {
  std::string_view name;
  std::string_view expected;  ///< In an error: "expected a date such as 2026-01-31".
  bool (*is_valid)(std::string_view) noexcept;
};

/// Null for formats that are not checked: unknown ones, and idn-hostname and idn-email, whose rules change with every
/// version of Unicode. Of the formats of 2020-12 all others are there.
const Format* find_format(std::string_view name) noexcept;

/// Longer texts are valid in no format: none is meant for documents.
inline constexpr std::size_t kMaxFormatBytes = 64 << 10;

}  // namespace toolrack::registry::schema
