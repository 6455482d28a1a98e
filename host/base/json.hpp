/// JSON from outside, read within limits, and JSON going out.
///
/// RapidJSON does the work; this header adds what it leaves to its users: limits on depth, values and digits, refusal
/// of duplicate keys and of broken UTF-8, errors that say where. Host code uses `json::Value` and the accessors below.
#pragma once

// RapidJSON must throw nothing and abort nothing on bad input; its asserts guard programming errors only.
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/json_memory.hpp"
#include "base/result.hpp"

namespace toolrack::base::json {

using Document = rapidjson::GenericDocument<rapidjson::UTF8<>, rapidjson::MemoryPoolAllocator<>, ReadMemory>;
using Value = rapidjson::Value;
using Buffer = rapidjson::StringBuffer;

/// RapidJSON's, which copies finished JSON, and strings that need no escape, in one piece.
class Writer : public rapidjson::Writer<Buffer> {
 public:
  using rapidjson::Writer<Buffer>::Writer;
  bool String(const char* text, rapidjson::SizeType size, bool copy = false);
  bool Key(const char* text, rapidjson::SizeType size, bool copy = false) { return String(text, size, copy); }
  bool RawValue(const char* json, std::size_t size, rapidjson::Type type) {
    Prefix(type);
    if (size != 0) std::memcpy(os_->Push(size), json, size);
    return EndValue(true);
  }
};

struct Limits {
  std::size_t max_bytes = 4 << 20;
  std::size_t max_depth = 64;  ///< More than 1,000 counts as 1,000: reading recurses.
  std::size_t max_values = 100'000;
  std::size_t max_number_digits = 1'000;
};

/// Asks `parse` for the raw text of one object member, so that it can travel on byte for byte: member `key` at `depth`
/// (1 = of the root object, 7 at most) of a parent that is itself called `parent` (empty for the root and elements of
/// an array). The first one when several match; at most 64 captures a parse. `text` is null when none was found, and
/// means nothing when `parse` failed.
struct Capture {
  std::size_t depth = 1;
  std::string_view parent;
  std::string_view key;
  std::string_view text;  ///< Out: from the value's first to its last byte, inside the parsed text.
};

/// Whole text, one value. The text is copied into the document and may go; the document's memory is its own, or
/// `scratch`, until that is parsed into again. Errors: kInvalidJson (with line and
/// column; also for numbers with too many digits or outside the range of a double), kInvalidUtf8 (with offset),
/// kDuplicateKey (names the key and where), kTooDeep, kTooManyValues, kBodyTooLarge.
Result<Document> parse(std::string_view text, const Limits& limits = {}, std::span<Capture> captures = {},
                       Scratch* scratch = nullptr);

/// The same for configuration files: comments and trailing commas allowed.
Result<Document> parse_config(std::string_view text, const Limits& limits = {});

/// "line 3, column 7" of an offset.
std::string position(std::string_view text, std::size_t offset);

inline std::string_view view(const Value& string) noexcept { return {string.GetString(), string.GetStringLength()}; }

/// The member, or nullptr when `object` is no object or has none of that name.
const Value* find(const Value& object, std::string_view key) noexcept;
/// A string member; nullopt when absent or of another type.
std::optional<std::string_view> find_string(const Value& object, std::string_view key) noexcept;
std::optional<std::int64_t> find_int(const Value& object, std::string_view key) noexcept;
std::optional<bool> find_bool(const Value& object, std::string_view key) noexcept;
/// The value a JSON Pointer (RFC 6901) names, or nullptr.
const Value* at(const Value& root, std::string_view pointer) noexcept;

/// Compact text.
std::string dump(const Value& value);
/// Two spaces of indentation, for people.
std::string dump_pretty(const Value& value);
/// Compact, members sorted by the bytes of their names, numbers in shortest form: equal documents give equal bytes.
std::string canonical(const Value& value);
/// `text` in quotes, escaped.
std::string quote(std::string_view text);

/// Writes a string, which RapidJSON's Writer wants as pointer and size.
inline void put(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
inline void key(Writer& writer, std::string_view text) {
  writer.Key(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}
/// A member that is a text, or a count.
inline void put_member(Writer& writer, std::string_view name, std::string_view text) {
  key(writer, name);
  put(writer, text);
}
template <std::same_as<std::uint64_t> Count>  // Nothing else becomes one unseen.
void put_member(Writer& writer, std::string_view name, Count count) {
  key(writer, name);
  writer.Uint64(count);
}
/// JSON text that is already well-formed, as it is.
inline void raw(Writer& writer, std::string_view text, rapidjson::Type type = rapidjson::kObjectType) {
  writer.RawValue(text.data(), text.size(), type);
}
inline std::string_view view(const Buffer& buffer) noexcept { return {buffer.GetString(), buffer.GetSize()}; }

}  // namespace toolrack::base::json
