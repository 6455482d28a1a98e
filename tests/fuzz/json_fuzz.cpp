/// Text -> base::json, and the functions that cut JSON text where parsing and writing would change it.
#include <array>
#include <string>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "registry/json_text.hpp"

namespace toolrack::fuzz {
namespace {

namespace json = base::json;
using base::ErrorCode;

/// Whatever the limits, an error is one of those that the header promises, and says something.
void check_error(const base::Error& error) {
  const auto code = error.code();
  require(code == ErrorCode::kInvalidJson || code == ErrorCode::kInvalidUtf8 || code == ErrorCode::kDuplicateKey ||
              code == ErrorCode::kTooDeep || code == ErrorCode::kTooManyValues || code == ErrorCode::kBodyTooLarge,
          "parse fails with one of its own errors");
  require(base::is_utf8(error.message()), "messages are UTF-8", error.message());
}

std::size_t depth_of(const json::Value& value) {
  std::size_t deepest = 0;
  if (value.IsArray())
    for (const auto& item : value.GetArray()) deepest = std::max(deepest, depth_of(item));
  if (value.IsObject())
    for (const auto& member : value.GetObject()) deepest = std::max(deepest, depth_of(member.value));
  return deepest + (value.IsArray() || value.IsObject() ? 1 : 0);
}

std::size_t count_of(const json::Value& value) {
  std::size_t count = 1;
  if (value.IsArray())
    for (const auto& item : value.GetArray()) count += count_of(item);
  if (value.IsObject())
    for (const auto& member : value.GetObject()) count += count_of(member.value);
  return count;
}

void check_writing(const json::Value& value) {
  const auto dumped = json::dump(value);
  const auto again = json::parse(dumped);
  require(again.has_value(), "what dump writes can be read", dumped);
  require(json::dump(*again) == dumped, "reading and writing again changes nothing", dumped);
  const auto pretty = json::parse(json::dump_pretty(value), {.max_bytes = 64 << 20});
  require(pretty && json::dump(*pretty) == dumped, "indentation says nothing", dumped);
  const auto canonical = json::canonical(value);
  const auto read_canonical = json::parse(canonical);
  require(read_canonical.has_value(), "canonical text can be read", canonical);
  require(json::canonical(*read_canonical) == canonical, "canonical text is canonical", canonical);
  require(json::canonical(*again) == canonical, "equal documents have one canonical text", canonical);
}

/// What `capture` means, found in the document: the first member that fits.
const json::Value* wanted_by(const json::Capture& capture, const json::Value& container, std::size_t depth,
                             std::string_view name) {
  if (depth == capture.depth)
    return depth == 1 || name == capture.parent ? json::find(container, capture.key) : nullptr;
  if (container.IsArray())
    for (const auto& item : container.GetArray())
      if (const auto* found = wanted_by(capture, item, depth + 1, "")) return found;
  if (container.IsObject())
    for (const auto& member : container.GetObject())
      if (const auto* found = wanted_by(capture, member.value, depth + 1, json::view(member.name))) return found;
  return nullptr;
}

void check_captures(std::string_view text, const std::string& dumped) {
  std::array captures{json::Capture{.depth = 1, .parent = {}, .key = "id", .text = {}},
                      json::Capture{.depth = 2, .parent = "params", .key = "arguments", .text = {}},
                      json::Capture{.depth = 3, .parent = "arguments", .key = "input", .text = {}},
                      json::Capture{.depth = 2, .parent = {}, .key = "a", .text = {}}};
  const auto document = json::parse(text, {}, captures);
  require(document && json::dump(*document) == dumped, "captures do not change what is read");
  for (const auto& capture : captures) {
    const auto* value = wanted_by(capture, *document, 1, "");
    const auto& cut_out = capture.text;
    require((value != nullptr) == (cut_out.data() != nullptr), "a member is captured when it is there", capture.key);
    if (value == nullptr) continue;
    require(cut_out.data() >= text.data() && cut_out.data() + cut_out.size() <= text.data() + text.size(),
            "a capture lies in the text");
    const auto read = json::parse(cut_out);
    require(read && json::dump(*read) == json::dump(*value), "a capture is the text of its member", cut_out);
  }
}

void check_text(std::string_view text, const json::Value& value, const std::string& dumped) {
  const auto compacted = registry::compact(text);
  require(compacted.size() <= text.size(), "compacting makes nothing longer");
  const auto read = json::parse(compacted);
  require(read && json::dump(*read) == dumped, "compacting says the same", compacted);
  require(registry::compact(compacted) == compacted, "compact text is compact", compacted);
  if (value.IsArray()) {
    const auto items = registry::item_texts(compacted);
    require(items.size() == value.Size(), "every item has a text", compacted);
    for (rapidjson::SizeType i = 0; i < value.Size(); ++i) {
      const auto item = json::parse(items[i]);
      require(item && json::dump(*item) == json::dump(value[i]), "an item's text is its own", items[i]);
    }
  }
  if (value.IsObject())
    for (const auto& member : value.GetObject()) {
      const auto name = json::view(member.name);
      if (name.find('\\') != name.npos) continue;  // Its bytes may be how another name is written.
      const auto found = registry::member_text(compacted, name);
      if (found.empty()) continue;  // Its name is written with escapes.
      const auto one = json::parse(found);
      require(one && json::dump(*one) == json::dump(member.value), "a member's text is its own", found);
    }
}

}  // namespace

void check(std::string_view text) {
  const json::Limits tight{.max_bytes = 1 << 10, .max_depth = 5, .max_values = 20, .max_number_digits = 10};
  const auto limited = json::parse(text, tight);
  if (!limited) check_error(limited.error());
  const auto relaxed = json::parse_config(text);
  const auto document = json::parse(text);
  if (!document) {
    check_error(document.error());
    require(!limited, "what fails without limits fails within them");
    return;
  }
  const auto dumped = json::dump(*document);
  require(relaxed && json::dump(*relaxed) == dumped, "a configuration may be plain JSON");
  if (limited)
    require(text.size() <= tight.max_bytes && depth_of(*document) <= tight.max_depth &&
                count_of(*document) <= tight.max_values,
            "limits hold");
  check_writing(*document);
  check_captures(text, dumped);
  check_text(text, *document, dumped);
}

}  // namespace toolrack::fuzz
