#include "transports/mcp/offer_entries.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

void put_text(json::Writer& writer, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  json::key(writer, name);
  json::put(writer, text);
}

void put_json(json::Writer& writer, std::string_view name, std::string_view text) {
  if (text.empty()) return;
  json::key(writer, name);
  json::raw(writer, text);
}

}  // namespace

void write_entry(json::Writer& writer, const registry::Resource& resource) {
  writer.StartObject();
  put_text(writer, resource.uri_template == nullptr ? "uri" : "uriTemplate", resource.uri);
  put_text(writer, "name", resource.name);
  put_text(writer, "title", resource.title);
  put_text(writer, "description", resource.description);
  put_text(writer, "mimeType", resource.media_type);
  if (resource.size && resource.uri_template == nullptr) {
    json::key(writer, "size");
    writer.Int64(*resource.size);
  }
  put_json(writer, "annotations", resource.annotations_json);
  put_json(writer, "icons", resource.icons_json);
  put_json(writer, "_meta", resource.meta_json);
  writer.EndObject();
}

void write_entry(json::Writer& writer, const registry::Prompt& prompt) {
  writer.StartObject();
  put_text(writer, "name", prompt.flat_name);
  put_text(writer, "title", prompt.title);
  put_text(writer, "description", prompt.description);
  if (!prompt.arguments.empty()) {
    json::key(writer, "arguments");
    writer.StartArray();
    for (const auto& argument : prompt.arguments) {
      writer.StartObject();
      put_text(writer, "name", argument.name);
      put_text(writer, "title", argument.title);
      put_text(writer, "description", argument.description);
      if (argument.required) {
        json::key(writer, "required");
        writer.Bool(true);
      }
      writer.EndObject();
    }
    writer.EndArray();
  }
  put_json(writer, "icons", prompt.icons_json);
  put_json(writer, "_meta", prompt.meta_json);
  writer.EndObject();
}

std::uint64_t offers_digest(const registry::Catalogue& catalogue, const registry::Exposure& exposure,
                            bool are_prompts) {
  using registry::Exposure;
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartArray();
  const auto put_all = [&](const auto& entries) {
    if (!entries) return;
    for (const auto* entry : *entries) write_entry(writer, *entry);
  };
  const auto put_listers = [&](Exposure::Offer offer) {
    const auto tools = exposure.listers(catalogue, offer);
    if (!tools) return;
    for (const auto* tool : *tools) {
      base::json::put(writer, tool->id());
      base::json::put(writer, tool->version);
    }
  };
  if (are_prompts) {
    put_all(exposure.prompts(catalogue));
    put_listers(Exposure::Offer::kPrompt);
  } else {
    put_all(exposure.resources(catalogue));
    put_all(exposure.templates(catalogue));
    put_listers(Exposure::Offer::kResource);
    put_listers(Exposure::Offer::kTemplate);
  }
  writer.EndArray();
  return std::hash<std::string_view>()(base::json::view(buffer));
}

}  // namespace toolrack::mcp
