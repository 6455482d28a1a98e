/// Test cases that stand in tests/data as JSON, one object a row.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.hpp"

namespace toolrack::testing {

/// The array in tests/data/<name>. It stays: parameterized tests keep pointers to its rows.
inline const base::json::Document& data_file(const std::string& name) {
  std::ifstream file(std::string(TOOLRACK_SOURCE_DIR) + "/tests/data/" + name);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto document = base::json::parse(text, {.max_bytes = 64 << 20, .max_values = 10'000'000});
  if (!document || !document->IsArray() || document->Empty())
    throw std::runtime_error(name + ": " + (document ? "no rows" : document.error().message()));
  static std::deque<base::json::Document> kept;
  return kept.emplace_back(*std::move(document));
}

/// "no_version_in_meta": a row's name as GoogleTest wants it.
inline std::string case_name(const base::json::Value& row) {
  std::string name;
  for (const char c : base::json::find_string(row, "name").value_or("nameless")) {
    const bool is_fit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (is_fit)
      name += c;
    else if (!name.ends_with('_'))
      name += '_';
  }
  return name;
}

}  // namespace toolrack::testing
