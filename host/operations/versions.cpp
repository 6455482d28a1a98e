/// What the operator decides about versions of tools: which is the usual one, and which is out of service.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using Decided = registry::VersionDecision::Kind;

constexpr std::string_view kDecidesVersions = R"({"readOnlyHint":false,"openWorldHint":false})";
constexpr std::string_view kToolInput =
    R"({"type":"object","properties":{
"tool":{"type":"string","pattern":"^[^@]+$","maxLength":200,"description":"The tool: its name, with its owner where two have one: acme/seo."}},
"required":["tool"],"additionalProperties":false})";
constexpr std::string_view kVersionInput =
    R"({"type":"object","properties":{
"tool":{"type":"string","pattern":"^[^@]+(@[^@]+)?$","maxLength":200,"description":"The tool, or one version of it: seo, seo@1.4.0."}},
"required":["tool"],"additionalProperties":false})";
constexpr std::string_view kCanaryInput =
    R"({"type":"object","properties":{
"tool":{"type":"string","pattern":"^[^@]+(@[^@]+)?$","maxLength":200,"description":"The version that some are shown, seo@2.0.0; seo alone ends it."},
"percent":{"type":"number","exclusiveMinimum":0,"maximum":100,"description":"The share of all keys that reach it; one key stays on one version."},
"keys":{"type":"array","minItems":1,"maxItems":1000,"items":{"type":"string","pattern":"^([0-9a-f]{16}|local)(,([0-9a-f]{16}|local))*$"},"description":"Ids of keys that reach it, several in one with commas; \"local\": callers without a key in local mode."}},
"required":["tool"],"additionalProperties":false})";

base::Result<Answer> decide_version(Services& services, const Context& context, registry::VersionDecision decision) {
  if (!services.decide_version)
    return base::fail(base::ErrorCode::kUnimplemented, "this gateway has no plugins that come and go");
  return Answer{
      TRY(services.decide_version(base::json::find_string(context.input, "tool").value_or(""), std::move(decision)))};
}

template <Decided kind>
base::Result<Answer> decide_as(Services& services, const Context& context) {
  return decide_version(services, context, {.kind = kind, .version = {}});
}

/// "a,b" stands for two, as on command lines.
std::vector<std::string> split(std::string_view texts) {
  std::vector<std::string> out;
  while (!texts.empty()) {
    const auto comma = std::min(texts.find(','), texts.size());
    out.emplace_back(texts.substr(0, comma));
    texts.remove_prefix(std::min(comma + 1, texts.size()));
  }
  return out;
}

base::Result<Answer> canary(Services& services, const Context& context) {
  registry::VersionDecision decision{.kind = Decided::kCanary, .version = {}};
  if (const auto* percent = base::json::find(context.input, "percent"))
    decision.canary.share = registry::Canary::share_of(percent->GetDouble());
  if (const auto* keys = base::json::find(context.input, "keys"))
    for (const auto& one : keys->GetArray())
      for (auto& key : split(base::json::view(one))) decision.canary.keys.push_back(std::move(key));
  return decide_version(services, context, std::move(decision));
}

Operation operation(std::string_view name, std::string_view path, std::string_view cli, std::string_view title,
                    std::string_view description, std::string_view schema,
                    base::Result<Answer> (*run)(Services&, const Context&)) {
  return {.name = name,
          .method = "POST",
          .path = path,
          .cli = cli,
          .cli_positional = "tool",
          .scope = accounts::Scope::kAdmin,
          .kind = Kind::kTransfers,
          .title = title,
          .description = description,
          .input_schema = schema,
          .annotations = kDecidesVersions,
          .run = run};
}

}  // namespace

std::vector<Operation> version_operations() {
  return {
      operation("promote_version", "/v1/versions/promote", "promote", "Promote a version",
                "Makes that version the usual one, which a bare name means, at once and after restarts, although a "
                "higher one may be there. Without a version the highest stable one is the usual one again.",
                kVersionInput, decide_as<Decided::kPromote>),
      operation("roll_back_version", "/v1/versions/rollback", "rollback", "Roll a tool back",
                "Makes the version the usual one that was it before. The present one is not it again until it is "
                "promoted or its file is replaced; a later version still takes over by itself.",
                kToolInput, decide_as<Decided::kRollBack>),
      operation("disable_version", "/v1/versions/disable", "disable", "Disable a tool or a version",
                "Takes one version, or the whole tool with every version that comes, out of service: calls of it are "
                "refused at once, those that run end as they would.",
                kVersionInput, decide_as<Decided::kDisable>),
      operation("enable_version", "/v1/versions/enable", "enable", "Enable a tool or a version",
                "Takes back what was disabled under the same name.", kVersionInput, decide_as<Decided::kEnable>),
      operation("canary_version", "/v1/versions/canary", "canary", "Show a version to some callers",
                "Callers that name no version reach that one for a share of the keys, or for the keys that are named; "
                "all others the usual one. A call, its retries, its job and what it calls stay on one version.",
                kCanaryInput, canary),
  };
}

}  // namespace toolrack::operations
