#include "registry/manifest_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "registry/file_outputs.hpp"
#include "registry/header_annotations.hpp"
#include "registry/json_text.hpp"
#include "registry/manifest.hpp"
#include "registry/semver.hpp"

namespace toolrack::registry {

namespace json = base::json;
using base::Money;
using json::Value;

namespace {

std::string text_of(const Value& object, std::string_view key, std::string_view otherwise = {}) {
  return std::string(json::find_string(object, key).value_or(otherwise));
}

bool flag_of(const Value& object, std::string_view key) { return json::find_bool(object, key).value_or(false); }

/// Two objects or empty texts; the members of `over` win.
std::string merge_objects(const std::string& under, const std::string& over) {
  if (under.empty() || over.empty()) return under.empty() ? over : under;
  auto merged = json::parse(under);
  auto added = json::parse(over);
  if (!merged || !added) return under;  // Both are cut out of a document that was read.
  for (auto& [name, value] : added->GetObject()) {
    merged->RemoveMember(name.GetString());
    merged->AddMember(json::Value(name, merged->GetAllocator()), json::Value(value, merged->GetAllocator()),
                      merged->GetAllocator());
  }
  return json::dump(*merged);
}

std::string json_of(const Value& object, std::string_view key) {
  const auto* value = json::find(object, key);
  return value != nullptr ? json::dump(*value) : std::string();
}

std::vector<std::string> texts_of(const Value& object, std::string_view key) {
  std::vector<std::string> out;
  if (const auto* list = json::find(object, key); list != nullptr && list->IsArray()) {
    for (const auto& item : list->GetArray())
      if (item.IsString()) out.emplace_back(json::view(item));
  }
  return out;
}

std::chrono::milliseconds milliseconds_of(const Value& object, std::string_view key,
                                          std::chrono::milliseconds otherwise) {
  const auto given = json::find_int(object, key);
  return given ? std::chrono::milliseconds(*given) : otherwise;
}

Mode mode_of(const Value& skill) {
  const auto name = json::find_string(skill, "mode").value_or("pooled");
  if (name == "inline") return Mode::kInline;
  return name == "blocking" ? Mode::kBlocking : Mode::kPooled;
}

}  // namespace

void ManifestReader::violate(std::string pointer, std::string message) {
  violations_.push_back({std::move(pointer), "", std::move(message)});
}

std::shared_ptr<Tool> ManifestReader::read() {
  auto tool = std::make_shared<Tool>();
  read_identity(*tool);
  read_providers(*tool);
  read_credentials(*tool);
  read_grants(*tool);
  read_knowledge(*tool);
  read_resources(*tool);
  read_prompts(*tool);
  read_dynamic(*tool);
  const auto* skills = json::find(document_, "skills");
  if (skills == nullptr || !skills->IsArray()) return tool;
  if (skills->Size() > kMaxSkills) {
    violate("/skills", fmt::format("has {} skills, and a tool at most {}", skills->Size(), kMaxSkills));
    return tool;
  }
  const auto texts = item_texts(member_text(text_, "skills"));
  tool->skills.reserve(skills->Size());
  for (rapidjson::SizeType i = 0; i < skills->Size(); ++i) {
    read_skill(*tool, (*skills)[i], i < texts.size() ? texts[i] : std::string_view(), i);
  }
  const bool is_declarative = !skills->Empty() && std::all_of(skills->Begin(), skills->End(), [](const Value& skill) {
    return json::find(skill, "request") != nullptr;
  });
  add_services(*tool);
  tool->source = is_declarative && !tool->needs_code() ? "declarative" : "native";
  return tool;
}

void ManifestReader::read_identity(Tool& tool) {
  tool.owner = text_of(document_, "owner");
  tool.slug = text_of(document_, "name");
  tool.version = text_of(document_, "version");
  tool.prefix = text_of(document_, "prefix", tool.slug);
  tool.aliases = texts_of(document_, "aliases");
  tool.categories = texts_of(document_, "categories");
  tool.title = text_of(document_, "title", tool.slug);
  tool.description = text_of(document_, "description");
  tool.status = text_of(document_, "status", "stable");
  tool.eager = json::find_string(document_, "activation") == "eager";
  tool.max_concurrency = static_cast<std::uint32_t>(json::find_int(document_, "concurrency").value_or(0));
  tool.unload_never = json::find_string(document_, "unload") == "never";
  const auto state = json::find_string(document_, "state").value_or("none");
  tool.state = state == "live"        ? StateHandOver::kLive
               : state == "final"     ? StateHandOver::kFinal
               : state == "exclusive" ? StateHandOver::kExclusive
                                      : StateHandOver::kNone;
  if (!Semver::parse(tool.version)) {
    violate("/version", fmt::format("{} is no semantic version (semver.org), such as 1.4.0 or 2.0.0-rc.1",
                                    json::quote(tool.version)));
  }
  for (std::size_t i = 0; i < tool.aliases.size(); ++i) {
    if (tool.aliases[i] == tool.slug) violate(fmt::format("/aliases/{}", i), "is the tool's own name; leave it out");
  }
}

void ManifestReader::read_providers(Tool& tool) {
  const auto* providers = json::find(document_, "providers");
  if (providers == nullptr || !providers->IsObject()) return;
  const auto* credentials = json::find(document_, "credentials");
  for (const auto& [name, value] : providers->GetObject()) {
    Provider provider;
    provider.slug = json::view(name);
    provider.base_url = text_of(value, "base_url");
    provider.credential = text_of(value, "credential");
    provider.cost_json = json_of(value, "cost");
    provider.options_json = json_of(value, "options");
    provider.timeout = milliseconds_of(value, "timeout_ms", provider.timeout);
    provider.concurrency = static_cast<std::uint32_t>(json::find_int(value, "concurrency").value_or(16));
    const auto pointer = "/providers/" + provider.slug;
    if (!provider.credential.empty() &&
        (credentials == nullptr || json::find(*credentials, provider.credential) == nullptr)) {
      violate(pointer + "/credential", fmt::format("credential \"{}\" is not among /credentials", provider.credential));
    }
    check_port(provider.base_url, pointer + "/base_url");
    read_price(json::find(value, "cost"), pointer + "/cost");
    tool.providers.push_back(std::move(provider));
  }
}

void ManifestReader::check_port(std::string_view url, const std::string& pointer) {
  auto authority = url.substr(url.find("://") + 3);
  authority = authority.substr(0, authority.find('/'));
  const auto colon = authority.find(':', authority.starts_with('[') ? authority.find(']') : 0);
  if (colon == std::string_view::npos) return;
  const auto port = authority.substr(colon + 1);
  std::uint32_t number = 0;
  std::from_chars(port.data(), port.data() + port.size(), number);
  if (number == 0 || number > 65535) violate(pointer, fmt::format("{} is no port; there are 1 to 65535", port));
}

void ManifestReader::read_grants(Tool& tool) {
  const auto* grants = json::find(document_, "grants");
  if (grants == nullptr) return;
  tool.granted_hosts = texts_of(*grants, "hosts");
  tool.granted_tools = texts_of(*grants, "tools");
  tool.granted_secrets = texts_of(*grants, "secrets");
  const auto* credentials = json::find(document_, "credentials");
  for (std::size_t i = 0; i < tool.granted_secrets.size(); ++i) {
    const auto& secret = tool.granted_secrets[i];
    if (credentials == nullptr || json::find(*credentials, secret) == nullptr) {
      violate(fmt::format("/grants/secrets/{}", i), fmt::format("credential \"{}\" is not among /credentials", secret));
    }
  }
}

void ManifestReader::read_knowledge(Tool& tool) {
  const auto* documents = json::find(document_, "knowledge");
  if (documents == nullptr || !documents->IsArray()) return;
  std::size_t bytes = 0;
  std::unordered_map<std::string, std::size_t> places;
  for (rapidjson::SizeType i = 0; i < documents->Size(); ++i) {
    const auto& value = (*documents)[i];
    Document document{.id = text_of(value, "id"),
                      .title = text_of(value, "title"),
                      .text = text_of(value, "text"),
                      .tags = texts_of(value, "tags")};
    bytes += document.text.size();
    if (const auto [first, is_new] = places.emplace(document.id, i); !is_new)
      violate(fmt::format("/knowledge/{}/id", i), fmt::format("is the id of /knowledge/{} as well", first->second));
    tool.knowledge.push_back(std::move(document));
  }
  if (documents->Size() > kMaxDocuments || bytes > kMaxDocumentBytes)
    violate("/knowledge", fmt::format("has {} documents, {} bytes, and a tool at most {}, {} bytes in all",
                                      documents->Size(), bytes, kMaxDocuments, kMaxDocumentBytes));
}

void ManifestReader::read_skill(Tool& tool, const Value& value, std::string_view text, std::size_t index) {
  const auto pointer = fmt::format("/skills/{}", index);
  Skill skill;
  skill.tool = &tool;
  skill.index = static_cast<std::uint32_t>(index);
  skill.name = text_of(value, "name");
  skill.flat_name = tool.prefix.empty() ? skill.name : tool.prefix + "_" + skill.name;
  skill.title = text_of(value, "title", skill.name);
  skill.description = text_of(value, "description");
  skill.returns = text_of(value, "returns");
  skill.mode = mode_of(value);
  skill.timeout = milliseconds_of(value, "timeout_ms", skill.timeout);
  if (const auto* seconds = json::find(value, "estimated_seconds")) skill.estimated_seconds = seconds->GetDouble();
  skill.confirm = flag_of(value, "confirm");
  skill.approval = json::find(value, "approval") != nullptr;
  skill.job_only = json::find_string(value, "async") == "required";
  skill.async = skill.job_only || flag_of(value, "async");
  skill.asks_first = flag_of(value, "asks_first");
  skill.idempotent = flag_of(value, "idempotent");
  skill.resumable = flag_of(value, "resumable");
  skill.cache_ttl = std::chrono::seconds(json::find_int(value, "cache_ttl").value_or(0));
  if (const auto* annotations = json::find(value, "annotations")) {
    skill.annotations_json = json::dump(*annotations);
    skill.read_only = flag_of(*annotations, "readOnlyHint");
  }
  skill.meta_json = json_of(value, "meta");
  check_meta(value, pointer);
  if (skill.cache_ttl.count() != 0 && !skill.read_only)
    violate(pointer + "/cache_ttl",
            "an answer is given again only by a skill that reads: it needs annotations.readOnlyHint");
  if (skill.resumable && json::find(value, "request") != nullptr && !skill.is_repeatable())
    violate(pointer + "/resumable",
            "a request keeps no checkpoints, so after a restart it is sent anew: it needs idempotent or "
            "annotations.readOnlyHint");
  if (skill.asks_first && !skill.is_long())
    violate(pointer + "/asks_first", "only a job has a before: it needs async, or estimated_seconds of 30 or more");
  skill.price = read_price(json::find(value, "price"), pointer + "/price");
  skill.cached_price = read_price(json::find(value, "cached_price"), pointer + "/cached_price");
  check_flat_name(tool, skill, pointer + "/name");
  read_schemas(skill, value, text, pointer);
  read_examples(skill, value, pointer);
  read_backends(tool, skill, value, pointer);
  read_limits(tool, skill, value);
  tool.skills.push_back(std::move(skill));
}

void ManifestReader::check_flat_name(const Tool& tool, const Skill& skill, const std::string& pointer) {
  const auto [other, is_new] = skill_names_.emplace(skill.name, skill.index);
  if (!is_new) {
    violate(pointer, fmt::format("\"{}\" is also the name of /skills/{}; names are unique in a tool", skill.name,
                                 other->second));
  }
  const auto is_allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  if (skill.flat_name.size() > 64 || !std::all_of(skill.flat_name.begin(), skill.flat_name.end(), is_allowed)) {
    violate(pointer, fmt::format("the flat name \"{}\" must be 1 to 64 characters of A-Z a-z 0-9 _ -; it has {}",
                                 skill.flat_name, skill.flat_name.size()));
  }
  // Two underscores separate a connection from its tools.
  if (skill.name.find("__") != std::string::npos || tool.prefix.find("__") != std::string::npos) {
    violate(pointer, fmt::format("\"{}\" with prefix \"{}\" holds two underscores in a row", skill.name, tool.prefix));
  }
}

void ManifestReader::read_schemas(Skill& skill, const Value& value, std::string_view text, const std::string& pointer) {
  const auto read = [&](const char* key, Formats formats, std::string& out,
                        std::shared_ptr<const InputValidator>& validator) {
    const auto* schema = json::find(value, key);
    if (schema == nullptr) return;
    const auto written = member_text(text, key);
    out = written.empty() ? json::dump(*schema) : std::string(written);
    if (auto compiled = compile_schema(*schema, formats)) {
      validator = std::move(*compiled);
    } else {
      violate(fmt::format("{}/{}", pointer, key), compiled.error().message());
    }
  };
  read("input", Formats::kAssert, skill.input_schema, skill.input_validator);
  if (const auto* input = json::find(value, "input")) {
    auto annotations = read_header_annotations(*input, pointer + "/input");
    skill.header_arguments = std::move(annotations.arguments);
    std::ranges::move(annotations.violations, std::back_inserter(violations_));
  }
  read("output", Formats::kAnnotate, skill.output_schema, skill.output_validator);
  if (const auto* output = json::find(value, "output")) {
    skill.has_object_output = json::find_string(*output, "type") == "object";
    if (skill.output_schema.find("_path\"") != std::string::npos) {
      json::Document seen;
      seen.CopyFrom(*output, seen.GetAllocator());
      skill.has_file_output = publish_file_outputs(seen, seen.GetAllocator());
      if (skill.has_file_output) skill.output_schema = json::dump(seen);
    }
  }
}

void ManifestReader::read_examples(Skill& skill, const Value& value, const std::string& pointer) {
  const auto* examples = json::find(value, "examples");
  if (examples == nullptr || !examples->IsArray()) return;
  for (rapidjson::SizeType i = 0; i < examples->Size(); ++i) {
    const auto& example = (*examples)[i];
    skill.examples.push_back({text_of(example, "description"), json_of(example, "input")});
    const auto check = [&](const char* key, const InputValidator* validator) {
      const auto* part = json::find(example, key);
      if (part == nullptr || validator == nullptr) return;
      for (auto& violation : validator->check(*part)) {
        violation.pointer = fmt::format("{}/examples/{}/{}{}", pointer, i, key, violation.pointer);
        violations_.push_back(std::move(violation));
      }
    };
    check("input", skill.input_validator.get());
    check("output", skill.output_validator.get());
  }
}

void ManifestReader::read_backends(const Tool& tool, Skill& skill, const Value& value, const std::string& pointer) {
  const auto check = [&](std::string_view provider, const std::string& where) {
    if (tool.find_provider(provider) == nullptr) {
      violate(where, fmt::format("provider \"{}\" is not among /providers", provider));
    }
  };
  if (const auto* backends = json::find(value, "providers"); backends != nullptr && backends->IsArray()) {
    for (rapidjson::SizeType i = 0; i < backends->Size(); ++i) {
      const auto& backend = (*backends)[i];
      const auto where = fmt::format("{}/providers/{}", pointer, i);
      SkillBackend out{.provider = backend.IsString() ? std::string(json::view(backend)) : text_of(backend, "provider"),
                       .price = skill.price};
      check(out.provider, where);
      if (std::ranges::find(skill.backends, out.provider, &SkillBackend::provider) != skill.backends.end()) {
        violate(where, fmt::format("provider \"{}\" is listed twice", out.provider));
      }
      if (backend.IsObject()) {
        if (const auto* price = json::find(backend, "price")) out.price = read_price(price, where + "/price");
      }
      if (const auto* provider = tool.find_provider(out.provider))
        out.options_json = merge_objects(provider->options_json, json_of(backend, "options"));
      skill.backends.push_back(std::move(out));
    }
  }
  const auto* request = json::find(value, "request");
  if (request == nullptr) return;
  const auto provider = json::find_string(*request, "provider");
  if (provider) check(*provider, pointer + "/request/provider");
  if (skill.backends.empty()) {
    // Where a request goes is the skill's backend: breaker, figures and the caller's own key are the backend's.
    const auto* only = provider                     ? tool.find_provider(*provider)
                       : tool.providers.size() == 1 ? &tool.providers.front()
                                                    : nullptr;
    if (only != nullptr)
      skill.backends.push_back({.provider = only->slug, .price = skill.price, .options_json = only->options_json});
  } else if (provider && (skill.backends.size() > 1 || skill.backends.front().provider != *provider)) {
    violate(
        pointer + "/request/provider",
        fmt::format("the request always goes to \"{}\", and providers lists others; leave one of them out", *provider));
  }
}

}  // namespace toolrack::registry
