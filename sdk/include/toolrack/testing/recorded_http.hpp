/// HTTP requests and replies as a recording has them.
#pragma once

#include <toolrack/testing/base64.hpp>
#include <toolrack/testing/fake_http.hpp>
#include <toolrack/testing/recorded_call.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// Of the failures that an HTTP client comes to; others are TR_UNAVAILABLE.
inline tr_status status_of_failure(std::string_view code) noexcept {
  constexpr std::pair<std::string_view, tr_status> kRows[] = {
      {"invalid_request", TR_INVALID_ARGUMENT},
      {"invalid_config", TR_FAILED_PRECONDITION},
      {"body_too_large", TR_INVALID_ARGUMENT},
      {"uri_too_long", TR_INVALID_ARGUMENT},
      {"rate_limited", TR_RESOURCE_EXHAUSTED},
      {"too_many_concurrent", TR_RESOURCE_EXHAUSTED},
      {"egress_refused", TR_PERMISSION_DENIED},
      {"timeout", TR_DEADLINE_EXCEEDED},
      {"cancelled", TR_CANCELLED},
      {"internal", TR_INTERNAL},
      {"insufficient_scope", TR_PERMISSION_DENIED},
      {"auth_required", TR_UNAUTHENTICATED},
      {"unimplemented", TR_UNIMPLEMENTED},
  };
  for (const auto& [name, status] : kRows) {
    if (name == code) return status;
  }
  return TR_UNAVAILABLE;
}

class RecordedHttp {
 public:
  /// The request as it would be in place of a recorded one. A skill sends a path, or names no credential: what the
  /// manifest of the host made of that is not its doing, and comes from the record. `base_url`: where paths lead, as
  /// far as known; its own path counts.
  static JsonValue request(const SentRequest& sent, const std::string& base_url, const JsonValue& recorded) {
    std::vector<std::pair<std::string, std::string>> headers = sent.headers;
    std::string body = sent.whole_body;
    if (const std::string boundary = boundary_of(headers); !boundary.empty()) {
      replace_all(body, boundary);
      for (auto& [name, value] : headers) replace_all(value, boundary);
    }
    JsonValue out = JsonValue::object();
    out.set("method", JsonValue::string(sent.method.empty() ? "GET" : sent.method));
    out.set("url", JsonValue::string(sent.url.starts_with('/')
                                         ? origin_of(recorded.string_at("url")) + path_of(base_url) + sent.url
                                         : sent.url));
    std::vector<JsonValue> rows;
    for (const auto& [name, value] : headers) {
      rows.push_back(JsonValue::array({JsonValue::string(name), JsonValue::string(value)}));
    }
    out.set("headers", JsonValue::array(std::move(rows)));
    if (!body.empty()) out.set("body", body_value(body, recorded.find("body")));
    const std::string credential = sent.credential.empty() ? recorded.string_at("credential") : sent.credential;
    if (!credential.empty() && credential != "-") out.set("credential", JsonValue::string(credential));
    return out;
  }

  static FakeReply reply(const JsonValue& recorded) {
    const JsonValue* const failure = recorded.find("failure");
    if (recorded.find("status") == nullptr) {
      return failure == nullptr ? FakeReply::failure(TR_CANCELLED, "cancelled", "The request was cancelled")
                                : failure_of(*failure);
    }
    const JsonValue* const body = recorded.find("body");
    if (body != nullptr && body->find("sha256") != nullptr) {
      return FakeReply::failure(
          TR_INVALID_ARGUMENT, "invalid_request",
          "the body of the reply had " + std::to_string(body->int_at("bytes")) + " bytes: more than a recording keeps",
          TR_RESULT_NOT_SENT);
    }
    FakeReply out(recorded.int_at("status"), body == nullptr     ? std::string()
                                             : body->is_string() ? body->text
                                                                 : from_base64(body->string_at("base64")));
    out.meta("{\"url\":" + json_quote(recorded.string_at("url")) +
             ",\"bytes_received\":" + std::to_string(recorded.int_at("bytes_received")) + '}');
    const JsonValue* const cut = recorded.find("cut");
    if (cut != nullptr && cut->text == "true") out.flags(TR_RESULT_CUT);
    if (const JsonValue* const headers = recorded.find("headers")) {
      for (const JsonValue& each : headers->items) {
        if (each.items.size() != 2) continue;
        out.header(each.items[0].text, each.items[1].text);
        if (each.items[0].text == "retry-after") out.retry_after(seconds_in(each.items[1].text));
      }
    }
    if (failure != nullptr) out.breaks_off(failure_of(*failure));
    return out;
  }

 private:
  static constexpr std::size_t kMostKept = 8 << 20;
  static constexpr std::string_view kFixedBoundary = "boundary-of-the-record";

  static FakeReply failure_of(const JsonValue& failure) {
    const std::string code = failure.string_at("code"), name = failure.string_at("name");
    FakeReply out =
        FakeReply::failure(status_of_failure(code), name.empty() ? code : name, failure.string_at("message"),
                           failure.string_at("sent") == "no" ? TR_RESULT_NOT_SENT : TR_RESULT_MAYBE_SENT);
    out.hint(failure.string_at("hint"));
    return out;
  }
  static std::chrono::seconds seconds_in(const std::string& text) {
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::chrono::seconds(value);
  }
  /// Text as a string, other bytes as {"base64"}; of more than a recording keeps the size is compared.
  static JsonValue body_value(const std::string& body, const JsonValue* recorded) {
    JsonValue out = JsonValue::object();
    if (body.size() > kMostKept) {
      out.set("bytes", JsonValue::number(static_cast<std::int64_t>(body.size())));
      if (recorded != nullptr) out.set("sha256", JsonValue::string(recorded->string_at("sha256")));
      return out;
    }
    if (is_utf8(body)) return JsonValue::string(body);
    out.set("base64", JsonValue::string(to_base64(body)));
    return out;
  }
  /// "https://api.example" of "https://api.example/v1/a".
  static std::string origin_of(const std::string& url) {
    const std::size_t host = url.find("://");
    return host == std::string::npos ? std::string() : url.substr(0, url.find('/', host + 3));
  }
  static std::string path_of(const std::string& base_url) {
    std::string path = base_url.substr(origin_of(base_url).size());
    while (path.ends_with('/')) path.pop_back();
    return path;
  }
  /// The boundary in "multipart/form-data; boundary=abc": it is made of chance, and not compared.
  static std::string boundary_of(const std::vector<std::pair<std::string, std::string>>& headers) {
    constexpr std::string_view kMark = "boundary=";
    for (const auto& [name, value] : headers) {
      const std::size_t at = value.find(kMark);
      if (!value.starts_with("multipart/") || at == std::string::npos) continue;
      std::string rest = value.substr(at + kMark.size());
      rest.resize(std::min(rest.find(';'), rest.size()));
      std::erase(rest, '"');
      return rest;
    }
    return {};
  }
  static void replace_all(std::string& text, const std::string& boundary) {
    for (std::size_t at = text.find(boundary); at != std::string::npos;
         at = text.find(boundary, at + kFixedBoundary.size())) {
      text.replace(at, boundary.size(), kFixedBoundary);
    }
  }
};

}  // namespace toolrack::testing
