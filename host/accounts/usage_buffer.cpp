#include "accounts/usage_buffer.hpp"

#include <array>
#include <cstdint>
#include <cstring>

#include "base/utf8.hpp"

namespace toolrack::accounts {
namespace {

constexpr std::size_t kMaxText = 255;

/// The strings of a record, in the order in which they lie in the bytes.
constexpr std::array kTexts{&UsageRecord::request_id, &UsageRecord::account,   &UsageRecord::key_id,
                            &UsageRecord::owner,      &UsageRecord::tool,      &UsageRecord::version,
                            &UsageRecord::skill,      &UsageRecord::transport, &UsageRecord::backend,
                            &UsageRecord::error_code, &UsageRecord::root_id};

/// What precedes the strings of each record.
struct Header {
  std::int64_t started_unix_ns, latency_ns, raw_micros, cost_micros;
  std::array<std::uint8_t, kTexts.size()> sizes;
  std::uint8_t byok;
};

}  // namespace

void append_bytes(std::string& bytes, const UsageRecord& record) {
  Header header{.started_unix_ns = record.started_unix_ns,
                .latency_ns = record.latency_ns,
                .raw_micros = record.raw_cost.micros(),
                .cost_micros = record.cost.micros(),
                .sizes = {},
                .byok = record.byok};
  std::size_t total = sizeof header;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    const auto& text = record.*kTexts[i];
    const auto size = text.size() <= kMaxText ? text.size() : base::truncate_utf8(text, kMaxText).size();
    header.sizes[i] = static_cast<std::uint8_t>(size);
    total += size;
  }
  const auto start = bytes.size();
  bytes.resize(start + total);
  char* out = bytes.data() + start;
  std::memcpy(out, &header, sizeof header);
  out += sizeof header;
  for (std::size_t i = 0; i < kTexts.size(); ++i) {
    if (header.sizes[i] != 0) std::memcpy(out, (record.*kTexts[i]).data(), header.sizes[i]);
    out += header.sizes[i];
  }
}

void read_records(std::string_view bytes, std::vector<UsageRecord>& records) {
  while (!bytes.empty()) {
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    bytes.remove_prefix(sizeof header);
    auto& record = records.emplace_back();
    record.started_unix_ns = header.started_unix_ns;
    record.latency_ns = header.latency_ns;
    record.raw_cost = base::Money::from_micros(header.raw_micros);
    record.cost = base::Money::from_micros(header.cost_micros);
    record.byok = header.byok != 0;
    for (std::size_t i = 0; i < kTexts.size(); ++i) {
      record.*kTexts[i] = bytes.substr(0, header.sizes[i]);
      bytes.remove_prefix(header.sizes[i]);
    }
  }
}

}  // namespace toolrack::accounts
