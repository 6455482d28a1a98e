/// Reading JSON: RapidJSON's reader feeds a filter, the filter feeds RapidJSON's document.
///
/// The filter refuses what breaks a limit before the document grows, so depth bounds every recursion over the document
/// too. Numbers reach the filter as text: RapidJSON 1.1.0 computes some of them with out-of-range table reads (huge
/// negative exponents, hundreds of decimals), so their conversion is left to the standard library.

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cassert>
#include <charconv>
#include <cmath>

#include "base/json.hpp"
#include "base/json_duplicates.hpp"
#include "base/utf8.hpp"

namespace toolrack::base::json {
namespace {

/// Text with a known end as RapidJSON wants to read it; a zero byte stands for the end.
struct TextStream {
  using Ch = char;

  explicit TextStream(std::string_view text) : at(text.data()), begin(at), end(at + text.size()) {}
  Ch Peek() const { return at == end ? '\0' : *at; }
  Ch Take() { return at == end ? '\0' : *at++; }
  std::size_t Tell() const { return static_cast<std::size_t>(at - begin); }
  // A reader that does not parse in place compiles these calls, but never makes them.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  std::size_t PutEnd(Ch*) { return 0; }

  const char* at;
  const char* begin;
  const char* end;
};

}  // namespace
}  // namespace toolrack::base::json

namespace rapidjson {
/// Lets the reader keep a copy in registers while it reads one token. So at String, Key and RawNumber events the stream
/// still stands before the token; at all others behind it.
template <>
struct StreamTraits<toolrack::base::json::TextStream> {
  enum { copyOptimization = 1 };
};
}  // namespace rapidjson

namespace toolrack::base::json {
namespace {

using rapidjson::SizeType;

/// Reading and every walk over a document recurse; this keeps them far from the end of a thread's stack.
constexpr std::size_t kDepthBound = 1'000;

std::string shorten(std::string_view text) {
  constexpr std::size_t kShown = 80;
  return std::string(truncate_utf8(text, kShown)) + (text.size() > kShown ? "..." : "");
}

std::size_t count_digits(std::string_view number) {
  std::size_t digits = 0;
  for (const char c : number) digits += c >= '0' && c <= '9';
  return digits;
}

/// The end of the string whose opening quote is at `at`; the reader has already found it well-formed.
const char* string_end(const char* at) {
  for (++at; *at != '"'; ++at)
    if (*at == '\\') ++at;
  return at + 1;
}

/// Cuts the members that were asked for out of the text while the reader passes by.
class Cutter {
 public:
  Cutter(std::span<Capture> captures, const TextStream& stream) : captures_(captures), stream_(stream) {
    for (auto& capture : captures_) capture.text = {};
  }

  /// A member's name inside the container at `depth`.
  void on_key(std::size_t depth, std::string_view key) {
    for (std::size_t i = 0; i < captures_.size(); ++i) {
      const auto& capture = captures_[i];
      if (capture.depth == depth + 1) set(parent_named_, i, key == capture.parent);
      if (capture.depth == depth) set(wanted_, i, has(in_parent_, i) && key == capture.key && !capture.text.data());
    }
    after_key_ = true;
  }

  /// A container at `depth` has begun; its bracket is the byte before the stream's place.
  void on_open(std::size_t depth) {
    for (std::size_t i = 0; i < captures_.size(); ++i) {
      const auto& capture = captures_[i];
      if (capture.depth == depth)  // Elements of an array have no name.
        set(in_parent_, i, depth == 1 || (after_key_ ? has(parent_named_, i) : capture.parent.empty()));
      if (capture.depth == depth - 1 && has(wanted_, i)) captures_[i].text = {stream_.at - 1, 1};
    }
    after_key_ = false;
  }

  /// The container that was at `depth + 1` has ended; its bracket is the byte before the stream's place.
  void on_close(std::size_t depth) {
    for (std::size_t i = 0; i < captures_.size(); ++i) {
      if (captures_[i].depth != depth || !has(wanted_, i)) continue;
      auto& text = captures_[i].text;
      text = {text.data(), static_cast<std::size_t>(stream_.at - text.data())};
      set(wanted_, i, false);
    }
  }

