#include "base/json.hpp"

#include <rapidjson/prettywriter.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/json_bytes.hpp"
#include "base/utf8.hpp"

namespace toolrack::base::json {
namespace {

/// How many bytes at the start of `text` stand in a JSON string as they are.
std::size_t count_plain(std::string_view text) noexcept {
  std::size_t at = 0;
  std::uint64_t word = 0;
  for (; text.size() - at >= sizeof word; at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    if (const auto special = special_bytes(word); special != 0)
      return at + static_cast<std::size_t>(bytes_before(special));
  }
  if (at == text.size()) return at;
  word = 0x2020202020202020;
  std::memcpy(&word, text.data() + at, text.size() - at);
  const auto special = special_bytes(word);
  return special == 0 ? text.size() : at + static_cast<std::size_t>(bytes_before(special));
}

constexpr std::size_t kLongestEscape = 6;

/// Writes the escape of a quote, a backslash or a control character; returns its length.
std::size_t put_escape(char* out, char special) noexcept {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  *out++ = '\\';
  const auto code = static_cast<unsigned char>(special);
  if (special == '"' || special == '\\') {
    *out = special;
    return 2;
  }
  constexpr char kLetters[] = "btn\0fr";  // Of 0x08 to 0x0d; 0x0b has none.
  if (code >= 0x08 && code <= 0x0d && code != 0x0b) {
    *out = kLetters[code - 0x08];
    return 2;
  }
  std::memcpy(out, "u00", 3);
  out[3] = kHex[code >> 4];
  out[4] = kHex[code & 0xf];
  return kLongestEscape;
}

/// Is `escaped`, a token of a JSON Pointer, the name `name`?
bool is_token(std::string_view escaped, std::string_view name) noexcept {
  std::size_t at = 0;
  for (std::size_t i = 0; i < escaped.size(); ++i, ++at) {
    char c = escaped[i];
    if (c == '~') {
      if (++i == escaped.size() || (escaped[i] != '0' && escaped[i] != '1')) return false;
      c = escaped[i] == '0' ? '~' : '/';
    }
    if (at == name.size() || name[at] != c) return false;
  }
  return at == name.size();
}

const Value* step(const Value& from, std::string_view token) noexcept {
  if (from.IsObject()) {
    for (auto member = from.MemberBegin(); member != from.MemberEnd(); ++member)
      if (is_token(token, view(member->name))) return &member->value;
  } else if (from.IsArray()) {
    rapidjson::SizeType index = 0;
    const char* const end = token.data() + token.size();
    const auto read = std::from_chars(token.data(), end, index);
    const bool is_canonical = token.size() == 1 || (!token.empty() && token.front() != '0');
    if (read.ec == std::errc() && read.ptr == end && is_canonical && index < from.Size()) return &from[index];
  }
  return nullptr;
}

template <typename AnyWriter>
std::string write(const Value& value, Buffer& buffer, AnyWriter& writer) {
  [[maybe_unused]] const bool is_done = value.Accept(writer);
  assert(is_done && "JSON has no word for infinity or NaN");
  return std::string(view(buffer));
}

/// A double as ECMAScript prints it (RFC 8785, 3.2.2.3): shortest digits that read back, an exponent from 1e21 on and
/// below 1e-6.
void put_double(std::string& out, double value) {
  char scientific[32];
  const auto end = std::to_chars(scientific, scientific + sizeof scientific, value, std::chars_format::scientific).ptr;
  std::string_view text(scientific, static_cast<std::size_t>(end - scientific));
  if (text.front() == '-') {
    out += '-';
    text.remove_prefix(1);
  }
  const std::size_t e = text.find('e');
  int exponent = 0;
  const std::size_t sign = text[e + 1] == '+' ? 2 : 1;
  std::from_chars(text.data() + e + sign, text.data() + text.size(), exponent);
  std::string digits(text.substr(0, 1));
  if (e > 2) digits += text.substr(2, e - 2);

  const int count = static_cast<int>(digits.size());
  if (exponent >= 21 || exponent < -6) {
    if (count > 1) digits.insert(1, ".");
    out += digits + (exponent < 0 ? "e-" : "e+") + std::to_string(std::abs(exponent));
  } else if (exponent < 0) {
    out += "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  } else if (count <= exponent + 1) {
    out += digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0');
  } else {
    out += digits.insert(static_cast<std::size_t>(exponent + 1), ".");
  }
}

/// Integers that 64 bits hold are written whole, whether the document wrote 5, 5.0 or 0.5e1.
void put_number(std::string& out, const Value& number) {
  if (number.IsUint64()) {
    out += std::to_string(number.GetUint64());
    return;
  }
  if (number.IsInt64()) {
    out += std::to_string(number.GetInt64());
    return;
  }
  const double value = number.GetDouble();
  assert(std::isfinite(value) && "JSON has no word for infinity or NaN");
  constexpr double kTwoTo63 = 9223372036854775808.0;
  if (value == std::trunc(value) && value >= -kTwoTo63 && value < 2 * kTwoTo63) {
    out += value < 0 ? std::to_string(static_cast<std::int64_t>(value))
                     : std::to_string(static_cast<std::uint64_t>(value));
  } else {
    put_double(out, value);
  }
}

void put_string(std::string& out, Buffer& scratch, const Value& string) {
  scratch.Clear();
  Writer writer(scratch);
  put(writer, view(string));
  out += view(scratch);
}

void put_canonical(std::string& out, Buffer& scratch, const Value& value) {
  if (value.IsObject()) {
    std::vector<const Value::Member*> members;
    members.reserve(value.MemberCount());
    for (auto member = value.MemberBegin(); member != value.MemberEnd(); ++member) members.push_back(&*member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return view(a->name) < view(b->name); });
    out += '{';
    for (const auto* member : members) {
      if (member != members.front()) out += ',';
      put_string(out, scratch, member->name);
      out += ':';
      put_canonical(out, scratch, member->value);
    }
    out += '}';
  } else if (value.IsArray()) {
    out += '[';
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      if (i != 0) out += ',';
      put_canonical(out, scratch, value[i]);
    }
    out += ']';
  } else if (value.IsNumber()) {
    put_number(out, value);
  } else if (value.IsString()) {
    put_string(out, scratch, value);
  } else {
    out += value.IsNull() ? "null" : value.GetBool() ? "true" : "false";
  }
}

}  // namespace

