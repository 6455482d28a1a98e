/// Reading JSON: RapidJSON's reader feeds a filter, the filter feeds RapidJSON's document.
///
/// The text is copied once and read in place there, which finds and unescapes strings fastest; the document gets copies
/// of them, so that its values may be copied further without a thought. The filter refuses what breaks a limit before
/// the document grows, so depth bounds every recursion over the document too. Numbers reach the filter as text:
/// RapidJSON 1.1.0 computes some of them with out-of-range table reads (huge negative exponents, hundreds of decimals),
/// so their conversion is left to the standard library.

#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <cstring>
#include <new>

#include "base/json.hpp"
#include "base/json_bytes.hpp"
#include "base/json_duplicates.hpp"
#include "base/utf8.hpp"

namespace rapidjson {

/// Where the reader asks for the ordinary bytes of a string to be passed over, and copied when an escape before them
/// made the string shorter. There is room to read behind the text's end, and a zero, which stops this.
template <>
template <>
inline void GenericReader<UTF8<>, UTF8<>, toolrack::base::json::ReadMemory>::ScanCopyUnescapedString(
    InsituStringStream& in, InsituStringStream& out) {
  for (;;) {
    std::uint64_t word = 0;
    std::memcpy(&word, in.src_, sizeof word);
    const auto special = toolrack::base::json::special_bytes(word);
    const auto size = special == 0 ? static_cast<int>(sizeof word) : toolrack::base::json::bytes_before(special);
    if (in.src_ != out.dst_) std::memmove(out.dst_, &word, static_cast<std::size_t>(size));
    in.src_ += size;
    out.dst_ += size;
    if (special != 0) return;
  }
}

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

/// What is behind the copy's end: a terminator, and room for reading whole words.
constexpr std::size_t kPadding = 16;
/// Of the reader's stack, in bytes; a block of ReadMemory is larger and never moved for it.
constexpr std::size_t kStackBytes = 1'024;

/// Where the reader stands, as a place in the caller's text. At String, Key and RawNumber events that is before the
/// token, because the reader works on a copy of the stream while it reads one; at all others behind it.
class Place {
 public:
  Place(std::string_view text, const rapidjson::InsituStringStream& stream) : text_(text), stream_(stream) {}
  std::size_t offset() const { return static_cast<std::size_t>(stream_.src_ - stream_.head_); }
  const char* at() const { return text_.data() + offset(); }
  std::string_view text() const { return text_; }

 private:
  const std::string_view text_;
  const rapidjson::InsituStringStream& stream_;
};

/// The end of the string whose opening quote is at `at`; the reader has already found it well-formed.
const char* string_end(const char* at) {
  for (++at; *at != '"'; ++at)
    if (*at == '\\') ++at;
  return at + 1;
}

/// Cuts the members that were asked for out of the text while the reader passes by. Captures are bits of a word, and
/// for each depth it is known which of them can be concerned there, so what is deeper or not asked for costs nearly
/// nothing.
class Cutter {
 public:
  explicit Cutter(std::span<Capture> captures) : captures_(captures) {
    for (std::size_t i = 0; i < captures_.size(); ++i) {
      auto& capture = captures_[i];
      assert(capture.depth > 0 && capture.depth < at_depth_.size() - 1);
      capture.text = {};
      at_depth_[capture.depth] |= std::uint64_t{1} << i;
      deepest_ = std::max(deepest_, capture.depth);
    }
  }

  /// Whether anything that happens inside the container at `depth` can matter.
  bool cares_about(std::size_t depth) const { return depth <= deepest_; }

  /// A member's name inside the container at `depth`.
  void on_key(std::size_t depth, std::string_view key) {
    for_each(at_depth_[depth + 1], [&](std::size_t i) { set(parent_named_, i, key == captures_[i].parent); });
    for_each(at_depth_[depth] & in_parent_,
             [&](std::size_t i) { set(wanted_, i, key == captures_[i].key && captures_[i].text.data() == nullptr); });
    after_key_ = true;
  }

