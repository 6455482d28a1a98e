#include "transports/net/headers.hpp"

#include <algorithm>

namespace toolrack::net {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(HeaderName::kOther)> kNames{"Accept",
                                                                                            "Authorization",
                                                                                            "Connection",
                                                                                            "Content-Encoding",
                                                                                            "Content-Length",
                                                                                            "Content-Type",
                                                                                            "Cookie",
                                                                                            "Expect",
                                                                                            "Forwarded",
                                                                                            "Host",
                                                                                            "Idempotency-Key",
                                                                                            "If-None-Match",
                                                                                            "Last-Event-ID",
                                                                                            "Mcp-Method",
                                                                                            "Mcp-Name",
                                                                                            "MCP-Protocol-Version",
                                                                                            "Mcp-Session-Id",
                                                                                            "Origin",
                                                                                            "traceparent",
                                                                                            "tracestate",
                                                                                            "Transfer-Encoding",
                                                                                            "User-Agent",
                                                                                            "X-Forwarded-For",
                                                                                            "X-Request-Id"};

constexpr std::size_t kLongest = std::ranges::max(kNames, {}, &std::string_view::size).size();

/// The names of one length, so that a lookup compares two or three of them at most.
struct Bucket {
  std::array<std::uint8_t, 4> names{};
  std::uint8_t count = 0;
};

constexpr auto kByLength = [] {
  std::array<Bucket, kLongest + 1> buckets{};
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    auto& bucket = buckets[kNames[i].size()];
    bucket.names.at(bucket.count++) = static_cast<std::uint8_t>(i);
  }
  return buckets;
}();

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  return true;
}

HeaderName header_name(std::string_view name) noexcept {
  if (name.size() > kLongest) return HeaderName::kOther;
  const auto& bucket = kByLength[name.size()];
  for (std::size_t i = 0; i < bucket.count; ++i)
    if (equal_ignoring_case(name, kNames[bucket.names[i]])) return static_cast<HeaderName>(bucket.names[i]);
  return HeaderName::kOther;
}

std::string_view to_string(HeaderName name) noexcept {
  return name == HeaderName::kOther ? std::string_view() : kNames[static_cast<std::size_t>(name)];
}

const HeaderField* Headers::find(std::string_view name) const noexcept {
  for (const auto& field : fields_)
    if (equal_ignoring_case(field.name, name)) return &field;
  return nullptr;
}

void Headers::add(std::string_view name, std::string_view value) {
  const auto known = static_cast<std::size_t>(header_name(name));
  if (known < kKnown) {
    if (index_[known] == kAbsent)
      index_[known] = static_cast<std::uint16_t>(fields_.size());
    else
      repeated_ |= std::uint32_t{1} << known;
  }
  fields_.push_back({name, value});
}

void Headers::clear() noexcept {
  fields_.clear();
  index_.fill(kAbsent);
  repeated_ = 0;
}

void Headers::rebase(const char* from, const char* to) noexcept {
  for (auto& field : fields_) {
    field.name = {to + (field.name.data() - from), field.name.size()};
    field.value = {to + (field.value.data() - from), field.value.size()};
  }
}

}  // namespace toolrack::net
