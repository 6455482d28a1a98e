/// Tools and skills as JSON: one shape for REST and the command line, one for MCP. Schemas go out as they were written.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "registry/tool.hpp"

namespace toolrack::registry {

/// {name, owner, displayName, description, version, categories, status, source, skills: [{name, displayName,
/// description, flatName}]}: one row of a list. `versions` (may be empty): those that stand beside it and itself,
/// listed after its own.
using Versions = std::span<const std::shared_ptr<const Tool>>;
void write_tool_summary(base::json::Writer& writer, const Tool& tool, Versions versions = {});

/// The same with aliases, providers, credentials, and skills with everything a caller needs: input (also as
/// inputSchema) and output (also as outputSchema) schemas, returns, examples, annotations with
/// execution.estimatedSeconds, price in USD. `missing` (may be empty) says which variables would set what this rack
/// lacks of a credential: then missingCredentials lists them, with the page where one is made.
using MissingVariables = std::function<std::vector<std::string>(const Credential& credential)>;
void write_tool_detail(base::json::Writer& writer, const Tool& tool, const MissingVariables& missing = {},
                       Versions versions = {});

/// One of those skills.
void write_skill(base::json::Writer& writer, const Skill& skill);

/// An MCP Tool object under the skill's flat name. `legacy_shape`: for revisions before 2026-07-28, whose output
/// schemas have objects at the root; another root is wrapped as {"result": ...}, as the reply's structuredContent then
/// is.
void write_mcp_tool(base::json::Writer& writer, const Skill& skill, bool legacy_shape);

}  // namespace toolrack::registry
