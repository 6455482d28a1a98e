/// What the gateway offers beside the tools themselves: one table, from which MCP meta-tools, REST routes, CLI verbs,
/// the OpenAPI document and docs/api.md are made. Adding an operation is adding one entry.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/principal.hpp"
#include "base/json.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"

namespace toolrack::operations {

struct Services;

/// Who asks, and for what. Borrowed for the time of `run`.
struct Context {
  const accounts::PrincipalRef& principal;
  const base::json::Value& input;  ///< An object that satisfies the operation's input schema.
  std::string_view request_id;
};

struct Answer {
  std::string json;
  int http_status = 200;
  /// Set instead of `json` for bytes that are made once and served often.
  std::shared_ptr<const std::string> cached = nullptr;

  std::string_view view() const noexcept { return cached ? std::string_view(*cached) : std::string_view(json); }
};

enum class Kind : std::uint8_t {
  kDirect,     ///< Answers from memory, on the loop.
  kWaits,      ///< Reads or writes the store: runs on the pool.
  kTransfers,  ///< May wait for the network as well: runs on a pool where that holds nobody else up.
  kCall,       ///< Becomes a call of a skill; the transport hands it to the call path (use_tool.hpp).
  kCalls,      ///< Several of them; REST only.
};

struct Operation {
  std::string_view name;                  ///< The seed's meta-tool name: `create_api_key`.
  std::vector<std::string_view> aliases;  ///< Newer names of the same.
  std::string_view method, path;  ///< "POST", "/v1/keys"; a segment `:name` is an input member. Empty: no route.
  std::vector<std::string_view> more_paths;
  std::string_view cli;  ///< "keys create"; empty: no verb.
  /// The input members that the verb takes without a name, in order, with a blank between them; empty: none.
  std::string_view cli_positional;
  bool open = false;  ///< Needs no key even in hosted mode.
  accounts::Scope scope = accounts::Scope::kToolsRead;
  bool meta_tool = false;  ///< Offered at /mcp.
  Kind kind = Kind::kDirect;
  std::string_view title, description;
  std::string_view input_schema;  ///< JSON Schema of an object.
  std::string_view annotations = R"({"readOnlyHint":true,"openWorldHint":false})";
  base::Result<Answer> (*run)(Services&, const Context&) = nullptr;  ///< Null for kCall and kCalls.
  /// What has to happen before `run`, and may take its time without a thread: on the loop; calls `ready` there once,
  /// now or later. Null: nothing. Not for kDirect.
  void (*before)(Services&, const Context&, base::Loop& loop, std::function<void()> ready) = nullptr;
};

}  // namespace toolrack::operations
