/// The Markdown pages that are made from tables; `toolrack reference` prints them and a test compares them with docs/.
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "operations/openapi.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

std::string code_or_dash(std::string_view text) { return text.empty() ? "–" : fmt::format("`{}`", text); }

void append_inputs(std::string& out, const base::json::Value& schema) {
  const auto* properties = base::json::find(schema, "properties");
  if (properties == nullptr || properties->ObjectEmpty()) return;
  out += "\n| input | type | meaning |\n| --- | --- | --- |\n";
  for (const auto& property : properties->GetObject()) {
    const auto* type = base::json::find(property.value, "type");
    out += fmt::format("| `{}` | {} | {} |\n", base::json::view(property.name),
                       type == nullptr    ? "any"
                       : type->IsString() ? std::string(base::json::view(*type))
                                          : "number or string",
                       base::json::find_string(property.value, "description").value_or(""));
  }
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
      "equal.\n"
      "\"Scope\" is what a key must have in hosted mode; \"open\" needs no key. Every answer carries `X-Request-Id`;\n"
      "failures have the shape of [errors.md](errors.md).\n";
  for (const auto& entry : table.entries()) {
    const auto& operation = entry.operation;
    out += fmt::format(
        "\n## {}\n\n{}\n\n| route | meta-tool | command | scope |\n| --- | --- | --- | --- |\n| `{} {}` | {} | {} | {} "
        "|\n",
        operation.name, operation.description, operation.method, operation.path,
        operation.meta_tool ? code_or_dash(operation.name) : "–",
        operation.cli.empty() ? "–" : fmt::format("`toolrack {}`", operation.cli),
        operation.open ? "open" : fmt::format("`{}`", to_string(operation.scope)));
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
      "(`kraken.bad_nonce`). REST answers the HTTP status; in MCP, where the JSON-RPC column is empty, a `tools/call` "
      "answers a\n"
      "result with `isError: true`, so that the model reads it. The last column is what a plugin sees.\n\n"
      "| code | type | HTTP | JSON-RPC | plugin | what to do |\n| --- | --- | --- | --- | --- | --- |\n";
  for (const auto& row : base::all_errors())
    out += fmt::format("| `{}` | {} | {} | {} | `{}` | {} |\n", row.name, to_string(row.type), row.http_status,
                       row.jsonrpc_code == 0 ? "" : fmt::format("{}", row.jsonrpc_code), status_name(row.tr_status),
                       row.hint);
  return out;
}

}  // namespace toolrack::operations
