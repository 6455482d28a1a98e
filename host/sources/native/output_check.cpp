#include "sources/native/output_check.hpp"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include "base/utf8.hpp"

namespace toolrack::sources::native {
namespace {

constexpr int kMaxDepth = 64;

/// Text with a known end. The reader believes that it parses in place and writes each string back; dropping what it
/// writes spares both the copy and the buffer for it.
struct TextStream {
  using Ch = char;
  explicit TextStream(std::string_view text) : at(text.data()), begin(at), end(at + text.size()) {}
  Ch Peek() const { return at == end ? '\0' : *at; }
  Ch Take() { return at == end ? '\0' : *at++; }
  std::size_t Tell() const { return static_cast<std::size_t>(at - begin); }
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  std::size_t PutEnd(Ch*) { return 1; }

  const char* at;
  const char* begin;
  const char* end;
};

/// Counts the nesting and nothing else.
struct DepthLimit : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, DepthLimit> {
  bool StartObject() { return ++depth <= kMaxDepth; }
  bool StartArray() { return ++depth <= kMaxDepth; }
  bool EndObject(rapidjson::SizeType) { return --depth >= 0; }
  bool EndArray(rapidjson::SizeType) { return --depth >= 0; }
  int depth = 0;
};

}  // namespace

std::optional<std::string> find_json_fault(std::string_view json, JsonKind kind) {
  if (const auto bad = base::find_invalid_utf8(json); bad != json.size()) {
    return fmt::format("byte {} is not valid UTF-8", bad);
  }
  TextStream stream(json);
  DepthLimit limit;
  rapidjson::Reader reader;
  const auto result = reader.Parse<rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag>(stream, limit);
  if (result.IsError()) {
    if (limit.depth > kMaxDepth)
      return fmt::format("it is nested more than {} deep at byte {}", kMaxDepth, result.Offset());
    return fmt::format("{} (at byte {})", rapidjson::GetParseError_En(result.Code()), result.Offset());
  }
  if (stream.at != stream.end) return fmt::format("something follows the value at byte {}", stream.Tell());
  if (kind == JsonKind::kObject && json[json.find_first_not_of(" \t\r\n")] != '{') return "it is no object";
  return std::nullopt;
}

}  // namespace toolrack::sources::native
