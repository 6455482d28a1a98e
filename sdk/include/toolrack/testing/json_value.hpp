/// Reads JSON, for tests. Skills take the library of their choice.
#pragma once

#include <toolrack/json_text.hpp>
#include <toolrack/testing/utf8_check.hpp>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace toolrack::testing {

/// One JSON value with all below it.
struct JsonValue {
  enum class Kind { kWord, kNumber, kString, kArray, kObject };  ///< kWord: true, false, null.

  Kind kind = Kind::kWord;
  std::string name;              ///< As a member of an object.
  std::string text = "null";     ///< Of a string what it says, of a number or a word how it is written.
  std::vector<JsonValue> items;  ///< Of an array; of an object its members, sorted by name.

  static JsonValue string(std::string text) { return {Kind::kString, {}, std::move(text), {}}; }
  static JsonValue number(std::int64_t value) { return {Kind::kNumber, {}, std::to_string(value), {}}; }
  static JsonValue array(std::vector<JsonValue> items) { return {Kind::kArray, {}, {}, std::move(items)}; }
  static JsonValue object() { return {Kind::kObject, {}, {}, {}}; }

  bool is_object() const noexcept { return kind == Kind::kObject; }
  bool is_array() const noexcept { return kind == Kind::kArray; }
  bool is_string() const noexcept { return kind == Kind::kString; }

  /// The member of that name; nullptr when there is none, or this is no object.
  const JsonValue* find(std::string_view member) const noexcept {
    if (!is_object()) return nullptr;
    for (const JsonValue& each : items) {
      if (each.name == member) return &each;
    }
    return nullptr;
  }
  /// What the string member of that name says; empty when there is none.
  std::string string_at(std::string_view member) const {
    const JsonValue* const found = find(member);
    return found != nullptr && found->is_string() ? found->text : std::string();
  }
  std::int64_t int_at(std::string_view member) const noexcept {
    const JsonValue* const found = find(member);
    std::int64_t value = 0;
    if (found != nullptr) std::from_chars(found->text.data(), found->text.data() + found->text.size(), value);
    return value;
  }
  /// Takes the place of the member of that name.
  void set(std::string_view member, JsonValue value) {
    value.name = member;
    const auto place = std::lower_bound(items.begin(), items.end(), member,
                                        [](const JsonValue& each, std::string_view key) { return each.name < key; });
    if (place != items.end() && place->name == member) {
      *place = std::move(value);
    } else {
      items.insert(place, std::move(value));
    }
  }

  /// As JSON, members sorted by name.
  std::string dump() const {
    if (is_string()) return json_quote(text);
    if (!is_object() && !is_array()) return text;
    std::string out(1, is_object() ? '{' : '[');
    for (const JsonValue& each : items) {
      if (out.size() > 1) out += ',';
      if (is_object()) out += json_quote(each.name) + ':';
      out += each.dump();
    }
    return out += is_object() ? '}' : ']';
  }
};

/// Takes RFC 8259 documents. Of several members with one name, which the host refuses, any counts.
class JsonReader {
 public:
  /// nullopt: it is no JSON, or nests deeper than `max_depth` levels.
  static std::optional<JsonValue> read(std::string_view text, int max_depth = 64) {
    if (!is_utf8(text)) return std::nullopt;
    JsonReader reader(text, max_depth);
    JsonValue value;
    reader.space();
    if (!reader.value(value, 0)) return std::nullopt;
    reader.space();
    if (!reader.rest_.empty()) return std::nullopt;
    return value;
  }

 private:
  using Kind = JsonValue::Kind;

  JsonReader(std::string_view text, int max_depth) noexcept : rest_(text), max_depth_(max_depth) {}

