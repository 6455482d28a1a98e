#include "call/content.hpp"

#include "base/encoding.hpp"

namespace toolrack::call {
namespace {

using base::json::key;
using base::json::put;
using Type = registry::Part::Type;

void member(base::json::Writer& writer, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  key(writer, name);
  put(writer, text);
}

/// The members of `extra_json`, an object, spliced into the one being written.
void write_extra(base::json::Writer& writer, const std::string& extra_json) {
  if (extra_json.empty()) return;
  const auto extra = base::json::parse(extra_json);
  if (!extra || !extra->IsObject()) return;
  for (const auto& item : extra->GetObject()) {
    key(writer, base::json::view(item.name));
    item.value.Accept(writer);
  }
}

}  // namespace

void write_resource_contents(base::json::Writer& writer, const registry::Part& part, const std::string& extra_json) {
  writer.StartObject();
  key(writer, "uri");
  put(writer, part.uri);
  member(writer, "mimeType", part.media_type);
  key(writer, part.bytes.empty() ? "text" : "blob");
  put(writer, part.bytes.empty() ? part.text : base::to_base64(part.bytes));
  write_extra(writer, extra_json);
  writer.EndObject();
}

void write_content(base::json::Writer& writer, const registry::Part& part) {
  if (part.type == Type::kJson) return base::json::raw(writer, part.text);
  writer.StartObject();
  key(writer, "type");
  switch (part.type) {
    case Type::kText:
    case Type::kJson:
      put(writer, "text");
      key(writer, "text");
      put(writer, part.text);
      break;
    case Type::kImage:
    case Type::kAudio:
      put(writer, part.type == Type::kImage ? "image" : "audio");
      key(writer, "data");
      put(writer, base::to_base64(part.bytes));
      member(writer, "mimeType", part.media_type);
      break;
    case Type::kLink:
      put(writer, "resource_link");
      member(writer, "uri", part.uri);
      member(writer, "name", part.name.empty() ? part.uri : part.name);
      member(writer, "mimeType", part.media_type);
      break;
    case Type::kResource:
      put(writer, "resource");
      key(writer, "resource");
      write_resource_contents(writer, part, {});
      break;
  }
  write_extra(writer, part.extra_json);
  writer.EndObject();
}

}  // namespace toolrack::call
