/// API keys of the caller's account.
#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"
#include "registry/narrowing.hpp"
#include "registry/tool_set.hpp"

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

void write_patterns(Writer& writer, const registry::ToolSet::Layer& layer) {
  writer.StartArray();
  for (const auto& pattern : layer.pattern_texts) put(writer, pattern);
  writer.EndArray();
}

/// "tools" is null for a key that sees everything; "within" says what its makers' keys leave of that.
void write_tools(Writer& writer, const registry::ToolSet* tools) {
  if (tools == nullptr) {
    key(writer, "tools");
    return void(writer.Null());
  }
  write_members(writer, tools->layers().front());
  if (tools->layers().size() == 1) return;
  key(writer, "within");
  writer.StartArray();
  for (const auto& layer : tools->layers().subspan(1)) write_patterns(writer, layer);
  writer.EndArray();
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
  write_tools(writer, info.tools.get());
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

/// The set, and what of it leads to nothing now: a tool may yet come.
struct ReviewedTools {
  registry::ToolSetRef set;
  std::vector<std::string> unmatched;
};

/// What is not given stays as it is in `before`, the key's own layer so far; null: it has none. Nobody gives more than
/// they have.
base::Result<ReviewedTools> read_tools(const Services& services, const Context& context,
                                       const registry::ToolSet::Layer* before) {
  const auto* patterns = base::json::find(context.input, "tools");
  const auto* renames = base::json::find(context.input, "rename");
  base::json::Document kept;
  if (before != nullptr) {
    base::json::Buffer buffer;
    Writer writer(buffer);
    writer.StartObject();
    registry::write_members(writer, *before);
    writer.EndObject();
    kept = TRY(base::json::parse(base::json::view(buffer)));
    if (patterns == nullptr) patterns = base::json::find(kept, "tools");
    if (renames == nullptr) renames = base::json::find(kept, "rename");
  }
  ReviewedTools out{.set = TRY(registry::ToolSet::create(patterns, renames, context.principal->tools)),
                    .unmatched = {}};
  if (out.set == nullptr || out.set == context.principal->tools) return out;
  for (const auto& rename : out.set->layers().front().renames) {
    const auto* taken = services.table == nullptr ? nullptr : services.table->find(rename.name);
    if (taken != nullptr && taken->operation.meta_tool)
      return base::fail(base::ErrorCode::kInvalidRequest,
                        fmt::format("rename: \"{}\" is the name of a meta-tool", rename.name), "Take another name.");
  }
  auto review = registry::narrow(*services.catalogue.load(), *out.set);
  if (!review.clashes.empty())
    return base::fail(base::ErrorCode::kConflict, fmt::format("rename: {}", review.clashes.front()),
                      "Take another name, or leave the other skill out with a pattern that begins with \"!\".");
  out.unmatched = std::move(review.unmatched);
  return out;
}

void write_unmatched(Writer& writer, const std::vector<std::string>& unmatched) {
  if (unmatched.empty()) return;
  key(writer, "unmatched");
  writer.StartArray();
  for (const auto& one : unmatched) put(writer, one);
  writer.EndArray();
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
  const auto tools = TRY(read_tools(services, context, nullptr));
  const auto made = TRY(services.keys.create(account, base::json::find_string(context.input, "name").value_or("key"),
                                             scopes, expires_ns, tools.set));
  return object(
      [&](Writer& writer) {
        key(writer, "api_key");
        put(writer, made.secret);
        write_members(writer, made.info);
        write_unmatched(writer, tools.unmatched);
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

base::Result<Answer> update_key(Services& services, const Context& context) {
  const auto account = TRY(account_of(context));
  const auto id = *base::json::find_string(context.input, "id");
  accounts::Keys::Change change;
  if (const auto name = base::json::find_string(context.input, "name")) change.name = *name;
  ReviewedTools tools;
  if (base::json::find(context.input, "tools") != nullptr || base::json::find(context.input, "rename") != nullptr) {
    const auto info = TRY(services.keys.get(account, id));
    tools = TRY(read_tools(services, context, info.tools == nullptr ? nullptr : &info.tools->layers().front()));
    change.tools = tools.set;
  }
  const auto info = TRY(services.keys.update(account, id, change));
  return object([&](Writer& writer) {
    write_members(writer, info);
    write_unmatched(writer, tools.unmatched);
  });
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
"tools":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":100,"description":"Patterns of the tools that the key sees and calls: seo, seo.keyword_*, acme/*, seo@1; !seo.audit takes back. An empty list: all."},
"rename":{"type":"array","maxItems":100,"items":{"type":"object","properties":{"skill":{"type":"string"},"name":{"type":"string"},"title":{"type":"string"},"description":{"type":"string"}},"required":["skill"],"additionalProperties":false},"description":"Another name, title or description for single skills: {skill, name, title, description}, with skill as in seo.audit."},
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
      {.name = "update_api_key",
       .aliases = {"key_update"},
       .method = "POST",
       .path = "/v1/keys/:id",
       .cli = "keys update",
       .cli_positional = "id",
       .scope = accounts::Scope::kKeysWrite,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Change an API key",
       .description = "Changes a key's name, or which tools it sees and under which names; what is not given stays. It "
                      "takes effect with the next request.",
       .input_schema = R"({"type":"object","properties":{
"id":{"type":"string","minLength":1,"description":"The key's id, as list_api_keys shows it."},
"name":{"type":"string","minLength":1,"maxLength":100,"description":"What the key is for."},
"tools":{"type":"array","items":{"type":"string","minLength":1,"maxLength":256},"maxItems":100,"description":"Patterns of the tools that the key sees and calls: seo, seo.keyword_*, acme/*, seo@1; !seo.audit takes back. An empty list: all."},
"rename":{"type":"array","maxItems":100,"items":{"type":"object","properties":{"skill":{"type":"string"},"name":{"type":"string"},"title":{"type":"string"},"description":{"type":"string"}},"required":["skill"],"additionalProperties":false},"description":"Another name, title or description for single skills: {skill, name, title, description}, with skill as in seo.audit."},
"account":{"type":"string","minLength":1,"maxLength":64,"description":"Another account; for operators."}},
"required":["id"],"additionalProperties":false})",
       .annotations = R"({"readOnlyHint":false,"destructiveHint":true,"idempotentHint":true,"openWorldHint":false})",
       .run = update_key},
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