  bool take(char c) noexcept {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool take(std::string_view word) noexcept {
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void space() noexcept {
    while (!rest_.empty() && std::string_view(" \t\r\n").find(rest_.front()) != std::string_view::npos) {
      rest_.remove_prefix(1);
    }
  }
  bool digits() noexcept {
    const std::size_t before = rest_.size();
    while (!rest_.empty() && std::isdigit(static_cast<unsigned char>(rest_.front())) != 0) rest_.remove_prefix(1);
    return rest_.size() != before;
  }
  bool skip_number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }
  /// Four hex digits behind "\u"; nullopt when they are none.
  std::optional<std::uint32_t> unit() noexcept {
    std::uint32_t value = 0;
    const char* const from = rest_.data();
    if (rest_.size() < 4 || std::from_chars(from, from + 4, value, 16).ptr != from + 4 || rest_.front() == '-') {
      return std::nullopt;
    }
    rest_.remove_prefix(4);
    return value;
  }
  static void append_utf8(std::string& out, std::uint32_t point) {
    const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) return put(point);
    if (point < 0x800) {
      put(0xc0 | point >> 6);
    } else {
      if (point < 0x10000) {
        put(0xe0 | point >> 12);
      } else {
        put(0xf0 | point >> 18);
        put(0x80 | (point >> 12 & 0x3f));
      }
      put(0x80 | (point >> 6 & 0x3f));
    }
    put(0x80 | (point & 0x3f));
  }
  /// What follows a backslash. Half a surrogate pair is grammar, and becomes U+FFFD.
  bool escape(std::string& out) {
    static constexpr std::string_view kLetters = "\"\\/bfnrt";
    static constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
    if (!take('u')) {
      const std::size_t at = rest_.empty() ? std::string_view::npos : kLetters.find(rest_.front());
      if (at == std::string_view::npos) return false;
      rest_.remove_prefix(1);
      out += kMeant[at];
      return true;
    }
    const std::optional<std::uint32_t> first = unit();
    if (!first) return false;
    std::uint32_t point = *first;
    if (point >= 0xd800 && point < 0xdc00) {
      const std::string_view before = rest_;
      const std::optional<std::uint32_t> second = take("\\u") ? unit() : std::nullopt;
      if (second && *second >= 0xdc00 && *second < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (*second - 0xdc00);
      } else {
        rest_ = before;
      }
    }
    append_utf8(out, point >= 0xd800 && point < 0xe000 ? 0xfffd : point);
    return true;
  }
  bool string(std::string& out) {
    out.clear();
    if (!take('"')) return false;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') {
        out += c;
      } else if (!escape(out)) {
        return false;
      }
    }
    return false;
  }
  bool value(JsonValue& out, int depth) {
    if (depth > max_depth_ || rest_.empty()) return false;
    const std::string_view from = rest_;
    if (rest_.front() == '"') {
      out.kind = Kind::kString;
      return string(out.text);
    }
    if (take('{')) return members(out, '}', depth);
    if (take('[')) return members(out, ']', depth);
    if (!take("true") && !take("false") && !take("null")) {
      if (!skip_number()) return false;
      out.kind = Kind::kNumber;
    }
    out.text = from.substr(0, from.size() - rest_.size());
    return true;
  }
  /// What follows an opening bracket.
  bool members(JsonValue& out, char end, int depth) {
    const bool is_object = end == '}';
    out.kind = is_object ? Kind::kObject : Kind::kArray;
    out.text.clear();
    space();
    if (take(end)) return true;
    do {
      space();
      JsonValue item;
      if (is_object) {
        if (!string(item.name)) return false;
        space();
        if (!take(':')) return false;
        space();
      }
      if (!value(item, depth + 1)) return false;
      out.items.push_back(std::move(item));
      space();
    } while (take(','));
    if (is_object) {
      std::sort(out.items.begin(), out.items.end(),
                [](const JsonValue& a, const JsonValue& b) { return a.name < b.name; });
    }
    return take(end);
  }

  std::string_view rest_;
  const int max_depth_;
};

inline std::optional<JsonValue> read_json(std::string_view text, int max_depth = 64) {
  return JsonReader::read(text, max_depth);
}

/// Is this one JSON document, at most 64 levels deep? The host checks the same of every plugin.
inline bool is_json(std::string_view text) { return read_json(text).has_value(); }

}  // namespace toolrack::testing
