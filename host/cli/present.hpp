/// What a person reads instead of JSON.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"

namespace toolrack::cli {

/// Text for the answer of an operation; indented JSON where there is no better form.
std::string present(std::string_view operation, const base::json::Value& answer);

/// "toolrack: message" and what to do, of an error object {code, message, resolution_hint, details?}.
std::string present_error(const base::json::Value& error);

/// Columns as wide as their widest cell, two blanks between them; the last one is not padded.
class Columns {
 public:
  explicit Columns(std::vector<std::string> heads) : rows_{std::move(heads)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace toolrack::cli
