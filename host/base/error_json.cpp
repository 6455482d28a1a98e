#include "base/error_json.hpp"

#include "base/utf8.hpp"

namespace toolrack::base {

void write_error(json::Writer& writer, const Error& error) {
  writer.StartObject();
  json::key(writer, "code");
  json::put(writer, error.name());
  json::key(writer, "type");
  json::put(writer, to_string(error.type()));
  json::key(writer, "message");
  // A message repeats what was wrong, and that may be any bytes.
  if (is_utf8(error.message())) {
    json::put(writer, error.message());
  } else {
    json::put(writer, replace_invalid_utf8(error.message()));
  }
  json::key(writer, "resolution_hint");
  json::put(writer, error.hint());
  if (const auto delay = error.retry_after()) {
    json::key(writer, "retry_after");
    writer.Int64(std::chrono::ceil<std::chrono::seconds>(*delay).count());
  }
  if (!error.details_json().empty()) {
    json::key(writer, "details");
    json::raw(writer, error.details_json());
  }
  writer.EndObject();
}

std::string error_json(const Error& error) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  write_error(writer, error);
  return std::string(json::view(buffer));
}

}  // namespace toolrack::base
