/// What rows of tests/data say about a request and would be unreadable when written out: bodies and headers at and
/// beyond every limit.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "support/http_client.hpp"

namespace toolrack::testing {

inline std::string repeated(std::string_view piece, std::int64_t times) {
  std::string all;
  for (std::int64_t i = 0; i < times; ++i) all += piece;
  return all;
}

inline std::string from_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

/// The body a row gives as text, as bytes, or by measure: `body_size` (blanks), `body_nested` (arrays in each other),
/// `body_values` (of an array, that one included), `body_digits` (a number in an array), `body_keys` (different members
/// of one object). Nothing when it gives none in this way.
inline std::optional<std::string> row_body(const base::json::Value& row) {
  using base::json::find_int;
  using base::json::find_string;
  if (const auto text = find_string(row, "body_text")) return std::string(*text);
  if (const auto hex = find_string(row, "body_hex")) return from_hex(*hex);
  if (const auto size = find_int(row, "body_size")) return std::string(static_cast<std::size_t>(*size), ' ');
  if (const auto depth = find_int(row, "body_nested")) return repeated("[", *depth) + repeated("]", *depth);
  if (const auto count = find_int(row, "body_values")) return "[1" + repeated(",1", *count - 2) + "]";
  if (const auto digits = find_int(row, "body_digits")) return "[" + repeated("1", *digits) + "]";
  if (const auto keys = find_int(row, "body_keys")) {
    std::string body = "{";
    for (std::int64_t i = 0; i < *keys; ++i) body += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
    return body + "}";
  }
  return std::nullopt;
}

/// `more_headers`: so many small ones. `header_bytes`: one with a value of that size.
inline void add_row_headers(const base::json::Value& row, HeaderList& headers) {
  for (auto i = base::json::find_int(row, "more_headers").value_or(0); i > 0; --i) headers.emplace_back("X-A", "b");
  if (const auto size = base::json::find_int(row, "header_bytes"))
    headers.emplace_back("X-Large", std::string(static_cast<std::size_t>(*size), 'a'));
}

/// `path`, with `query_bytes` of a query behind it.
inline std::string row_path(const base::json::Value& row, std::string_view otherwise = "") {
  std::string path(base::json::find_string(row, "path").value_or(otherwise));
  if (const auto size = base::json::find_int(row, "query_bytes"))
    path += "?q=" + std::string(static_cast<std::size_t>(*size), 'a');
  return path;
}

}  // namespace toolrack::testing
