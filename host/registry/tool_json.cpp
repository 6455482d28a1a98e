#include "registry/tool_json.hpp"

#include <algorithm>
#include <vector>

namespace toolrack::registry {

namespace json = base::json;
using json::Writer;

namespace {

void put_raw(Writer& writer, std::string_view key, std::string_view text) {
  json::key(writer, key);
  json::raw(writer, text);
}

void put_flag(Writer& writer, std::string_view key, bool value) {
  json::key(writer, key);
  writer.Bool(value);
}

void put_list(Writer& writer, std::string_view key, const std::vector<std::string>& texts) {
  json::key(writer, key);
  writer.StartArray();
  for (const auto& text : texts) json::put(writer, text);
  writer.EndArray();
}

void put_identity(Writer& writer, const Tool& tool, Versions versions) {
  put_member(writer, "name", tool.slug);
  put_member(writer, "owner", tool.owner);
  put_member(writer, "displayName", tool.title);
  put_member(writer, "description", tool.description);
  put_member(writer, "version", tool.version);
  if (!versions.empty()) {
    json::key(writer, "versions");
    writer.StartArray();
    for (const auto& one : versions) json::put(writer, one->version);
    writer.EndArray();
  }
  put_list(writer, "categories", tool.categories);
  put_member(writer, "status", tool.status);
  put_member(writer, "source", tool.source);
}

void put_skill_identity(Writer& writer, const Skill& skill) {
  put_member(writer, "name", skill.name);
  put_member(writer, "displayName", skill.title);
  put_member(writer, "description", skill.description);
  put_member(writer, "flatName", skill.flat_name);
}

/// The members of the manifest's annotations, and what the host knows about the run.
void put_annotations(Writer& writer, const Skill& skill) {
  json::key(writer, "annotations");
  writer.StartObject();
  if (!skill.annotations_json.empty()) {
    const auto parsed = json::parse(skill.annotations_json);
    if (parsed && parsed->IsObject()) {
      for (const auto& member : parsed->GetObject()) {
        json::key(writer, json::view(member.name));
        member.value.Accept(writer);
      }
    }
  }
  json::key(writer, "execution");
  writer.StartObject();
  json::key(writer, "estimatedSeconds");
  // Old clients choose polling by this number alone.
  writer.Double(skill.is_long() ? std::max(skill.estimated_seconds, 30.0) : skill.estimated_seconds);
  writer.EndObject();
  writer.EndObject();
}

void put_examples(Writer& writer, const Skill& skill) {
  json::key(writer, "examples");
  writer.StartArray();
  for (const auto& example : skill.examples) {
    writer.StartObject();
    put_member(writer, "description", example.description);
    put_raw(writer, "input", example.input_json);
    writer.EndObject();
  }
  writer.EndArray();
}

void put_price(Writer& writer, const Skill& skill) {
  json::key(writer, "price");
  writer.StartObject();
  json::key(writer, "usd");
  json::raw(writer, skill.price.to_string(), rapidjson::kNumberType);
  writer.EndObject();
}

void put_backends(Writer& writer, const Skill& skill) {
  if (skill.backends.empty()) return;
  json::key(writer, "providers");
  writer.StartArray();
  for (const auto& backend : skill.backends) json::put(writer, backend.provider);
  writer.EndArray();
}

void put_skill(Writer& writer, const Skill& skill) {
  writer.StartObject();
  put_skill_identity(writer, skill);
  put_raw(writer, "inputSchema", skill.input_schema);
  put_raw(writer, "input", skill.input_schema);
  if (!skill.output_schema.empty()) {
    put_raw(writer, "outputSchema", skill.output_schema);
    put_raw(writer, "output", skill.output_schema);
  }
  put_member(writer, "returns", skill.returns);
  put_examples(writer, skill);
  put_annotations(writer, skill);
  put_price(writer, skill);
  put_backends(writer, skill);
  put_flag(writer, "async", skill.is_long());
  put_flag(writer, "confirm", skill.confirm);
  if (skill.approval) {
    json::key(writer, "approval");
    json::put(writer, "human");
  }
  writer.EndObject();
}

void put_providers(Writer& writer, const Tool& tool) {
  json::key(writer, "providers");
  writer.StartArray();
  for (const auto& provider : tool.providers) {
    writer.StartObject();
    put_member(writer, "name", provider.slug);
    if (!provider.credential.empty()) put_member(writer, "credential", provider.credential);
    writer.EndObject();
  }
  writer.EndArray();
}

/// Names of the credentials that the tool's providers want, each once.
std::vector<std::string> wanted_credentials(const Tool& tool) {
  std::vector<std::string> out;
  for (const auto& provider : tool.providers)
    if (!provider.credential.empty()) out.push_back(provider.credential);
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

void put_missing_credentials(Writer& writer, const Tool& tool, const MissingVariables& missing) {
  json::key(writer, "missingCredentials");
  writer.StartArray();
  for (const auto& name : wanted_credentials(tool)) {
    const auto* credential = tool.find_credential(name);
    if (credential == nullptr) continue;
    const auto variables = missing(*credential);
    if (variables.empty()) continue;
    writer.StartObject();
    put_member(writer, "name", name);
    put_member(writer, "title", credential->title);
    put_list(writer, "variables", variables);
    if (!credential->help_url.empty()) put_member(writer, "help_url", credential->help_url);
    writer.EndObject();
  }
  writer.EndArray();
}

void put_output_schema(Writer& writer, const Skill& skill, bool legacy_shape) {
  if (skill.output_schema.empty()) return;
  if (!legacy_shape || skill.has_object_output) {
    put_raw(writer, "outputSchema", skill.output_schema);
    return;
  }
  // References inside it are counted from the root and would break one level down; without a schema the client checks
  // nothing.
  if (skill.output_schema.find("\"$ref\"") != std::string::npos) return;
  json::key(writer, "outputSchema");
  json::raw(writer,
            R"({"type":"object","properties":{"result":)" + skill.output_schema + R"(},"required":["result"]})");
}

/// The manifest's own, and the price.
void put_meta(Writer& writer, const Skill& skill) {
  const bool is_priced = skill.price.micros() > 0;
  if (!is_priced && skill.meta_json.empty()) return;
  json::key(writer, "_meta");
  writer.StartObject();
  if (const auto meta = json::parse(skill.meta_json.empty() ? "{}" : skill.meta_json)) {
    for (const auto& member : meta->GetObject()) {
      json::key(writer, json::view(member.name));
      member.value.Accept(writer);
    }
  }
  if (is_priced) {
    json::key(writer, "dev.toolrack/price_usd");
    json::raw(writer, skill.price.to_string(), rapidjson::kNumberType);
  }
  writer.EndObject();
}

}  // namespace

void write_skill(Writer& writer, const Skill& skill) { put_skill(writer, skill); }

void write_tool_summary(Writer& writer, const Tool& tool, Versions versions) {
  writer.StartObject();
  put_identity(writer, tool, versions);
  json::key(writer, "skills");
  writer.StartArray();
  for (const auto& skill : tool.skills) {
    writer.StartObject();
    put_skill_identity(writer, skill);
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
}

void write_tool_detail(Writer& writer, const Tool& tool, const MissingVariables& missing, Versions versions) {
  writer.StartObject();
  put_identity(writer, tool, versions);
  put_list(writer, "aliases", tool.aliases);
  put_providers(writer, tool);
  put_list(writer, "credentials", wanted_credentials(tool));
  if (missing) put_missing_credentials(writer, tool, missing);
  if (!tool.knowledge.empty()) {  // So that agents know that search_knowledge finds something.
    json::key(writer, "documents");
    writer.Uint64(tool.knowledge.size());
  }
  json::key(writer, "skills");
  writer.StartArray();
  for (const auto& skill : tool.skills) put_skill(writer, skill);
  writer.EndArray();
  writer.EndObject();
}

void write_mcp_tool(Writer& writer, const Skill& skill, bool legacy_shape) {
  writer.StartObject();
  put_member(writer, "name", skill.flat_name);
  put_member(writer, "title", skill.title);
  put_member(writer, "description", skill.description);
  put_raw(writer, "inputSchema", skill.input_schema);
  put_output_schema(writer, skill, legacy_shape);
  if (!skill.annotations_json.empty()) put_raw(writer, "annotations", skill.annotations_json);
  put_meta(writer, skill);
  writer.EndObject();
}

}  // namespace toolrack::registry