bool Writer::String(const char* text, rapidjson::SizeType size, bool) {
  Prefix(rapidjson::kStringType);
  std::string_view left(text, size);
  auto plain = count_plain(left);
  char* out = os_->Push(plain + 2);
  *out++ = '"';
  if (plain != 0) std::memcpy(out, left.data(), plain);
  out[plain] = '"';
  while (plain != left.size()) [[unlikely]] {  // An escape takes the place of the closing quote.
    const char special = left[plain];
    left.remove_prefix(plain + 1);
    os_->Pop(1);
    os_->Pop(kLongestEscape - put_escape(os_->Push(kLongestEscape), special));
    plain = count_plain(left);
    out = os_->Push(plain + 1);
    if (plain != 0) std::memcpy(out, left.data(), plain);
    out[plain] = '"';
  }
  return EndValue(true);
}

const Value* find(const Value& object, std::string_view key) noexcept {
  if (!object.IsObject()) return nullptr;
  for (auto member = object.MemberBegin(); member != object.MemberEnd(); ++member)
    if (view(member->name) == key) return &member->value;
  return nullptr;
}

std::optional<std::string_view> find_string(const Value& object, std::string_view key) noexcept {
  const Value* const value = find(object, key);
  if (value == nullptr || !value->IsString()) return std::nullopt;
  return view(*value);
}

std::optional<std::int64_t> find_int(const Value& object, std::string_view key) noexcept {
  const Value* const value = find(object, key);
  if (value == nullptr || !value->IsInt64()) return std::nullopt;
  return value->GetInt64();
}

std::optional<bool> find_bool(const Value& object, std::string_view key) noexcept {
  const Value* const value = find(object, key);
  if (value == nullptr || !value->IsBool()) return std::nullopt;
  return value->GetBool();
}

const Value* at(const Value& root, std::string_view pointer) noexcept {
  if (!pointer.empty() && pointer.front() != '/') return nullptr;
  const Value* value = &root;
  while (value != nullptr && !pointer.empty()) {
    pointer.remove_prefix(1);
    const auto token = pointer.substr(0, pointer.find('/'));
    value = step(*value, token);
    pointer.remove_prefix(token.size());
  }
  return value;
}

std::string dump(const Value& value) {
  Buffer buffer;
  Writer writer(buffer);
  return write(value, buffer, writer);
}

std::string dump_pretty(const Value& value) {
  Buffer buffer;
  rapidjson::PrettyWriter<Buffer> writer(buffer);
  writer.SetIndent(' ', 2);
  return write(value, buffer, writer);
}

std::string canonical(const Value& value) {
  std::string out;
  Buffer scratch;
  put_canonical(out, scratch, value);
  return out;
}

std::string quote(std::string_view text) {
  Buffer buffer;
  Writer writer(buffer);
  // What is quoted often comes from a stranger: a header, a file.
  if (is_utf8(text)) {
    put(writer, text);
  } else {
    put(writer, replace_invalid_utf8(text));
  }
  return std::string(view(buffer));
}

}  // namespace toolrack::base::json