  /// A value without members, `[begin, end)`, inside the container at `depth`.
  void on_scalar(std::size_t depth, const char* begin, const char* end) {
    after_key_ = false;
    for (std::size_t i = 0; i < captures_.size(); ++i) {
      if (captures_[i].depth != depth || !has(wanted_, i)) continue;
      captures_[i].text = {begin, static_cast<std::size_t>(end - begin)};
      set(wanted_, i, false);
    }
  }

  static constexpr std::size_t kMost = 64;

 private:
  static bool has(std::uint64_t bits, std::size_t i) { return (bits >> i & 1) != 0; }
  static void set(std::uint64_t& bits, std::size_t i, bool value) {
    bits = (bits & ~(std::uint64_t{1} << i)) | std::uint64_t{value} << i;
  }

  std::span<Capture> captures_;
  const TextStream& stream_;
  std::uint64_t parent_named_ = 0;  ///< Bit i: the member just named is called as capture i wants its parent.
  std::uint64_t in_parent_ = 0;     ///< Bit i: the container at the depth of capture i is its parent.
  std::uint64_t wanted_ = 0;        ///< Bit i: the value that is being read is the one.
  bool after_key_ = false;
};

/// Stands between reader and document.
class Filter {
 public:
  Filter(Document& document, const Limits& limits, const TextStream& stream, std::span<Capture> captures,
         bool has_escapes)
      : document_(document),
        limits_(limits),
        max_depth_(std::min(limits.max_depth, kDepthBound)),
        stream_(stream),
        cutter_(captures, stream),
        cuts_(!captures.empty()),
        has_escapes_(has_escapes) {}

  const std::optional<Error>& error() const { return error_; }

  bool Null() { return word(4) && document_.Null(); }
  bool Bool(bool value) { return word(value ? 4 : 5) && document_.Bool(value); }
  bool String(const char* text, SizeType size, bool copy) {
    if (!count() || !is_whole({text, size})) return false;
    if (cuts_) cutter_.on_scalar(depth_, stream_.at, string_end(stream_.at));
    return document_.String(text, size, copy);
  }
  bool Key(const char* text, SizeType size, bool copy) {
    if (!is_whole({text, size})) return false;
    if (cuts_) cutter_.on_key(depth_, {text, size});
    return document_.Key(text, size, copy);
  }
  bool RawNumber(const char* text, SizeType size, bool) {
    if (!count()) return false;
    if (cuts_) cutter_.on_scalar(depth_, stream_.at, stream_.at + size);
    return number({text, size});
  }
  bool StartObject() { return open() && document_.StartObject(); }
  bool StartArray() { return open() && document_.StartArray(); }
  bool EndObject(SizeType members) { return close() && document_.EndObject(members); }
  bool EndArray(SizeType elements) { return close() && document_.EndArray(elements); }

  // The reader gives every number as text: it compiles these calls, but never makes them.
  bool Int(int) { return false; }
  bool Uint(unsigned) { return false; }
  bool Int64(std::int64_t) { return false; }
  bool Uint64(std::uint64_t) { return false; }
  bool Double(double) { return false; }

 private:
  bool refuse(ErrorCode code, std::string message) {
    const std::string_view text(stream_.begin, static_cast<std::size_t>(stream_.end - stream_.begin));
    error_.emplace(code, position(text, stream_.Tell()) + ": " + std::move(message));
    return false;
  }

  bool count() {
    if (++values_ <= limits_.max_values) [[likely]]
      return true;
    return refuse(ErrorCode::kTooManyValues,
                  "the document has more than " + std::to_string(limits_.max_values) + " values.");
  }

  /// `true`, `false` or `null`, of `size` bytes before the stream's place.
  bool word(std::size_t size) {
    if (cuts_) cutter_.on_scalar(depth_, stream_.at - size, stream_.at);
    return count();
  }

  bool open() {
    if (!count()) return false;
    if (++depth_ > max_depth_)
      return refuse(ErrorCode::kTooDeep,
                    "objects and arrays nest deeper than " + std::to_string(max_depth_) + " levels.");
    if (cuts_) cutter_.on_open(depth_);
    return true;
  }

