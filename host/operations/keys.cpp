/// API keys of the caller's account.
#include <chrono>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using accounts::KeyInfo;
using base::json::key;
using base::json::put;
using base::json::Writer;

constexpr std::int64_t kNsPerDay = 86'400'000'000'000;

void write_time(Writer& writer, std::string_view name, std::int64_t unix_ns) {
  key(writer, name);
  if (unix_ns == 0) return void(writer.Null());
  put(writer, base::to_rfc3339(unix_ns).text);
}

void write_members(Writer& writer, const KeyInfo& info) {
  key(writer, "id");
  put(writer, info.id);
  key(writer, "name");
  put(writer, info.name);
  key(writer, "account");
  put(writer, info.account);
  key(writer, "key_prefix");
  put(writer, info.prefix);
  key(writer, "scopes");
  writer.StartArray();
  for (const auto scope : info.scopes.names()) put(writer, scope);
  writer.EndArray();
  key(writer, "status");
  put(writer, info.revoked_ns != 0 ? "revoked" : "active");
  write_time(writer, "created_at", info.created_ns);
  write_time(writer, "expires_at", info.expires_ns);
  write_time(writer, "revoked_at", info.revoked_ns);
}

template <typename Write>
Answer object(Write write, int status = 200) {
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  write(writer);
  writer.EndObject();
  return {.json = std::string(base::json::view(buffer)), .http_status = status};
}

/// An operator may act for another account; everybody else acts for their own.
base::Result<std::string> account_of(const Context& context) {
  const auto wanted = base::json::find_string(context.input, "account");
  const auto& own = context.principal->account;
  if (!wanted || *wanted == own) return own;
  if (context.principal->scopes.has(accounts::Scope::kAdmin)) return std::string(*wanted);
  return base::fail(base::ErrorCode::kInsufficientScope, "keys of another account need the scope \"admin\"");
}

base::Result<Answer> create_key(Services& services, const Context& context) {
  const auto account = TRY(account_of(context));
  auto scopes = accounts::Scopes::standard();
  if (const auto* wanted = base::json::find(context.input, "scopes")) {
    std::vector<std::string> names;
    for (const auto& name : wanted->GetArray()) names.emplace_back(base::json::view(name));
    scopes = TRY(accounts::Scopes::parse(names));
  }
  if (!context.principal->scopes.covers(scopes))
    return base::fail(base::ErrorCode::kInsufficientScope, "a key cannot be given scopes that its maker lacks");
  std::int64_t expires_ns = 0;
  if (const auto days = base::json::find_int(context.input, "expires_in_days"))
    expires_ns = services.clock.unix_ns() + *days * kNsPerDay;
  const auto made = TRY(services.keys.create(account, base::json::find_string(context.input, "name").value_or("key"),
                                             scopes, expires_ns));
  return object(
      [&](Writer& writer) {
        key(writer, "api_key");
        put(writer, made.secret);
        write_members(writer, made.info);
        key(writer, "notice");
        put(writer, "The key is shown this once; store it now.");
      },
      201);
}

base::Result<Answer> list_keys(Services& services, const Context& context) {
  const auto keys = services.keys.list(TRY(account_of(context)));
  return object([&](Writer& writer) {
    key(writer, "keys");
    writer.StartArray();
    for (const auto& info : keys) {
      writer.StartObject();
      write_members(writer, info);
      writer.EndObject();
    }
    writer.EndArray();
  });
}

base::Result<Answer> get_key(Services& services, const Context& context) {
  const auto account = TRY(account_of(context));
  const auto info = TRY(services.keys.get(account, *base::json::find_string(context.input, "id")));
  return object([&](Writer& writer) { write_members(writer, info); });
}

base::Result<Answer> revoke_key(Services& services, const Context& context) {
  const auto account = TRY(account_of(context));
  const auto info = TRY(services.keys.revoke(account, *base::json::find_string(context.input, "id")));
  return object([&](Writer& writer) { write_members(writer, info); });
}

constexpr std::string_view kKeyByIdSchema = R"({"type":"object","properties":{
"id":{"type":"string","minLength":1,"description":"The key's id, as list_api_keys shows it."},
"account":{"type":"string","minLength":1,"description":"Another account; for operators."}},
"required":["id"],"additionalProperties":false})";

}  // namespace

std::vector<Operation> key_operations() {
  return {
      {.name = "create_api_key",
       .aliases = {"key_create"},
       .method = "POST",
       .path = "/v1/keys",
       .cli = "keys create",
       .cli_positional = "name",
       .scope = accounts::Scope::kKeysWrite,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Create an API key",
       .description = "Makes a key for the account. The full key is in this answer only.",
       .input_schema = R"({"type":"object","properties":{
"name":{"type":"string","minLength":1,"maxLength":100,"description":"What the key is for."},
"scopes":{"type":"array","items":{"type":"string"},"minItems":1,"description":"What the key may do: tools:read, tools:call, keys:read, keys:write, usage:read, approvals:write, admin. All but the last two unless told."},
"expires_in_days":{"type":"integer","minimum":1,"maximum":3650,"description":"The key stops working after this time; never unless told."},
"account":{"type":"string","minLength":1,"maxLength":64,"description":"Another account; for operators."}},
"additionalProperties":false})",
       .annotations = R"({"readOnlyHint":false,"destructiveHint":false,"openWorldHint":false})",
       .run = create_key},
      {.name = "list_api_keys",
       .aliases = {"key_list"},
       .method = "GET",
       .path = "/v1/keys",
       .cli = "keys list",
       .scope = accounts::Scope::kKeysRead,
       .meta_tool = true,
       .title = "List API keys",
       .description = "The account's keys with their state; never the keys themselves.",
       .input_schema = R"({"type":"object","properties":{
"account":{"type":"string","minLength":1,"description":"Another account; for operators."}},"additionalProperties":false})",
       .run = list_keys},
      {.name = "get_api_key",
       .method = "GET",
       .path = "/v1/keys/:id",
       .scope = accounts::Scope::kKeysRead,
       .title = "Show an API key",
       .description = "One key of the account with its state.",
       .input_schema = kKeyByIdSchema,
       .run = get_key},
      {.name = "revoke_api_key",
       .aliases = {"key_delete"},
       .method = "DELETE",
       .path = "/v1/keys/:id",
       .cli = "keys revoke",
       .cli_positional = "id",
       .scope = accounts::Scope::kKeysWrite,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Revoke an API key",
       .description = "Disables a key for good; it takes effect with the next request.",
       .input_schema = kKeyByIdSchema,
       .annotations = R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true,"openWorldHint":false})",
       .run = revoke_key},
  };
}

}  // namespace toolrack::operations
