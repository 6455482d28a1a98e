/// The Markdown pages that are made from tables; `toolrack reference` prints them and a test compares them with docs/.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "base/json.hpp"
#include "operations/openapi.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

/// Text in a table's cell: what Markdown would take for a tag or the cell's end is escaped, but not inside `code`.
std::string cell(std::string_view text) {
  std::string out;
  bool is_code = false;
  for (const char c : text) {
    if (c == '`') is_code = !is_code;
    if (c == '|' || (!is_code && (c == '<' || c == '*'))) out += '\\';
    out += c;
  }
  return out;
}

/// "integer, 1 to 100", "`day` or `week`", "number or string".
std::string type_of(const base::json::Value& property) {
  std::string out;
  const auto add = [&](std::string_view word) { out += fmt::format("{}{}", out.empty() ? "" : " or ", word); };
  if (const auto* values = base::json::find(property, "enum")) {
    for (const auto& value : values->GetArray()) add(fmt::format("`{}`", base::json::view(value)));
    return out;
  }
  const auto* type = base::json::find(property, "type");
  if (type == nullptr) return "any";
  if (type->IsString())
    add(base::json::view(*type));
  else
    for (const auto& one : type->GetArray()) add(base::json::view(one));
  const auto least = base::json::find_int(property, "minimum"), most = base::json::find_int(property, "maximum");
  if (least && most) out += fmt::format(", {} to {}", *least, *most);
  return out;
}

bool is_required(const base::json::Value& schema, const base::json::Value& name) {
  const auto* required = base::json::find(schema, "required");
  return required != nullptr && std::ranges::any_of(required->GetArray(), [&](const auto& one) { return one == name; });
}

void append_inputs(std::string& out, const base::json::Value& schema) {
  const auto* properties = base::json::find(schema, "properties");
  if (properties == nullptr || properties->ObjectEmpty()) return;
  out += "\n| input | type | meaning |\n| --- | --- | --- |\n";
  for (const auto& property : properties->GetObject())
    out += fmt::format("| `{}`{} | {} | {} |\n", base::json::view(property.name),
                       is_required(schema, property.name) ? ", required" : "", type_of(property.value),
                       cell(base::json::find_string(property.value, "description").value_or("")));
}

/// "`toolrack info TOOL`".
std::string command_of(const Operation& operation) {
  if (operation.cli.empty()) return "–";
  if (operation.kind == Kind::kCall) return fmt::format("`toolrack {} TOOL SKILL --key value`", operation.cli);
  std::string positional(operation.cli_positional);
  for (auto& c : positional) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return fmt::format("`toolrack {}{}{}`", operation.cli, positional.empty() ? "" : " ", positional);
}

std::string_view status_name(int tr_status) {
  switch (tr_status) {
    case 1:
      return "TR_CANCELLED";
    case 3:
      return "TR_INVALID_ARGUMENT";
    case 4:
      return "TR_DEADLINE_EXCEEDED";
    case 5:
      return "TR_NOT_FOUND";
    case 7:
      return "TR_PERMISSION_DENIED";
    case 8:
      return "TR_RESOURCE_EXHAUSTED";
    case 9:
      return "TR_FAILED_PRECONDITION";
    case 10:
      return "TR_ABORTED";
    case 12:
      return "TR_UNIMPLEMENTED";
    case 13:
      return "TR_INTERNAL";
    case 14:
      return "TR_UNAVAILABLE";
    case 16:
      return "TR_UNAUTHENTICATED";
    case 1000:
      return "TR_PAYMENT_REQUIRED";
    case 1001:
      return "TR_TOOL_ERROR";
    default:
      return "TR_UNKNOWN";
  }
}

}  // namespace

std::string api_markdown(const Table& table) {
  std::string out =
      "# Operations\n\nMade by `toolrack reference api` from the table in `host/operations/`; a test keeps them "
      "equal.\n\n"
      "Each operation is one entry of a table, from which its route, its meta-tool and its command are made; all take "
      "the same\ninput. A route takes it from the path (`:name`), the query (GET, DELETE) or a JSON body (POST). "
      "\"Scope\" is what a key\nmust have in hosted mode; \"open\" needs no key. Every answer carries `X-Request-Id`; "
      "failures have the shape of\n[errors.md](errors.md). `GET /openapi.json` says the same to programs.\n\n"
      "| operation | route | meta-tool | command | scope |\n| --- | --- | --- | --- | --- |\n";
  for (const auto& entry : table.entries()) {
    const auto& operation = entry.operation;
    out += fmt::format("| [{0}](#{0}) | `{1} {2}` | {3} | {4} | {5} |\n", operation.name, operation.method,
                       operation.path, operation.meta_tool ? "yes" : "–", command_of(operation),
                       operation.open ? "open" : fmt::format("`{}`", to_string(operation.scope)));
  }
  for (const auto& entry : table.entries()) {
    const auto& operation = entry.operation;
    out += fmt::format("\n## {}\n\n`{} {}`: {}\n", operation.name, operation.method, operation.path,
                       operation.description);
    if (!operation.aliases.empty()) {
      std::string aliases;
      for (const auto alias : operation.aliases) aliases += fmt::format("{}`{}`", aliases.empty() ? "" : ", ", alias);
      out += fmt::format("Also known as {}.\n", aliases);
    }
    if (const auto schema = base::json::parse(operation.input_schema)) append_inputs(out, *schema);
  }
  return out;
}

std::string errors_markdown() {
  std::string out =
      "# Errors\n\nMade by `toolrack reference errors` from the table in `host/base/error.cpp`; a test keeps them "
      "equal.\n\n"
      "Every failure is `{code, type, message, resolution_hint, retry_after?, details?}`. `type` is one of auth, "
      "billing,\n"
      "rate_limit, validation, provider, not_found, internal: branch on it. `code` is stable; a tool may give codes of "
      "its own\n"
      "(`kraken.bad_nonce`). `message` says what was wrong with which value, `resolution_hint` what to do: the text "
      "below, or one\n"
      "for the case. REST answers the HTTP status; in MCP, where the JSON-RPC column is empty, a `tools/call` answers "
      "a result\n"
      "with `isError: true`, so that the model reads it. The last but one column is the `tr_status` that a plugin "
      "sees.\n\n"
      "| code | type | HTTP | JSON-RPC | plugin | what to do |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const auto& row : base::all_errors())
    out += fmt::format("| `{}` | {} | {} | {} | `{}` | {} |\n", row.name, to_string(row.type), row.http_status,
                       row.jsonrpc_code == 0 ? "" : fmt::format("{}", row.jsonrpc_code), status_name(row.tr_status),
                       cell(row.hint));
  return out;
}

}  // namespace toolrack::operations
