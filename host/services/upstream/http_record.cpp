#include "services/upstream/http_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"
#include "services/upstream/scrubber.hpp"

namespace toolrack::services::upstream {

namespace json = base::json;
using base::ErrorCode;
using base::fail;
using base::Result;

namespace {

constexpr json::Limits kWide{.max_bytes = 64 << 20, .max_values = 1'000'000};
constexpr std::string_view kFixedBoundary = "boundary-of-the-record";

void put_text(json::Writer& writer, std::string_view name, std::string_view text) {
  json::key(writer, name);
  json::put(writer, base::is_utf8(text) ? std::string(text) : base::replace_invalid_utf8(text));
}

/// Text as a string, other bytes as {"base64"}, too many as {"bytes", "sha256"}.
void put_body(json::Writer& writer, std::string_view body) {
  json::key(writer, "body");
  if (body.size() > kMaxRecordedBody) {
    const auto digest = base::sha256(body);
    writer.StartObject();
    json::key(writer, "bytes");
    writer.Uint64(body.size());
    put_text(writer, "sha256", base::to_hex(base::as_bytes(digest)));
    writer.EndObject();
  } else if (base::is_utf8(body)) {
    json::put(writer, body);
  } else {
    writer.StartObject();
    put_text(writer, "base64", base::to_base64(body));
    writer.EndObject();
  }
}

void put_headers(json::Writer& writer, const std::vector<http::Header>& headers) {
  json::key(writer, "headers");
  writer.StartArray();
  for (const auto& header : headers) {
    writer.StartArray();
    for (const auto& text : {header.name, header.value})
      json::put(writer, base::is_utf8(text) ? text : base::replace_invalid_utf8(text));
    writer.EndArray();
  }
  writer.EndArray();
}

std::string canonical_text(const json::Buffer& buffer) {
  const auto document = json::parse(json::view(buffer), kWide);
  return document ? json::canonical(*document) : std::string(json::view(buffer));
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

/// The boundary in "multipart/form-data; boundary=abc"; empty when it is none.
std::string boundary_of(const std::vector<http::Header>& headers) {
  constexpr std::string_view kMark = "boundary=";
  for (const auto& header : headers) {
    if (!header.value.starts_with("multipart/")) continue;
    const auto at = header.value.find(kMark);
    if (at == std::string::npos) continue;
    auto rest = header.value.substr(at + kMark.size());
    rest.resize(std::min(rest.find(';'), rest.size()));
    std::erase(rest, '"');
    return rest;
  }
  return {};
}

ErrorCode code_of(std::string_view name) {
  for (const auto& row : base::all_errors())
    if (row.name == name) return row.code;
  return ErrorCode::kInternal;
}

Result<std::string> read_body(const json::Value& reply) {
  const auto* body = json::find(reply, "body");
  if (body == nullptr) return std::string();
  if (body->IsString()) return std::string(json::view(*body));
  if (const auto bytes = json::find_string(*body, "base64")) return base::from_base64(*bytes);
  return fail(ErrorCode::kInvalidRequest, fmt::format("the body of the reply had {} bytes: more than a recording keeps",
                                                      json::find_int(*body, "bytes").value_or(0)));
}

}  // namespace

std::string request_json(const Request& request) {
  auto headers = request.http.headers;
  auto body = request.http.body;
  if (const auto boundary = boundary_of(headers); !boundary.empty()) {
    replace_all(body, boundary, kFixedBoundary);
    for (auto& header : headers) replace_all(header.value, boundary, kFixedBoundary);
  }
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  put_text(writer, "method", request.http.method);
  put_text(writer, "url", request.http.url);
  put_headers(writer, headers);
  if (!body.empty()) put_body(writer, body);
  if (!request.credential.empty()) put_text(writer, "credential", request.credential);
  writer.EndObject();
  return canonical_text(buffer);
}

HttpRecord::HttpRecord(recorder::Recording& recording, const Request& request)
    : recording_(recording.share()),
      number_(recording.begin(kHttpService, request_json(request)).value_or(~std::size_t{0})) {}

void HttpRecord::note_signed(const http::Request& plain, const http::Request& signed_request, std::uint64_t nonce) {
  for (const auto& header : signed_request.headers) {
    const bool is_plain = std::any_of(plain.headers.begin(), plain.headers.end(), [&](const http::Header& each) {
      return each.name == header.name && each.value == header.value;
    });
    if (!is_plain && header.value.size() >= 4) private_.push_back(header.value);
  }
  if (nonce != 0) private_.push_back(std::to_string(nonce));
  // Where the credential went into the URL, the scrubber knows it; the longest is hidden first.
  std::sort(private_.begin(), private_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void HttpRecord::end(const http::Outcome& outcome) {
  if (recording_->is_overfull()) return;
  const Scrubber scrubber(private_);
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto put_response = [&](http::Response response, std::string body) {
    scrubber.hide(body);
    scrubber.hide(response.url);
    for (auto& header : response.headers) scrubber.hide(header.value);
    json::key(writer, "status");
    writer.Int(response.status);
    put_text(writer, "url", response.url);
    put_headers(writer, response.headers);
    put_body(writer, body);
    if (response.cut) {
      json::key(writer, "cut");
      writer.Bool(true);
    }
    json::key(writer, "bytes_received");
    writer.Int64(response.bytes_received);
  };
  writer.StartObject();
  if (outcome) {
    put_response(*outcome, head_ ? body_ : outcome->body);
  } else {
    if (head_) put_response(*head_, std::move(body_));
    const auto& error = outcome.error().error;
    auto message = error.message();
    scrubber.hide(message);
    json::key(writer, "failure");
    writer.StartObject();
    put_text(writer, "code", base::info(error.code()).name);
    if (error.name() != base::info(error.code()).name) put_text(writer, "name", error.name());
    put_text(writer, "message", message);
    put_text(writer, "hint", error.hint());
    put_text(writer, "sent", outcome.error().sent == http::Sent::kNo ? "no" : "maybe");
    writer.EndObject();
  }
  writer.EndObject();
  recording_->end(number_, canonical_text(buffer), outcome || outcome.error().error.code() != ErrorCode::kCancelled);
}

Result<RecordedReply> read_reply(std::string_view text) {
  RecordedReply out;
  if (text.empty()) return out;
  const auto reply = TRY(json::parse(text, kWide));
  if (const auto status = json::find_int(reply, "status")) {
    auto& response = out.response.emplace();
    response.status = static_cast<int>(*status);
    response.url = json::find_string(reply, "url").value_or("");
    response.cut = json::find_bool(reply, "cut").value_or(false);
    response.bytes_received = json::find_int(reply, "bytes_received").value_or(0);
    response.body = TRY(read_body(reply));
    const auto* headers = json::find(reply, "headers");
    if (headers == nullptr || !headers->IsArray())
      return fail(ErrorCode::kInvalidRequest, "a recorded reply has no headers");
    for (const auto& header : headers->GetArray()) {
      if (!header.IsArray() || header.Size() != 2 || !header[0].IsString() || !header[1].IsString())
        return fail(ErrorCode::kInvalidRequest, "a header of a recorded reply is no pair of strings");
      response.headers.push_back({std::string(json::view(header[0])), std::string(json::view(header[1]))});
    }
  }
  if (const auto* failure = json::find(reply, "failure")) {
    base::Error error(code_of(json::find_string(*failure, "code").value_or("")),
                      std::string(json::find_string(*failure, "message").value_or("")),
                      std::string(json::find_string(*failure, "hint").value_or("")));
    if (const auto name = json::find_string(*failure, "name")) error.with_name(std::string(*name));
    out.failure = {std::move(error),
                   json::find_string(*failure, "sent") == "no" ? http::Sent::kNo : http::Sent::kMaybe};
  }
  return out;
}

}  // namespace toolrack::services::upstream
