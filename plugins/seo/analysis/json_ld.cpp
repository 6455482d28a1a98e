#include "analysis/json_ld.hpp"

#include "analysis/text.hpp"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include <algorithm>

namespace toolrack::seo {
namespace {

constexpr std::size_t kMaxTypes = 20;
// Nesting costs the parser heap, not stack; numbers keep their text, so that none is too big.
constexpr unsigned kFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseValidateEncodingFlag;

using Value = rapidjson::Value;

std::string_view view(const Value& string) { return {string.GetString(), string.GetStringLength()}; }

const Value* find(const Value& object, const char* key) {
  const auto member = object.FindMember(key);
  return member == object.MemberEnd() ? nullptr : &member->value;
}

void add_type(const Value& type, JsonLdBlock& block) {
  if (type.IsString() && block.types.size() < kMaxTypes) block.types.push_back(shorten(view(type), 80));
}

void read_object(const Value& object, JsonLdBlock& block, bool is_top) {
  const Value* const graph = find(object, "@graph");
  if (const Value* const context = find(object, "@context"); context != nullptr && block.context.empty()) {
    const Value* first = context;
    if (context->IsArray() && !context->Empty()) first = &(*context)[0];
    block.context = first->IsString() ? shorten(view(*first), 200) : "(object)";
  }
  if (const Value* const type = find(object, "@type"); type != nullptr) {
    if (type->IsArray()) {
      for (const Value& each : type->GetArray()) add_type(each, block);
    } else {
      add_type(*type, block);
    }
  } else if (graph == nullptr && find(object, "@id") == nullptr) {
    ++block.untyped;
  }
  if (!is_top || graph == nullptr) return;
  if (graph->IsObject()) read_object(*graph, block, false);
  if (graph->IsArray()) {
    for (const Value& each : graph->GetArray()) {
      if (each.IsObject()) read_object(each, block, false);
    }
  }
}

std::string position(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t start = before.rfind('\n');
  const std::size_t column = offset - (start == std::string_view::npos ? 0 : start + 1) + 1;
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

}  // namespace

JsonLdBlock read_json_ld(std::string_view text) {
  JsonLdBlock block;
  block.bytes = text.size();
  if (trim(text).empty()) {
    block.error = "the block is empty";
    return block;
  }
  rapidjson::Document document;
  document.Parse<kFlags>(text.data(), text.size());
  if (document.HasParseError()) {
    const std::size_t offset = std::min(document.GetErrorOffset(), text.size());
    std::size_t from = offset;
    while (from > 0 && (static_cast<unsigned char>(text[from]) & 0xC0U) == 0x80U) --from;
    const std::string near = collapse_space(shorten(text.substr(from), 40));
    block.error = std::string(rapidjson::GetParseError_En(document.GetParseError())) + " At " + position(text, offset) +
                  (near.empty() ? std::string(", the end.") : ", before: " + near);
    return block;
  }
  if (document.IsObject()) {
    block.is_valid = true;
    read_object(document, block, true);
  } else if (document.IsArray()) {
    block.is_valid = true;
    for (const Value& each : document.GetArray()) {
      if (each.IsObject()) {
        read_object(each, block, true);
      } else {
        block.is_valid = false;
        block.error = "the list holds a value that is no object";
      }
    }
  } else {
    block.error = "the block is neither an object nor a list of objects";
  }
  return block;
}

}  // namespace toolrack::seo
