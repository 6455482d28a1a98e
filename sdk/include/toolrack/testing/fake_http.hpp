/// Scripted far ends: HTTP servers and other tools.
#pragma once

#include <toolrack/testing/fake_core.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// A request as it left the plugin.
struct SentRequest {
  std::string method, url, body, provider, credential;
  std::string whole_body;  ///< `body` with the bytes of assets in their places.
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::string> body_assets;
  std::uint32_t flags = 0;  ///< TR_HTTP_*.
  std::uint32_t timeout_ms = 0;
  std::uint64_t max_bytes = 0;

  /// The header's value, letter case of the name aside; empty when absent.
  std::string header(std::string_view name) const {
    const auto same = [&](char a, char b) { return (a | 0x20) == (b | 0x20); };
    for (const auto& [key, value] : headers) {
      if (std::equal(key.begin(), key.end(), name.begin(), name.end(), same)) return value;
    }
    return {};
  }
};

/// Replies by key; those for one key are used up in the order they were given, then one marked always() stays.
class Script {
 public:
  /// `key` may end in `*`.
  void add(std::string key, FakeReply reply) { rows_.push_back(Row{std::move(key), std::move(reply)}); }
  /// nullopt: nothing fits.
  std::optional<FakeReply> take(std::string_view key) {
    for (auto row = rows_.begin(); row != rows_.end(); ++row) {
      const bool is_prefix = row->key.ends_with('*');
      const std::string_view pattern = std::string_view(row->key).substr(0, row->key.size() - (is_prefix ? 1 : 0));
      if (is_prefix ? !key.starts_with(pattern) : key != pattern) continue;
      const FakeReply reply = row->reply;
      if (!reply.is_always()) rows_.erase(row);
      return reply;
    }
    return std::nullopt;
  }
  std::string keys() const {
    std::string all;
    for (const Row& row : rows_) all += (all.empty() ? "" : ", ") + row.key;
    return all.empty() ? "nothing" : all;
  }

 private:
  struct Row {
    std::string key;
    FakeReply reply;
  };
  std::deque<Row> rows_;
};

/// Copies what the plugin handed to tr_http_api.send.
inline SentRequest copy_request(FakeCore& core, const tr_http_request& request) {
  SentRequest sent;
  sent.method = core.text(request.method, "a method");
  sent.url = core.text(request.url, "a URL");
  sent.provider = view(request.provider).str();
  sent.credential = view(request.credential).str();
  sent.flags = request.flags;
  sent.timeout_ms = request.timeout_ms;
  sent.max_bytes = request.max_bytes;
  for (std::size_t i = 0; i < request.header_count; ++i) {
    sent.headers.emplace_back(view(request.headers[i].name).str(), view(request.headers[i].value).str());
  }
  for (std::size_t i = 0; i < request.body_count; ++i) {
    if (request.body[i].asset.size != 0) {
      sent.body_assets.push_back(view(request.body[i].asset).str());
    } else {
      sent.body += view(request.body[i].bytes);
    }
  }
  return sent;
}

/// Why a host would refuse the request before sending it; empty when it would not.
inline std::string refusal(const SentRequest& request) {
  if (!request.url.starts_with("http://") && !request.url.starts_with("https://") && !request.url.starts_with("/")) {
    return "the URL \"" + request.url + "\" is neither absolute nor a path";
  }
  for (const auto& [name, value] : request.headers) {
    const std::string both = name + value;
    if (name.empty() || both.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
      return "the header \"" + name + "\" is empty or holds a line break";
    }
  }
  return {};
}

}  // namespace toolrack::testing
