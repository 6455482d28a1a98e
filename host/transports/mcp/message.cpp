#include "transports/mcp/message.hpp"

#include <array>

#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

bool is_id(const json::Value& id) { return id.IsString() || id.IsInt64() || id.IsUint64(); }

MessageKind kind_of(const json::Document& document) {
  const auto* version = json::find(document, "jsonrpc");
  if (version == nullptr || !version->IsString() || json::view(*version) != "2.0") return MessageKind::kInvalid;
  const auto* id = json::find(document, "id");
  const auto* method = json::find(document, "method");
  if (method == nullptr) {
    const bool has_result = json::find(document, "result") != nullptr;
    const bool has_error = json::find(document, "error") != nullptr;
    return has_result != has_error ? MessageKind::kResponse : MessageKind::kInvalid;
  }
  if (!method->IsString()) return MessageKind::kInvalid;
  const auto* params = json::find(document, "params");
  if (params != nullptr && !params->IsObject()) return MessageKind::kInvalid;
  if (id == nullptr) return MessageKind::kNotification;
  return is_id(*id) ? MessageKind::kRequest : MessageKind::kInvalid;
}

}  // namespace

std::string_view Message::claimed_version() const {
  const auto* version = meta == nullptr ? nullptr : json::find(*meta, kMetaVersion);
  return version == nullptr || !version->IsString() ? std::string_view() : json::view(*version);
}

bool Message::has_claim() const { return meta != nullptr && json::find(*meta, kMetaVersion) != nullptr; }

std::string Message::id_key() const {
  const auto* own = json::find(document, "id");
  return own == nullptr ? std::string() : json::dump(*own);
}

base::Result<Message> parse_message(std::string_view text, const json::Limits& limits) {
  std::array captures{json::Capture{.depth = 1, .parent = {}, .key = "id", .text = {}},
                      json::Capture{.depth = 2, .parent = "params", .key = "arguments", .text = {}},
                      json::Capture{.depth = 3, .parent = "arguments", .key = "input", .text = {}},
                      json::Capture{.depth = 3, .parent = "arguments", .key = "arguments", .text = {}},
                      json::Capture{.depth = 2, .parent = "params", .key = "_meta", .text = {}},
                      json::Capture{.depth = 3, .parent = "_meta", .key = "progressToken", .text = {}}};
  Message message;
  message.document = TRY(json::parse(text, limits, captures));
  if (!message.document.IsObject()) return message;
  message.kind = kind_of(message.document);
  if (const auto* id = json::find(message.document, "id"); id != nullptr && is_id(*id)) message.id = captures[0].text;
  if (message.kind == MessageKind::kInvalid || message.kind == MessageKind::kResponse) return message;
  message.method = *json::find_string(message.document, "method");
  message.params = json::find(message.document, "params");
  if (message.params == nullptr) return message;
  message.arguments = captures[1].text;
  message.nested_input = captures[2].text;
  message.nested_arguments = captures[3].text;
  message.meta_json = captures[4].text;
  message.progress_token = captures[5].text;
  message.meta = json::find(*message.params, "_meta");
  message.has_bad_meta = message.meta != nullptr && !message.meta->IsObject();
  if (message.has_bad_meta) message.meta = nullptr;
  return message;
}

}  // namespace toolrack::mcp
