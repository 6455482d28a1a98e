/// Reads a manifest's resources and prompts, and makes the services that run them.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "registry/manifest.hpp"
#include "registry/manifest_reader.hpp"
#include "registry/uri_template.hpp"

namespace toolrack::registry {

namespace json = base::json;
using json::Value;

namespace {

/// What abi.h says of TR_PROMPT's output and of TR_COMPLETION's.
constexpr std::string_view kPromptOutput =
    R"({"type":"object","required":["messages"],"properties":{"description":{"type":"string"},)"
    R"("messages":{"type":"array","items":{"type":"object","required":["role","content"],"properties":{)"
    R"("role":{"enum":["user","assistant"]},"content":{"type":"object","required":["type"],"properties":{)"
    R"("type":{"enum":["text","image","audio","resource_link","resource"]},"text":{"type":"string"},)"
    R"("data":{"type":"string"},"mimeType":{"type":"string"},"uri":{"type":"string"},"name":{"type":"string"},)"
    R"("resource":{"type":"object","required":["uri"],"anyOf":[{"required":["text"]},{"required":["blob"]}],)"
    R"("properties":{"uri":{"type":"string"},"text":{"type":"string"},"blob":{"type":"string"}}}},)"
    R"("allOf":[{"if":{"properties":{"type":{"const":"text"}}},"then":{"required":["text"]}},)"
    R"({"if":{"properties":{"type":{"enum":["image","audio"]}}},"then":{"required":["data","mimeType"]}},)"
    R"({"if":{"properties":{"type":{"const":"resource_link"}}},"then":{"required":["uri","name"]}},)"
    R"({"if":{"properties":{"type":{"const":"resource"}}},"then":{"required":["resource"]}}]}}}}}})";
constexpr std::string_view kCompletionOutput =
    R"({"type":"object","required":["values"],"properties":{"values":{"type":"array","items":{"type":"string"}},)"
    R"("total":{"type":"integer","minimum":0},"hasMore":{"type":"boolean"}}})";

/// One page of a plugin's own list, in the manifest's words.
std::string list_output(std::string_view item_members, std::string_view name) {
  return fmt::format(
      R"({{"type":"object","required":["items"],"properties":{{"next":{{"type":"string"}},"items":{{"type":"array",)"
      R"("maxItems":{},"items":{{"type":"object","required":[{}],"properties":{{{},)"
      R"("title":{{"type":"string"}},"description":{{"type":"string"}},"icons":{{"type":"array"}},)"
      R"("meta":{{"type":"object"}}}}}}}}}}}})",
      kMaxListed, name, item_members);
}
constexpr std::string_view kResourceItem =
    R"("name":{"type":"string","minLength":1},"uri":{"type":"string","pattern":"^[a-zA-Z][a-zA-Z0-9+.-]*:"},"media_type":{"type":"string"},)"
    R"("size":{"type":"integer","minimum":0},"annotations":{"type":"object"})";
constexpr std::string_view kTemplateItem =
    R"("name":{"type":"string","minLength":1},"uri_template":{"type":"string","pattern":"^[a-zA-Z][a-zA-Z0-9+.-]*:"},)"
    R"("media_type":{"type":"string"},"annotations":{"type":"object"})";
constexpr std::string_view kPromptItem =
    R"("name":{"type":"string","pattern":"^[A-Za-z0-9_-]+$"},"arguments":{"type":"array","items":{"type":"object","required":["name"],"properties":{)"
    R"("name":{"type":"string"},"title":{"type":"string"},"description":{"type":"string"},)"
    R"("required":{"type":"boolean"}}}})";

/// Skills are held against the manifest's own schema, with the rest of it.
std::string skill_list_output() {
  return fmt::format(
      R"({{"type":"object","required":["items"],"properties":{{"next":{{"type":"string"}},"items":{{"type":"array",)"
      R"("maxItems":{},"items":{{"type":"object"}}}}}}}})",
      kMaxListed);
}

std::string word_of(const Value& object, std::string_view key) {
  return std::string(json::find_string(object, key).value_or(""));
}

std::string member_json(const Value& object, std::string_view key) {
  const auto* value = json::find(object, key);
  return value == nullptr ? std::string() : json::dump(*value);
}

std::shared_ptr<const InputValidator> compiled(std::string_view schema) {
  return compile_schema(schema, Formats::kAnnotate).value_or(nullptr);
}

}  // namespace

Resource resource_of(const Tool& tool, const Value& value) {
  return {.tool = &tool,
          .uri = word_of(value, "uri"),
          .uri_template = nullptr,
          .name = word_of(value, "name"),
          .title = word_of(value, "title"),
          .description = word_of(value, "description"),
          .media_type = word_of(value, "media_type"),
          .size = json::find_int(value, "size"),
          .annotations_json = member_json(value, "annotations"),
          .icons_json = member_json(value, "icons"),
          .meta_json = member_json(value, "meta")};
}

Prompt prompt_of(const Tool& tool, const Value& value) {
  Prompt prompt{.tool = &tool,
                .name = word_of(value, "name"),
                .flat_name = {},
                .title = word_of(value, "title"),
                .description = word_of(value, "description"),
                .arguments = {},
                .icons_json = member_json(value, "icons"),
                .meta_json = member_json(value, "meta")};
  prompt.flat_name = tool.prefix.empty() ? prompt.name : tool.prefix + "_" + prompt.name;
  const auto* arguments = json::find(value, "arguments");
  if (arguments == nullptr || !arguments->IsArray()) return prompt;
  for (const auto& item : arguments->GetArray())
    prompt.arguments.push_back({.name = word_of(item, "name"),
                                .title = word_of(item, "title"),
                                .description = word_of(item, "description"),
                                .required = json::find_bool(item, "required").value_or(false)});
  return prompt;
}

void ManifestReader::check_meta(const Value& object, const std::string& pointer) {
  const auto* meta = json::find(object, "meta");
  if (meta == nullptr || !meta->IsObject()) return;
  for (const auto& [name, value] : meta->GetObject()) {
    const auto key = json::view(name);
    if (key.starts_with("io.modelcontextprotocol/") || key.starts_with("dev.toolrack/"))
      violate(pointer + "/meta", fmt::format("\"{}\" is not the tool's to set", key));
  }
}

void ManifestReader::read_resources(Tool& tool) {
  const auto* resources = json::find(document_, "resources");
  if (resources == nullptr || !resources->IsArray()) return;
  if (resources->Size() > kMaxResources)
    return violate("/resources",
                   fmt::format("has {} entries, and a tool at most {}", resources->Size(), kMaxResources));
  std::unordered_set<std::string> uris;
  std::size_t templates = 0;
  for (rapidjson::SizeType i = 0; i < resources->Size(); ++i) {
    const auto& value = (*resources)[i];
    const auto pointer = fmt::format("/resources/{}", i);
    auto resource = resource_of(tool, value);
    check_meta(value, pointer);
    if (const auto text = json::find_string(value, "uri_template")) {
      resource.uri = *text;
      auto made = UriTemplate::compile(*text);
      if (!made)
        violate(pointer + "/uri_template", made.error().message());
      else if (text->find('{') < text->find(':'))
        violate(pointer + "/uri_template", "begins with a variable, and would take the URIs of every other tool");
      else
        resource.uri_template = *std::move(made);
      if (++templates == kMaxTemplates + 1)
        violate("/resources", fmt::format("has more than {} templates", kMaxTemplates));
    }
    if (!uris.insert(resource.uri).second) violate(pointer, fmt::format("\"{}\" is listed twice", resource.uri));
    tool.resources.push_back(std::move(resource));
  }
}

void ManifestReader::read_prompts(Tool& tool) {
  const auto* prompts = json::find(document_, "prompts");
  if (prompts == nullptr || !prompts->IsArray()) return;
  if (prompts->Size() > kMaxResources)
    return violate("/prompts", fmt::format("has {} entries, and a tool at most {}", prompts->Size(), kMaxResources));
  std::unordered_set<std::string> names;
  for (rapidjson::SizeType i = 0; i < prompts->Size(); ++i) {
    const auto& value = (*prompts)[i];
    const auto pointer = fmt::format("/prompts/{}", i);
    auto prompt = prompt_of(tool, value);
    check_meta(value, pointer);
    if (!names.insert(prompt.name).second)
      violate(pointer + "/name", fmt::format("\"{}\" is listed twice; names are unique in a tool", prompt.name));
    if (prompt.flat_name.size() > 64 || prompt.name.find("__") != std::string::npos)
      violate(pointer + "/name",
              fmt::format("the flat name \"{}\" has more than 64 characters, or the name two underscores in a row",
                          prompt.flat_name));
    for (std::size_t k = 1; k < prompt.arguments.size(); ++k)
      if (prompt.find_argument(prompt.arguments[k].name) != &prompt.arguments[k])
        violate(fmt::format("{}/arguments/{}", pointer, k),
                fmt::format("\"{}\" is listed twice", prompt.arguments[k].name));
    tool.prompts.push_back(std::move(prompt));
  }
}

void ManifestReader::read_dynamic(Tool& tool) {
  const auto* lists = json::find(document_, "dynamic");
  if (lists == nullptr || !lists->IsArray()) return;
  for (const auto& list : lists->GetArray()) {
    if (!list.IsString()) continue;
    tool.lists_skills = tool.lists_skills || json::view(list) == "skills";
    tool.lists_resources = tool.lists_resources || json::view(list) == "resources";
    tool.lists_templates = tool.lists_templates || json::view(list) == "templates";
    tool.lists_prompts = tool.lists_prompts || json::view(list) == "prompts";
  }
  const auto is_family = [](const Resource& one) { return one.uri_template != nullptr; };
  if ((tool.lists_resources || tool.lists_templates) && std::ranges::none_of(tool.resources, is_family))
    violate("/dynamic",
            fmt::format("{} that the plugin lists itself are known to be the tool's by a uri_template among "
                        "/resources",
                        tool.lists_resources ? "resources" : "templates"));
}

void add_services(Tool& tool) {
  const bool has_prompts = !tool.prompts.empty() || tool.lists_prompts;
  const bool has_offers = !tool.resources.empty() || has_prompts;
  if (!has_offers && !tool.lists_skills) return;
  static const auto prompt_output = compiled(kPromptOutput);
  static const auto completion_output = compiled(kCompletionOutput);
  static const auto resource_list = compiled(list_output(kResourceItem, R"("uri","name")"));
  static const auto template_list = compiled(list_output(kTemplateItem, R"("uri_template","name")"));
  static const auto skill_list = compiled(skill_list_output());
  static const auto prompt_list = compiled(list_output(kPromptItem, R"("name")"));
  const auto add = [&](Kind kind, std::string name, std::shared_ptr<const InputValidator> output) {
    Skill service;
    service.tool = &tool;
    service.kind = kind;
    service.index = static_cast<std::uint32_t>(tool.skills.size() + tool.services.size());
    service.name = std::move(name);
    service.read_only = true;
    service.output_validator = std::move(output);
    tool.services.push_back(std::move(service));
  };
  if (!tool.resources.empty()) {
    add(Kind::kResource, "resources/read", nullptr);
    add(Kind::kSubscribe, "resources/subscribe", nullptr);
    add(Kind::kUnsubscribe, "resources/unsubscribe", nullptr);
  }
  if (tool.lists_skills) add(Kind::kListSkills, "skills/list", skill_list);
  if (tool.lists_resources) add(Kind::kListResources, "resources/list", resource_list);
  if (tool.lists_templates) add(Kind::kListTemplates, "resources/templates/list", template_list);
  if (tool.lists_prompts) add(Kind::kListPrompts, "prompts/list", prompt_list);
  if (has_prompts) add(Kind::kPrompt, "prompts/get", prompt_output);
  if (has_offers) add(Kind::kCompletion, "completion/complete", completion_output);
}

}  // namespace toolrack::registry