  /// A container at `depth` has begun; `end` is behind its bracket.
  void on_open(std::size_t depth, const char* end) {
    for_each(at_depth_[depth], [&](std::size_t i) {  // Elements of an array have no name.
      set(in_parent_, i, depth == 1 || (after_key_ ? has(parent_named_, i) : captures_[i].parent.empty()));
    });
    for_each(at_depth_[depth - 1] & wanted_, [&](std::size_t i) { captures_[i].text = {end - 1, 1}; });
    after_key_ = false;
  }

  /// The container that was at `depth + 1` has ended; `end` is behind its bracket.
  void on_close(std::size_t depth, const char* end) {
    for_each(at_depth_[depth] & wanted_, [&](std::size_t i) {
      auto& text = captures_[i].text;
      text = {text.data(), static_cast<std::size_t>(end - text.data())};
      set(wanted_, i, false);
    });
  }

  /// A value without members inside the container at `depth`. True when it is wanted: then `take` is due.
  bool on_scalar(std::size_t depth) {
    after_key_ = false;
    return (at_depth_[depth] & wanted_) != 0;
  }
  void take(std::size_t depth, const char* begin, const char* end) {
    for_each(at_depth_[depth] & wanted_, [&](std::size_t i) {
      captures_[i].text = {begin, static_cast<std::size_t>(end - begin)};
      set(wanted_, i, false);
    });
  }

  [[maybe_unused]] static constexpr std::size_t kMost = 64;

 private:
  template <typename Action>
  static void for_each(std::uint64_t bits, Action action) {
    for (; bits != 0; bits &= bits - 1) action(static_cast<std::size_t>(std::countr_zero(bits)));
  }
  static bool has(std::uint64_t bits, std::size_t i) { return (bits >> i & 1) != 0; }
  static void set(std::uint64_t& bits, std::size_t i, bool value) {
    bits = (bits & ~(std::uint64_t{1} << i)) | std::uint64_t{value} << i;
  }

  std::span<Capture> captures_;
  std::array<std::uint64_t, 9> at_depth_{};  ///< Bit i: capture i asks for a member at that depth.
  std::size_t deepest_ = 0;
  std::uint64_t parent_named_ = 0;  ///< Bit i: the member just named is called as capture i wants its parent.
  std::uint64_t in_parent_ = 0;     ///< Bit i: the container at the depth of capture i is its parent.
  std::uint64_t wanted_ = 0;        ///< Bit i: the value that is being read is the one.
  bool after_key_ = false;
};

/// Stands between reader and document.
class Filter {
 public:
  Filter(Document& document, const Limits& limits, Place place, std::span<Capture> captures, bool has_escapes)
      : document_(document),
        limits_(limits),
        max_depth_(std::min(limits.max_depth, kDepthBound)),
        place_(place),
        cutter_(captures),
        has_escapes_(has_escapes) {}

  const std::optional<Error>& error() const { return error_; }

  bool Null() { return word(4) && document_.Null(); }
  bool Bool(bool value) { return word(value ? 4 : 5) && document_.Bool(value); }
  bool String(const char* text, SizeType size, bool) {
    if (!count() || !is_whole({text, size})) return false;
    if (cutter_.cares_about(depth_) && cutter_.on_scalar(depth_))
      cutter_.take(depth_, place_.at(), string_end(place_.at()));
    return document_.String(text, size, true);
  }
  bool Key(const char* text, SizeType size, bool) {
    if (!is_whole({text, size})) return false;
    if (cutter_.cares_about(depth_)) cutter_.on_key(depth_, {text, size});
    return document_.Key(text, size, true);
  }
  bool RawNumber(const char* text, SizeType size, bool) {
    if (!count()) return false;
    if (cutter_.cares_about(depth_) && cutter_.on_scalar(depth_)) cutter_.take(depth_, place_.at(), place_.at() + size);
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
    error_.emplace(code, position(place_.text(), place_.offset()) + ": " + std::move(message));
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
    if (cutter_.cares_about(depth_) && cutter_.on_scalar(depth_)) cutter_.take(depth_, place_.at() - size, place_.at());
    return count();
  }

