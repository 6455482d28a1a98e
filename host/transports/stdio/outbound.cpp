#include "transports/stdio/outbound.hpp"

#include "transports/mcp/message.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/stdio/headers.hpp"
#include "transports/stdio/line_input.hpp"
#include "transports/stdio/param_cache.hpp"

namespace toolrack::stdio {
namespace {

namespace json = base::json;

/// The gateway has its own limits and says so; these only keep the bridge alive.
constexpr json::Limits kLimits{.max_bytes = LineInput::kMaxLine, .max_depth = 1'000, .max_values = 10'000'000};

void read_batch(const json::Value& batch, Outbound& out) {
  out.is_unclear = true;
  for (const auto& element : batch.GetArray()) {
    const auto method = json::find_string(element, "method");
    if (method == "tools/call") out.may_repeat = false;
    const auto* id = json::find(element, "id");
    if (method && id != nullptr) out.ids.push_back({.raw = json::dump(*id), .key = json::dump(*id)});
  }
}

void add_modern_headers(const mcp::Message& message, const ParamCache* params, Outbound& out) {
  out.headers.push_back(header_line("MCP-Protocol-Version", message.claimed_version()));
  out.headers.push_back(header_line("Mcp-Method", out.method));
  if (message.params == nullptr) return;
  const auto* member = name_member(out.method);
  if (member == nullptr) return;
  const auto name = json::find_string(*message.params, member);
  if (!name) return;
  out.headers.push_back(header_line("Mcp-Name", *name));
  if (params != nullptr && out.method == "tools/call")
    params->add_headers(*name, json::find(*message.params, "arguments"), out.headers);
}

}  // namespace

base::Result<Outbound> read_outbound(std::string line, const ParamCache* params) {
  Outbound out{.body = std::move(line)};
  const auto message = TRY(mcp::parse_message(out.body, kLimits));
  if (message.is_batch()) {
    read_batch(message.document, out);
    return out;
  }
  out.is_unclear = message.kind == mcp::MessageKind::kInvalid;
  out.method = message.method;
  if (!message.id.empty() && message.kind != mcp::MessageKind::kResponse)
    out.ids.push_back({.raw = std::string(message.id), .key = json::dump(*json::find(message.document, "id"))});
  out.may_repeat = out.method != "tools/call";
  out.is_modern = mcp::is_modern(message.claimed_version());
  out.opens_session = out.method == "initialize" && !out.is_modern && !out.ids.empty();
  if (out.method == "notifications/cancelled" && message.params != nullptr)
    if (const auto* id = json::find(*message.params, "requestId")) out.cancels = json::dump(*id);
  if (out.is_modern) add_modern_headers(message, params, out);
  return out;
}

}  // namespace toolrack::stdio
