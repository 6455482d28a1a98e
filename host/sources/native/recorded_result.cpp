#include "sources/native/recorded_result.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"

namespace toolrack::sources::native {
namespace {

namespace json = base::json;

constexpr json::Limits kWide{.max_bytes = 64 << 20, .max_values = 1'000'000};

void put_bytes(json::Writer& writer, std::string_view name, std::string_view bytes) {
  if (bytes.empty()) return;
  if (base::is_utf8(bytes)) {
    json::key(writer, name);
    json::put(writer, bytes);
    return;
  }
  json::key(writer, std::string(name) + "_base64");
  json::put(writer, base::to_base64(bytes));
}

std::string bytes_of(const json::Value& object, std::string_view name) {
  if (const auto text = json::find_string(object, name)) return std::string(*text);
  const auto encoded = json::find_string(object, std::string(name) + "_base64");
  return encoded ? base::from_base64(*encoded).value_or("") : std::string();
}

}  // namespace

std::string to_json(const OperationResult& result) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto number = [&](std::string_view name, std::int64_t value) {
    if (value == 0) return;
    json::key(writer, name);
    writer.Int64(value);
  };
  writer.StartObject();
  number("status", result.status);
  number("flags", result.flags);
  number("number", result.number);
  if (result.body != nullptr) put_bytes(writer, "body", *result.body);
  if (!result.fields.empty()) {
    json::key(writer, "fields");
    writer.StartArray();
    for (const auto& [name, value] : result.fields) {
      writer.StartObject();
      put_bytes(writer, "name", name);
      put_bytes(writer, "value", value);
      writer.EndObject();
    }
    writer.EndArray();
  }
  put_bytes(writer, "meta", result.meta_json);
  put_bytes(writer, "code", result.code);
  put_bytes(writer, "message", result.message);
  put_bytes(writer, "hint", result.hint);
  number("retry_after_ns", result.retry_after_ns);
  writer.EndObject();
  return std::string(json::view(buffer));
}

OperationResult result_from(std::string_view text) {
  OperationResult result;
  const auto document = json::parse(text, kWide);
  if (!document) return OperationResult::from(document.error());
  const auto number = [&](std::string_view name) { return json::find_int(*document, name).value_or(0); };
  result.status = static_cast<tr_status>(number("status"));
  result.flags = static_cast<std::uint32_t>(number("flags"));
  result.number = number("number");
  result.body = std::make_unique<std::string>(bytes_of(*document, "body"));
  if (const auto* fields = json::find(*document, "fields"); fields != nullptr && fields->IsArray())
    for (const auto& field : fields->GetArray())
      result.fields.emplace_back(bytes_of(field, "name"), bytes_of(field, "value"));
  result.meta_json = bytes_of(*document, "meta");
  result.code = bytes_of(*document, "code");
  result.message = bytes_of(*document, "message");
  result.hint = bytes_of(*document, "hint");
  result.retry_after_ns = number("retry_after_ns");
  return result;
}

}  // namespace toolrack::sources::native