  bool open() {
    if (!count()) return false;
    if (++depth_ > max_depth_)
      return refuse(ErrorCode::kTooDeep,
                    "objects and arrays nest deeper than " + std::to_string(max_depth_) + " levels.");
    if (cutter_.cares_about(depth_ - 1)) cutter_.on_open(depth_, place_.at());
    return true;
  }

  bool close() {
    --depth_;
    if (cutter_.cares_about(depth_)) cutter_.on_close(depth_, place_.at());
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
  const Place place_;
  Cutter cutter_;
  const bool has_escapes_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::optional<Error> error_;
};

tl::unexpected<Error> malformed(std::string_view text, std::size_t offset, const char* what) {
  return fail(ErrorCode::kInvalidJson, position(text, offset) + ": " + what);
}

/// A copy of a text that the reader may change.
class InPlaceText {
 public:
  explicit InPlaceText(std::string_view text)
      : bytes_(static_cast<char*>(ReadMemory().Malloc(text.size() + kPadding))) {
    if (bytes_ == nullptr) throw std::bad_alloc();
    if (!text.empty()) std::memcpy(bytes_, text.data(), text.size());
    std::memset(bytes_ + text.size(), 0, kPadding);
  }
  InPlaceText(const InPlaceText&) = delete;
  InPlaceText& operator=(const InPlaceText&) = delete;
  ~InPlaceText() { ReadMemory::Free(bytes_); }
  char* begin() const noexcept { return bytes_; }

 private:
  char* const bytes_;
};

template <unsigned kFlags>
Result<Document> read(std::string_view text, const Limits& limits, std::span<Capture> captures, Scratch* scratch) {
  assert(captures.size() <= Cutter::kMost);
  if (text.size() > limits.max_bytes)
    return fail(ErrorCode::kBodyTooLarge, "The document has " + std::to_string(text.size()) + " bytes; at most " +
                                              std::to_string(limits.max_bytes) + " are allowed.");
  if (const std::size_t bad = find_invalid_utf8(text); bad != text.size())
    return fail(ErrorCode::kInvalidUtf8,
                "The byte at offset " + std::to_string(bad) + " (" + position(text, bad) + ") is not valid UTF-8.");

  static ReadMemory memory;  // Has no state of its own.
  Document document(scratch == nullptr ? nullptr : &scratch->restart(), kStackBytes, &memory);
  const InPlaceText copy(text);
  rapidjson::InsituStringStream stream(copy.begin());
  Filter filter(document, limits, Place(text, stream), captures, text.find('\\') != std::string_view::npos);
  rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, ReadMemory> reader(&memory);
  auto feed = [&](Document&) {
    constexpr auto kAll = kFlags | rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag;
    return !reader.template Parse<kAll>(stream, filter).IsError();
  };
  document.Populate(feed);
  if (filter.error()) return tl::unexpected<Error>(*filter.error());
  if (reader.HasParseError())
    return malformed(text, reader.GetErrorOffset(), rapidjson::GetParseError_En(reader.GetParseErrorCode()));
  if (stream.Tell() != text.size()) return malformed(text, stream.Tell(), "A zero byte is not allowed between values.");

  if (const auto duplicate = find_duplicate(document))
    return fail(ErrorCode::kDuplicateKey,
                "The member " + quote(shorten(duplicate->key)) + " appears more than once in " +
                    (duplicate->pointer.empty() ? "the root object" : "the object at " + quote(duplicate->pointer)) +
                    ".");
  return document;
}

}  // namespace

Result<Document> parse(std::string_view text, const Limits& limits, std::span<Capture> captures, Scratch* scratch) {
  return read<rapidjson::kParseDefaultFlags>(text, limits, captures, scratch);
}

Result<Document> parse_config(std::string_view text, const Limits& limits) {
  return read<rapidjson::kParseCommentsFlag | rapidjson::kParseTrailingCommasFlag>(text, limits, {}, nullptr);
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
