#include "cli/call_verb.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/shown_text.hpp"
#include "cli/text_argument.hpp"
#include "cli/typed_value.hpp"

namespace toolrack::cli {
namespace {

using base::ErrorCode;
using base::fail;
namespace json = base::json;

using Pairs = std::map<std::string, std::vector<std::string>>;

/// --key value, --key=value, --flag, a key several times.
base::Result<Pairs> read_pairs(const std::vector<std::string>& words) {
  Pairs pairs;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (!word.starts_with("--") || word.size() == 2)
      return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" belongs to no option", word),
                  "Give the skill's input as --key value, or as --input JSON.");
    const auto equals = word.find('=');
    auto& values = pairs[word.substr(2, equals == std::string::npos ? equals : equals - 2)];
    if (equals != std::string::npos)
      values.push_back(word.substr(equals + 1));
    else if (i + 1 < words.size() && !words[i + 1].starts_with("--"))
      values.push_back(words[++i]);
  }
  return pairs;
}

/// The input schema of the member of `list` that `fits`; null when there is none.
template <typename Fits>
const json::Value* input_schema_in(const base::Result<json::Document>& answer, std::string_view list, Fits fits) {
  const auto* members = answer ? json::find(*answer, list) : nullptr;
  if (members == nullptr || !members->IsArray()) return nullptr;
  for (const auto& member : members->GetArray())
    if (fits(json::find_string(member, "name"))) return json::find(member, "inputSchema");
  return nullptr;
}

/// The skill's input schema, or an empty object where the gateway does not know it: the call itself will say so.
base::Result<json::Document> schema_of(const CallOptions& options, Api& api) {
  json::Document schema(rapidjson::kObjectType);
  if (options.skill.empty()) {  // A flat name, as the gateway reads it first; its versions differ little.
    const auto flat_name = std::string_view(options.tool).substr(0, options.tool.find('@'));
    const auto flat = json::parse(TRY(api.request("GET", "/v1/tools/mcp", "")).body);
    if (const auto* input =
            input_schema_in(flat, "tools", [&](const auto& name) { return name && *name == flat_name; })) {
      schema.CopyFrom(*input, schema.GetAllocator());
      return schema;
    }
  }
  const auto slash = options.tool.find('/');
  const auto path = slash == std::string::npos ? base::percent_encode(options.tool)
                                               : base::percent_encode(options.tool.substr(0, slash)) + "/" +
                                                     base::percent_encode(options.tool.substr(slash + 1));
  const auto tool = json::parse(TRY(api.request("GET", "/v1/tools/" + path, "")).body);
  const auto fits = [&](const auto& name) { return options.skill.empty() || name == options.skill; };
  if (const auto* input = input_schema_in(tool, "skills", fits)) schema.CopyFrom(*input, schema.GetAllocator());
  return schema;
}

/// `toolrack call TOOL SKILL --data DIR` would ask another gateway than the one that is meant.
base::Result<void> refuse_if_of_the_program(std::string_view name) {
  constexpr std::array<std::string_view, 6> kNames{"format", "config", "data", "plugins", "url", "key"};
  if (std::ranges::find(kNames, name) == kNames.end()) return {};
  return fail(
      ErrorCode::kInvalidRequest, fmt::format("the skill has no input \"{}\"", name),
      fmt::format("Options of toolrack itself stand before the command: toolrack --{} ... call ...; an input of "
                  "that name can be given with --input JSON.",
                  name));
}

base::Result<void> add_pairs(json::Document& input, const CallOptions& options, Api& api) {
  const auto pairs = TRY(read_pairs(options.rest));
  const auto schema = TRY(schema_of(options, api));
  const auto* properties = json::find(schema, "properties");
  static const json::Value untyped(rapidjson::kObjectType);
  for (const auto& [given, words] : pairs) {
    // --max-bytes means max_bytes where the skill has that and not the other.
    auto name = given;
    if (properties != nullptr && json::find(*properties, name) == nullptr) std::ranges::replace(name, '-', '_');
    const auto* property = properties == nullptr ? nullptr : json::find(*properties, name);
    // The input of a skill that the gateway does not know may well be a URL; the call will say that it does not.
    if (property == nullptr && (properties != nullptr || given != "url")) TRY(refuse_if_of_the_program(given));
    if (property == nullptr) name = given;
    auto value = TRY(typed_value(name, words, property == nullptr ? untyped : *property, input));
    auto& allocator = input.GetAllocator();
    input.RemoveMember(name.c_str());
    input.AddMember(json::Value(name, allocator), std::move(value), allocator);
  }
  return {};
}

/// The member `backend` of the call.
base::Result<std::string> backend_json(const std::string& given) {
  if (given.starts_with('{')) {
    const auto parsed = json::parse(given);
    if (!parsed)
      return fail(
          ErrorCode::kInvalidRequest, fmt::format("--backend: {}", parsed.error().message()),
          R"(Name backends, as in --backend alpha,beta, or give the call's member as JSON: '{"sort":"price"}'.)");
    return json::dump(*parsed);
  }
  std::string names;
  for (std::size_t at = 0; at <= given.size();) {
    const auto end = std::min(given.find(',', at), given.size());
    if (end == at)
      return fail(ErrorCode::kInvalidRequest, fmt::format("--backend: {} has a name that is empty", base::shown(given)),
                  "`toolrack backends TOOL` lists those that there are.");
    names.append(names.empty() ? "" : ",").append(json::quote(std::string_view(given).substr(at, end - at)));
    at = end + 1;
  }
  return fmt::format(R"({{"only":[{}],"order":[{}]}})", names, names);
}

}  // namespace

base::Result<std::string> call_body(const CallOptions& options, Api& api) {
  json::Document input(rapidjson::kObjectType);
  if (options.input) {
    const auto text = TRY(text_argument(*options.input));
    auto parsed = json::parse(text);
    if (!parsed) return fail(ErrorCode::kInvalidRequest, fmt::format("--input: {}", parsed.error().message()));
    if (!parsed->IsObject()) return fail(ErrorCode::kInvalidRequest, "--input is not a JSON object");
    input = *std::move(parsed);
  }
  if (!options.rest.empty()) TRY(add_pairs(input, options, api));

  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "tool");
  json::put(writer, options.tool);
  if (!options.skill.empty()) {
    json::key(writer, "skill");
    json::put(writer, options.skill);
  }
  json::key(writer, "input");
  input.Accept(writer);
  if (options.dry_run) {
    json::key(writer, "dry_run");
    writer.Bool(true);
  }
  if (options.confirm) {
    json::key(writer, "confirm");
    writer.Bool(true);
  }
  json::key(writer, "async");
  writer.Bool(options.async);
  if (options.webhook) {
    json::key(writer, "webhook");
    json::put(writer, *options.webhook);
  }
  if (options.backend) {
    json::key(writer, "backend");
    json::raw(writer, TRY(backend_json(*options.backend)));
  }
  if (options.cache) {
    json::key(writer, "cache");
    json::put(writer, *options.cache);
  }
  if (options.max_price) {
    json::key(writer, "max_price");
    json::put(writer, *options.max_price);
  }
  if (options.record.empty() && options.replay.empty()) {  // A recording asks nobody.
    json::key(writer, "can_answer");
    json::raw(writer, R"(["form","url"])", rapidjson::kArrayType);
  }
  if (options.timeout_ms) {
    json::key(writer, "timeout_ms");
    writer.Int64(*options.timeout_ms);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

}  // namespace toolrack::cli
