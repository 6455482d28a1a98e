/// One request, one reply, for tests that are about what is said and not about bytes.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.hpp"
#include "support/raw_client.hpp"

namespace toolrack::testing {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// The bytes of a request; Host and Content-Length are added unless they are given.
inline std::string http_request(std::string_view method, std::string_view target, const HeaderList& headers,
                                std::string_view body) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\n");
  bool has_host = false;
  for (const auto& [name, value] : headers) {
    has_host = has_host || name == "Host";
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (!has_host) text += "Host: localhost\r\n";
  if (!body.empty() || method == "POST") text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append("\r\n").append(body);
}

/// Over a connection of its own. An empty reply (status 0) when the server closes without one.
inline net::RawReply exchange(std::uint16_t port, std::string_view method, std::string_view target,
                              const HeaderList& headers = {}, std::string_view body = {}) {
  auto client = net::RawClient::tcp(port);
  EXPECT_TRUE(client.is_connected());
  client.send(http_request(method, target, headers, body));
  return client.read_reply(method == "HEAD").value_or(net::RawReply{});
}

/// The body as JSON; null (and a failed test) when it is none.
inline base::json::Document parsed(std::string_view text) {
  auto document = base::json::parse(text, {.max_bytes = 64 << 20});
  EXPECT_TRUE(document) << text;
  return document ? *std::move(document) : base::json::Document();
}

/// The value at a JSON Pointer as text: strings bare, others as JSON, "(absent)" when there is none.
inline std::string at(const base::json::Value& root, std::string_view pointer) {
  const auto* value = base::json::at(root, pointer);
  if (value == nullptr) return "(absent)";
  return value->IsString() ? std::string(base::json::view(*value)) : base::json::dump(*value);
}

inline std::string header(const net::RawReply& reply, const std::string& name) {
  const auto found = reply.headers.find(name);
  return found == reply.headers.end() ? "(absent)" : found->second;
}

}  // namespace toolrack::testing
