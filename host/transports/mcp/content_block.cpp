#include "transports/mcp/content_block.hpp"

#include <fmt/format.h>

#include "call/content.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

std::string audio_text(std::string_view media_type, std::size_t bytes) {
  return fmt::format("[audio, {}, {} bytes]", media_type, bytes);
}

std::string link_text(std::string_view name, std::string_view uri) {
  return name.empty() ? std::string(uri) : fmt::format("{}: {}", name, uri);
}

}  // namespace

void write_text_block(json::Writer& writer, std::string_view text) {
  writer.StartObject();
  json::key(writer, "type");
  json::put(writer, "text");
  json::key(writer, "text");
  json::put(writer, text);
  writer.EndObject();
}

void write_block(json::Writer& writer, const registry::Part& part, Revision revision) {
  using Type = registry::Part::Type;
  if (part.type == Type::kAudio && revision < Revision::k20250326)
    return write_text_block(
        writer, part.uri.empty() ? audio_text(part.media_type, part.bytes.size()) : link_text(part.name, part.uri));
  if (part.type == Type::kLink && revision < Revision::k20250618)
    return write_text_block(writer, link_text(part.name, part.uri));
  if (part.type == Type::kJson && revision < Revision::k20250618) {
    if (const auto block = json::parse(part.text)) return write_block(writer, *block, revision);
  }
  call::write_content(writer, part);
}

void write_block(json::Writer& writer, const json::Value& block, Revision revision) {
  const auto member = [&](std::string_view name) { return json::find_string(block, name).value_or(""); };
  const auto type = member("type");
  if (type == "audio" && revision < Revision::k20250326)
    return write_text_block(writer, audio_text(member("mimeType"), member("data").size() / 4 * 3));
  if (type == "resource_link" && revision < Revision::k20250618)
    return write_text_block(writer, link_text(member("name"), member("uri")));
  block.Accept(writer);
}

}  // namespace toolrack::mcp
