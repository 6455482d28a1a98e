#include "transports/mcp/modern_check.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.hpp"
#include "base/shown_text.hpp"
#include "base/utf8.hpp"
#include "transports/mcp/client_capabilities.hpp"
#include "transports/mcp/refusals.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using net::HeaderName;

RpcError bad_meta(std::string message) {
  return {.code = kInvalidParams, .http_status = 400, .message = std::move(message), .data_json = {}};
}

// What the members are called in refusals. Constants, because every request is checked.
constexpr std::string_view kVersionPlace = "params._meta.io.modelcontextprotocol/protocolVersion";
constexpr std::string_view kCapabilitiesPlace = "params._meta.io.modelcontextprotocol/clientCapabilities";
constexpr std::string_view kClientInfoPlace = "params._meta.io.modelcontextprotocol/clientInfo";
constexpr std::string_view kLogLevelPlace = "params._meta.io.modelcontextprotocol/logLevel";

std::optional<RpcError> check_client_info(const json::Value& info) {
  if (!info.IsObject()) return bad_meta(wrong_type(kClientInfoPlace, &info, "an object with name and version"));
  const auto check = [&](std::string_view name, bool is_required) -> std::optional<RpcError> {
    const auto* member = json::find(info, name);
    if (member == nullptr ? !is_required : member->IsString()) return std::nullopt;
    return bad_meta(wrong_type(fmt::format("{}.{}", kClientInfoPlace, name), member, "a string"));
  };
  for (const auto* name : {"name", "version"})
    if (auto error = check(name, true)) return error;
  for (const auto* name : {"title", "description", "websiteUrl"})
    if (auto error = check(name, false)) return error;
  const auto* icons = json::find(info, "icons");
  if (icons == nullptr) return std::nullopt;
  if (!icons->IsArray()) return bad_meta(wrong_type(fmt::format("{}.icons", kClientInfoPlace), icons, "an array"));
  for (const auto& icon : icons->GetArray())
    if (!json::find_string(icon, "src"))
      return bad_meta(wrong_type(fmt::format("{}.icons[].src", kClientInfoPlace), json::find(icon, "src"), "a string"));
  return std::nullopt;
}

std::optional<RpcError> check_meta(const Message& message, ModernMeta& out) {
  const auto member = [&](std::string_view name) {
    return message.meta == nullptr ? nullptr : json::find(*message.meta, name);
  };
  if (message.has_bad_meta)
    return bad_meta(wrong_type("params._meta", json::find(*message.params, "_meta"), "an object"));
  const auto *version = member(kMetaVersion), *capabilities = member(kMetaCapabilities);
  if (version == nullptr || capabilities == nullptr)
    return bad_meta(fmt::format("params._meta lacks {}{}{}", version == nullptr ? kMetaVersion : "",
                                version == nullptr && capabilities == nullptr ? ", " : "",
                                capabilities == nullptr ? kMetaCapabilities : ""));
  if (!version->IsString()) return bad_meta(wrong_type(kVersionPlace, version, "a string"));
  if (auto wrong = wrong_capabilities(*capabilities, kCapabilitiesPlace)) return bad_meta(*std::move(wrong));
  out.capabilities = capabilities;
  if (message.meta->MemberCount() == 2) return std::nullopt;
  if (const auto* info = member(kMetaClientInfo))
    if (auto error = check_client_info(*info)) return error;
  if (const auto* level = member(kMetaLogLevel))
    if (auto wrong = read_log_level(kLogLevelPlace, level, out.log_level)) return bad_meta(*std::move(wrong));
  if (auto wrong = wrong_progress_token(*message.meta)) return bad_meta(*std::move(wrong));
  return std::nullopt;
}

std::optional<RpcError> check_repeats(const net::Headers& headers) {
  for (const auto name : {HeaderName::kMcpProtocolVersion, HeaderName::kMcpMethod, HeaderName::kMcpName})
    if (headers.is_repeated(name))
      return header_mismatch(fmt::format("the header {} is there more than once", to_string(name)));
  return std::nullopt;
}

/// The body's value that Mcp-Name must repeat, for the methods that have one.
std::optional<std::string_view> expected_name(const Message& message) {
  if (message.params == nullptr) return std::nullopt;
  if (message.method == "tools/call" || message.method == "prompts/get")
    return json::find_string(*message.params, "name");
  if (message.method == "resources/read") return json::find_string(*message.params, "uri");
  if (message.method == "tasks/get" || message.method == "tasks/update" || message.method == "tasks/cancel")
    return json::find_string(*message.params, "taskId");
  return std::nullopt;
}

std::optional<RpcError> check_name(const Message& message, const net::Headers& headers) {
  const auto expected = expected_name(message);
  if (!expected) return std::nullopt;
  if (!headers.has(HeaderName::kMcpName)) return header_mismatch("the header Mcp-Name is missing");
  const auto given = decode_header(headers.get(HeaderName::kMcpName));
  if (!given) return header_mismatch("the header Mcp-Name is not strict base64 of UTF-8 between =?base64? and ?=");
  if (*given != *expected)
    return header_mismatch(
        fmt::format("the header Mcp-Name says {}, the body {}", base::shown(*given), base::shown(*expected)));
  return std::nullopt;
}

}  // namespace

std::optional<std::string> decode_header(std::string_view value) {
  constexpr std::string_view kPrefix = "=?base64?", kSuffix = "?=";
  if (value.size() < kPrefix.size() + kSuffix.size() || !value.starts_with(kPrefix) || !value.ends_with(kSuffix))
    return std::string(value);
  auto decoded = base::from_base64(value.substr(kPrefix.size(), value.size() - kPrefix.size() - kSuffix.size()));
  if (!decoded || !base::is_utf8(*decoded)) return std::nullopt;
  return *std::move(decoded);
}

RpcError unsupported_version(std::string_view requested) {
  return {.code = kUnsupportedVersion,
          .http_status = 400,
          .message = fmt::format("the protocol version {} is not served here", base::shown(requested)),
          .data_json = fmt::format(R"({{"supported":["{}"],"requested":{}}})", kModernName, json::quote(requested))};
}

std::optional<RpcError> check_modern(const Message& message, const net::Headers& headers, ModernMeta& meta) {
  if (auto error = check_meta(message, meta)) return error;
  if (auto error = check_repeats(headers)) return error;
  const auto claimed = message.claimed_version();
  const auto differs = [&](HeaderName name, std::string_view body) {
    return headers.has(name) && headers.get(name) != body;
  };
  if (differs(HeaderName::kMcpProtocolVersion, claimed))
    return header_mismatch(fmt::format("the header MCP-Protocol-Version says {}, the body {}",
                                       base::shown(headers.get(HeaderName::kMcpProtocolVersion)),
                                       base::shown(claimed)));
  if (differs(HeaderName::kMcpMethod, message.method))
    return header_mismatch(fmt::format("the header Mcp-Method says {}, the body {}",
                                       base::shown(headers.get(HeaderName::kMcpMethod)), base::shown(message.method)));
  if (claimed != kModernName) return unsupported_version(claimed);
  for (const auto name : {HeaderName::kMcpProtocolVersion, HeaderName::kMcpMethod})
    if (!headers.has(name)) return header_mismatch(fmt::format("the header {} is missing", to_string(name)));
  return check_name(message, headers);
}

}  // namespace toolrack::mcp
