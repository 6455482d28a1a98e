/// One JSON-RPC message as it came, with the raw text of the parts that travel on byte for byte.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::mcp {

enum class MessageKind : unsigned char { kRequest, kNotification, kResponse, kInvalid };

/// Views go into the text it was parsed from and into `document`.
struct Message {
  base::json::Document document;
  MessageKind kind = MessageKind::kInvalid;
  std::string_view id;  ///< Raw JSON of a request's id: `7`, `"7"`.
  std::string_view method;
  const base::json::Value* params = nullptr;   ///< An object, or null when there is none.
  const base::json::Value* meta = nullptr;     ///< params._meta when it is an object.
  bool has_bad_meta = false;                   ///< params._meta is there and is no object.
  std::string_view arguments;                  ///< Raw JSON of params.arguments, or empty.
  std::string_view nested_input;               ///< Raw JSON of params.arguments.input, or empty.
  std::string_view nested_arguments;           ///< Raw JSON of params.arguments.arguments, or empty.
  std::string_view meta_json, progress_token;  ///< Raw JSON of params._meta and of its progressToken, or empty.

  /// A member of `params`, or null.
  const base::json::Value* param(std::string_view name) const;
  bool is_batch() const { return document.IsArray(); }
  /// The request's id in one spelling: equal for equal ids.
  std::string id_key() const;
  /// The protocol version that the body claims, or empty: a string under params._meta.
  std::string_view claimed_version() const;
  bool has_claim() const;
};

/// Errors are those of base::json::parse; text that is JSON but no message gives kind kInvalid. The document lives in
/// `scratch` when there is one.
base::Result<Message> parse_message(std::string_view text, const base::json::Limits& limits = {},
                                    base::json::Scratch* scratch = nullptr);

}  // namespace toolrack::mcp
