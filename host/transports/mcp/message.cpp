#include "transports/mcp/message.hpp"

#include <array>
#include <functional>

#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;

/// A capture knows the name of its parent, not whose child that is: a stranger's member of the same names, somewhere
/// else in the message, may have come first. Then what was meant is looked for in the text of its own parent.
void find_within(std::string_view parent, json::Capture& capture, const json::Limits& limits) {
  if (capture.text.empty()) return;
  const std::less_equal<const char*> is_before;
  if (!parent.empty() && is_before(parent.data(), capture.text.data()) &&
      is_before(capture.text.data() + capture.text.size(), parent.data() + parent.size()))
    return;
  json::Capture own{.depth = 1, .parent = {}, .key = capture.key, .text = {}};
  // What is a part of a text within limits is within them itself.
  if (!parent.empty() && json::parse(parent, limits, {&own, 1}))
    capture.text = own.text;
  else
    capture.text = {};
}

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

const json::Value* Message::param(std::string_view name) const {
  return params == nullptr ? nullptr : json::find(*params, name);
}

bool Message::has_claim() const { return meta != nullptr && json::find(*meta, kMetaVersion) != nullptr; }

std::string Message::id_key() const {
  const auto* own = json::find(document, "id");
  return own == nullptr ? std::string() : json::dump(*own);
}

base::Result<Message> parse_message(std::string_view text, const json::Limits& limits, json::Scratch* scratch) {
  std::array captures{json::Capture{.depth = 1, .parent = {}, .key = "id", .text = {}},
                      json::Capture{.depth = 2, .parent = "params", .key = "arguments", .text = {}},
                      json::Capture{.depth = 3, .parent = "arguments", .key = "input", .text = {}},
                      json::Capture{.depth = 3, .parent = "arguments", .key = "arguments", .text = {}},
                      json::Capture{.depth = 2, .parent = "params", .key = "_meta", .text = {}},
                      json::Capture{.depth = 3, .parent = "_meta", .key = "progressToken", .text = {}}};
  auto document = TRY(json::parse(text, limits, captures, scratch));
  Message message{.document = std::move(document)};
  if (!message.document.IsObject()) return message;
  message.kind = kind_of(message.document);
  if (const auto* id = json::find(message.document, "id"); id != nullptr && is_id(*id)) message.id = captures[0].text;
  if (message.kind == MessageKind::kInvalid || message.kind == MessageKind::kResponse) return message;
  message.method = *json::find_string(message.document, "method");
  message.params = json::find(message.document, "params");
  if (message.params == nullptr) return message;
  find_within(captures[1].text, captures[2], limits);
  find_within(captures[1].text, captures[3], limits);
  find_within(captures[4].text, captures[5], limits);
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
