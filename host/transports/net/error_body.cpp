#include "transports/net/error_body.hpp"

#include <array>
#include <charconv>
#include <vector>

#include "base/error_json.hpp"

namespace toolrack::net {

std::string error_body(const base::Error& error, std::string_view request_id) {
  base::json::Buffer buffer;
  base::json::Writer writer(buffer);
  writer.StartObject();
  base::json::key(writer, "error");
  base::write_error(writer, error);
  base::json::key(writer, "request_id");
  base::json::put(writer, request_id);
  writer.EndObject();
  return std::string(base::json::view(buffer));
}

RetryAfter::RetryAfter(const base::Error& error) noexcept {
  const auto delay = error.retry_after();
  if (!delay) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*delay).count();
  const auto end = std::to_chars(digits_.data(), digits_.data() + digits_.size(), seconds < 0 ? 0 : seconds).ptr;
  size_ = static_cast<std::size_t>(end - digits_.data());
}

void respond_error(Exchange& exchange, const base::Error& error, std::span<const HeaderField> headers) {
  std::vector<HeaderField> all(headers.begin(), headers.end());
  const RetryAfter retry_after(error);
  if (!retry_after.seconds().empty()) all.push_back({"Retry-After", retry_after.seconds()});
  exchange.respond(base::info(error.code()).http_status, "application/json",
                   error_body(error, exchange.request().request_id), std::span<const HeaderField>(all));
}

}  // namespace toolrack::net
