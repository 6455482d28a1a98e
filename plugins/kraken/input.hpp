/// The input of a call, numbers as the text they were written in.
#pragma once

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::kraken {

/// The host has checked it against the manifest's schema; what is absent is left to Kraken's own defaults.
class Input {
 public:
  explicit Input(std::string_view json);

  bool has(const char* name) const { return find(name) != nullptr; }
  /// A string, or a number digit by digit; "" when absent.
  std::string text(const char* name) const;
  std::int64_t number(const char* name, std::int64_t fallback) const;
  /// An integer as digits, also where the caller wrote 5.0 for 5; "" when absent.
  std::string digits(const char* name) const;
  bool flag(const char* name) const;
  /// The strings of an array with commas between them; "" when absent.
  std::string joined(const char* name) const;

 private:
  const rapidjson::Value* find(const char* name) const;

  rapidjson::Document document_;
};

}  // namespace toolrack::kraken
