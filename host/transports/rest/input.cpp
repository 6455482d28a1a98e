#include "transports/rest/input.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/encoding.hpp"
#include "base/utf8.hpp"
#include "transports/net/media_type.hpp"

namespace toolrack::rest {
namespace {

using base::ErrorCode;
using base::fail;
namespace json = base::json;

/// What the operation's schema says of a member: "integer", "boolean", "string" ...
std::string type_of(const operations::Operation& operation, std::string_view member) {
  const auto schema = json::parse(operation.input_schema);
  const auto* properties = json::find(*schema, "properties");
  const auto* property = properties == nullptr ? nullptr : json::find(*properties, member);
  return property == nullptr ? "" : std::string(json::find_string(*property, "type").value_or(""));
}

base::Result<json::Value> typed(std::string_view name, std::string_view text, std::string_view type,
                                json::Document& document) {
  if (type == "integer") {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size())
      return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is \"{}\", not a whole number", name, text));
    return json::Value(number);
  }
  if (type == "boolean") {
    if (text != "true" && text != "false")
      return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is \"{}\", not true or false", name, text));
    return json::Value(text == "true");
  }
  return json::Value(text.data(), static_cast<rapidjson::SizeType>(text.size()), document.GetAllocator());
}

base::Result<void> add(json::Document& document, const operations::Operation& operation, std::string_view name,
                       std::string_view text) {
  if (!base::is_utf8(name) || !base::is_utf8(text))
    return fail(ErrorCode::kInvalidUtf8, "the URL's parameters are not UTF-8");
  if (json::find(document, name) != nullptr)
    return fail(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is given more than once", name));
  auto value = TRY(typed(name, text, type_of(operation, name), document));
  auto& allocator = document.GetAllocator();
  document.AddMember(json::Value(name.data(), static_cast<rapidjson::SizeType>(name.size()), allocator),
                     std::move(value), allocator);
  return {};
}

}  // namespace

base::Result<void> check_content_type(const net::Request& request) {
  const auto type = request.headers.get(net::HeaderName::kContentType);
  if (request.body.empty() && type.empty()) return {};
  if (net::is_utf8_json(type)) return {};
  return fail(ErrorCode::kUnsupportedMediaType, type.empty() ? std::string("the request has a body but no Content-Type")
                                                             : fmt::format("the Content-Type is \"{}\"", type));
}

base::Result<json::Document> read_input(const net::Request& request, const Match& match) {
  const auto& operation = match.entry->operation;
  TRY(check_content_type(request));
  auto document = request.body.empty() ? json::Document(rapidjson::kObjectType) : TRY(json::parse(request.body));
  if (!document.IsObject()) return fail(ErrorCode::kInvalidRequest, "the body is not a JSON object");

  auto query = request.query;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = TRY(base::percent_decode(pair.substr(0, equals), true));
    const auto value = TRY(base::percent_decode(pair.substr(std::min(equals + 1, pair.size())), true));
    TRY(add(document, operation, name, value));
  }
  for (const auto& [name, value] : match.parameters) TRY(add(document, operation, name, value));
  return document;
}

}  // namespace toolrack::rest