  bool close() {
    --depth_;
    if (cuts_) cutter_.on_close(depth_);
    return true;
  }

  /// RapidJSON lets "\udc00" through without its first half. The text itself is valid UTF-8, so a surrogate can only
  /// come from an escape.
  bool is_whole(std::string_view text) {
    if (!has_escapes_ || text.find('\xED') == std::string_view::npos || is_utf8(text)) [[likely]]
      return true;
    return refuse(ErrorCode::kInvalidJson, "the string has half of a surrogate pair as \\u escape.");
  }

  bool number(std::string_view text) {
    if (text.size() > limits_.max_number_digits && count_digits(text) > limits_.max_number_digits)
      return refuse(ErrorCode::kInvalidJson, "the number " + shorten(text) + " has " +
                                                 std::to_string(count_digits(text)) + " digits; at most " +
                                                 std::to_string(limits_.max_number_digits) + " are allowed.");
    const char* const begin = text.data();
    const char* const end = begin + text.size();
    if (text.find_first_of(".eE") == std::string_view::npos) {
      if (text.front() == '-') {
        std::int64_t value = 0;
        if (std::from_chars(begin, end, value).ec == std::errc()) return document_.Int64(value);
      } else {
        std::uint64_t value = 0;
        if (std::from_chars(begin, end, value).ec == std::errc()) return document_.Uint64(value);
      }
    }
    double value = 0;
    if (std::from_chars(begin, end, value).ec != std::errc() || !std::isfinite(value))
      return refuse(ErrorCode::kInvalidJson,
                    "the number " + shorten(text) + " is outside the range of a 64-bit float.");
    return document_.Double(value);
  }

  Document& document_;
  const Limits& limits_;
  const std::size_t max_depth_;
  const TextStream& stream_;
  Cutter cutter_;
  const bool cuts_;
  const bool has_escapes_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::optional<Error> error_;
};

tl::unexpected<Error> malformed(std::string_view text, std::size_t offset, const char* what) {
  return fail(ErrorCode::kInvalidJson, position(text, offset) + ": " + what);
}

template <unsigned kFlags>
Result<Document> read(std::string_view text, const Limits& limits, std::span<Capture> captures) {
  assert(captures.size() <= Cutter::kMost);
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::kBodyTooLarge, "The document has " + std::to_string(text.size()) + " bytes; at most " +
                                              std::to_string(limits.max_bytes) + " are allowed.");
  if (const std::size_t bad = find_invalid_utf8(text); bad != text.size())
    return fail(ErrorCode::kInvalidUtf8,
                "The byte at offset " + std::to_string(bad) + " (" + position(text, bad) + ") is not valid UTF-8.");

  Document document;
  TextStream stream(text);
  Filter filter(document, limits, stream, captures, text.find('\\') != std::string_view::npos);
  rapidjson::Reader reader;
  auto feed = [&](Document&) {
    return !reader.Parse<kFlags | rapidjson::kParseNumbersAsStringsFlag>(stream, filter).IsError();
  };
  document.Populate(feed);
  if (filter.error()) return tl::unexpected<Error>(*filter.error());
  if (reader.HasParseError())
    return malformed(text, reader.GetErrorOffset(), rapidjson::GetParseError_En(reader.GetParseErrorCode()));
  if (stream.at != stream.end) return malformed(text, stream.Tell(), "A zero byte is not allowed between values.");

  if (const auto duplicate = find_duplicate(document))
    return fail(ErrorCode::kDuplicateKey,
                "The member " + quote(shorten(duplicate->key)) + " appears more than once in " +
                    (duplicate->pointer.empty() ? "the root object" : "the object at " + quote(duplicate->pointer)) +
                    ".");
  return document;
}

}  // namespace

Result<Document> parse(std::string_view text, const Limits& limits, std::span<Capture> captures) {
  return read<rapidjson::kParseDefaultFlags>(text, limits, captures);
}

Result<Document> parse_config(std::string_view text, const Limits& limits) {
  return read<rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag>(text, limits, {});
}

std::string position(std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, std::min(offset, text.size()));
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char c : before) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) {  // People count characters, not bytes.
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace toolrack::base::json
