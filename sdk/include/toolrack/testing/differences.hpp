/// In which members two JSON values differ.
#pragma once

#include <toolrack/testing/json_value.hpp>

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::testing {

/// The lines that `toolrack call --replay` prints.
class Differences {
 public:
  /// A line for each member in which the two differ, by JSON Pointer. Strings that are JSON objects or arrays
  /// themselves are compared by member, too. Empty: they are equal.
  static std::vector<std::string> list(const JsonValue& recorded, const JsonValue& asked) {
    Differences all;
    all.compare("", recorded, asked);
    return std::move(all.lines_);
  }

 private:
  using Kind = JsonValue::Kind;

  static std::string show(const JsonValue& value) {
    constexpr std::size_t kMost = 300;
    const std::string text = value.dump();
    return text.size() <= kMost ? text : text.substr(0, kMost) + "... (" + std::to_string(text.size()) + " bytes)";
  }
  static std::string place_of(const std::string& at, std::string_view name) {
    std::string out = at + '/';
    for (const char c : name) {
      if (c == '~' || c == '/') {
        out += c == '~' ? "~0" : "~1";
      } else {
        out += c;
      }
    }
    return out;
  }
  static std::optional<JsonValue> structure_in(const JsonValue& value) {
    if (!value.is_string() || (!value.text.starts_with('{') && !value.text.starts_with('['))) return std::nullopt;
    return read_json(value.text);
  }
  static bool same(const JsonValue& a, const JsonValue& b) {
    if (a.kind != b.kind) return false;
    if (a.kind == Kind::kNumber && a.text != b.text) {
      return a.text.find_first_of(".eE") != std::string::npos && std::atof(a.text.c_str()) == std::atof(b.text.c_str());
    }
    return a.text == b.text;
  }

  void compare(const std::string& at, const JsonValue& recorded, const JsonValue& asked) {
    if (recorded.is_object() && asked.is_object()) return compare_objects(at, recorded, asked);
    if (recorded.is_array() && asked.is_array()) return compare_arrays(at, recorded, asked);
    if (same(recorded, asked)) return;
    const std::optional<JsonValue> inner_recorded = structure_in(recorded);
    const std::optional<JsonValue> inner_asked = structure_in(asked);
    if (inner_recorded && inner_asked) {
      const std::size_t before = lines_.size();
      compare(at, *inner_recorded, *inner_asked);
      if (lines_.size() != before) return;  // Else they differ in how they are written.
    }
    lines_.push_back(at + ": recorded " + show(recorded) + ", asked " + show(asked));
  }
  void compare_objects(const std::string& at, const JsonValue& recorded, const JsonValue& asked) {
    for (const JsonValue& member : recorded.items) {
      const std::string place = place_of(at, member.name);
      if (const JsonValue* const other = asked.find(member.name)) {
        compare(place, member, *other);
      } else {
        lines_.push_back(place + ": recorded " + show(member) + ", not asked");
      }
    }
    for (const JsonValue& member : asked.items) {
      if (recorded.find(member.name) == nullptr) {
        lines_.push_back(place_of(at, member.name) + ": not recorded, asked " + show(member));
      }
    }
  }
  void compare_arrays(const std::string& at, const JsonValue& recorded, const JsonValue& asked) {
    const std::size_t both = std::min(recorded.items.size(), asked.items.size());
    for (std::size_t i = 0; i < both; ++i) compare(at + '/' + std::to_string(i), recorded.items[i], asked.items[i]);
    for (std::size_t i = both; i < recorded.items.size(); ++i) {
      lines_.push_back(at + '/' + std::to_string(i) + ": recorded " + show(recorded.items[i]) + ", not asked");
    }
    for (std::size_t i = both; i < asked.items.size(); ++i) {
      lines_.push_back(at + '/' + std::to_string(i) + ": not recorded, asked " + show(asked.items[i]));
    }
  }

  std::vector<std::string> lines_;
};

}  // namespace toolrack::testing
