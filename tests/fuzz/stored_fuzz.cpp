/// Bytes that were kept -> what they meant: usage records between two flushes, rows and counters in the store, and the
/// store's own records.
#include <fuzzer/FuzzedDataProvider.h>

#include <array>
#include <string>
#include <vector>

#include "accounts/usage_buffer.hpp"
#include "accounts/usage_rows.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"
#include "base/utf8.hpp"
#include "fuzz/fuzz.hpp"
#include "store/lmdb/record.hpp"

namespace toolrack::fuzz {
namespace {

namespace json = base::json;
using accounts::UsageRecord;

constexpr std::array kTexts{&UsageRecord::request_id, &UsageRecord::account,   &UsageRecord::key_id,
                            &UsageRecord::owner,      &UsageRecord::tool,      &UsageRecord::version,
                            &UsageRecord::skill,      &UsageRecord::transport, &UsageRecord::backend,
                            &UsageRecord::error_code, &UsageRecord::root_id};

/// Any record comes back from its bytes as it was, but for texts that are too long.
void check_buffer(std::string_view input) {
  FuzzedDataProvider data(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  constexpr int kRecords = 4;
  std::vector<std::array<std::string, kTexts.size()>> texts(kRecords);
  std::vector<UsageRecord> written(kRecords);
  std::string bytes;
  for (int i = 0; i < kRecords; ++i) {
    auto& record = written[static_cast<std::size_t>(i)];
    for (std::size_t t = 0; t < kTexts.size(); ++t) {
      auto& text = texts[static_cast<std::size_t>(i)][t];
      text = data.ConsumeRandomLengthString(300);
      record.*kTexts[t] = text;
    }
    record.started_unix_ns = data.ConsumeIntegral<std::int64_t>();
    record.latency_ns = data.ConsumeIntegral<std::int64_t>();
    record.cost = base::Money::from_micros(data.ConsumeIntegral<std::int64_t>());
    record.byok = data.ConsumeBool();
    accounts::append_bytes(bytes, record);
  }
  std::vector<UsageRecord> read;
  accounts::read_records(std::string(bytes), read);  // A copy that ends where its memory ends.
  require(read.size() == written.size(), "every record comes back");
  read.clear();
  accounts::read_records(bytes, read);
  for (std::size_t i = 0; i < read.size(); ++i) {
    require(read[i].started_unix_ns == written[i].started_unix_ns && read[i].latency_ns == written[i].latency_ns &&
                read[i].cost == written[i].cost && read[i].byok == written[i].byok,
            "numbers come back");
    for (const auto text : kTexts)
      require((written[i].*text).starts_with(read[i].*text) &&
                  (read[i].*text == written[i].*text || (written[i].*text).size() > 255),
              "texts come back", read[i].*text);
  }
}

void check_rows(std::string_view text) {
  const auto rows = accounts::read_rows(text);
  if (!rows) return;
  for (const auto& row : *rows) require(json::parse(row).has_value(), "a row is JSON", row);
}

void check_keys(std::string_view text) {
  accounts::DayFigure figure;
  static_cast<void>(accounts::read_day_key(text, figure));
  for (const std::size_t most : {32, 72}) {
    const auto part = accounts::key_part(text, most);
    require(part.size() <= most && part.find_first_of(std::string_view("/\0", 2)) == part.npos, "a part is one part",
            part);
    if (base::percent_encode(text).size() > most || text.find('\0') != text.npos) continue;
    const auto back = base::percent_decode(part);
    require(back && *back == text, "a short part comes back", part);
  }
}

void check_record(std::string_view input) {
  const auto key = store::lmdb::full_key("fuzz", input.substr(0, 8));
  static_cast<void>(store::lmdb::decode(key, input));
  std::string bytes(store::lmdb::kHeaderSize + input.size(), '\0');
  store::lmdb::encode(bytes.data(), key, input.size() * 7, input);
  const auto read = store::lmdb::decode(key, bytes);
  require(read && read->json == input && read->version == input.size() * 7, "a document comes back");
  for (std::size_t i = 0; i < bytes.size(); i += 1 + bytes.size() / 4) {
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
    require(!store::lmdb::decode(key, bytes), "a flipped bit is seen");
    bytes[i] = static_cast<char>(bytes[i] ^ 1);
  }
  require(!store::lmdb::decode(key + "x", bytes), "a document under another key is seen");
}

}  // namespace

void check(std::string_view input) {
  check_buffer(input);
  check_rows(input);
  check_keys(input);
  check_record(input);
}

}  // namespace toolrack::fuzz
