#include "accounts/usage_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <utility>

#include "base/clock.hpp"
#include "base/encoding.hpp"
#include "base/json.hpp"

namespace toolrack::accounts {
namespace {

namespace json = base::json;

/// Rows a document: about 40 KiB, well below what a document may have even if every string is as long as it can be.
constexpr std::size_t kRowsPerDocument = 256;
// So that the longest key fits: 48 + 1 + 8 + 1 + 32 + 1 + 72 + 1 + 72 + 1 + 7.
constexpr std::size_t kMaxAccount = 48, kMaxOwner = 32, kMaxName = 72;

/// What each member of a row is, in order. A document says it once.
enum Column : std::size_t {
  kBackend,
  kByok,
  kCostMicros,
  kErrorCode,
  kKeyId,
  kLatencyNs,
  kOwner,
  kRawMicros,
  kRequestId,
  kSkill,
  kStartedNs,
  kTool,
  kTransport,
  kVersion,
  kRootId,
  kColumnCount
};
/// Documents from before calls had roots have the columns up to that one.
constexpr std::size_t kFirstColumns = kRootId;
constexpr std::array<std::string_view, kColumnCount> kColumns{
    "backend",    "byok",  "cost_micros", "error_code", "key_id",    "latency_ns", "owner",  "raw_micros",
    "request_id", "skill", "started_ns",  "tool",       "transport", "version",    "root_id"};

void write_row(json::Writer& writer, const UsageRecord& record) {
  writer.StartArray();
  json::put(writer, record.backend);
  writer.Bool(record.byok);
  writer.Int64(record.cost.micros());
  json::put(writer, record.error_code);
  json::put(writer, record.key_id);
  writer.Int64(record.latency_ns);
  json::put(writer, record.owner);
  writer.Int64(record.raw_cost.micros());
  json::put(writer, record.request_id);
  json::put(writer, record.skill);
  writer.Int64(record.started_unix_ns);
  json::put(writer, record.tool);
  json::put(writer, record.transport);
  json::put(writer, record.version);
  json::put(writer, record.root_id);
  writer.EndArray();
}

/// {"columns":[name ...],"rows":[[value ...] ...]}, which is canonical.
std::string rows_document(std::span<const UsageRecord* const> rows) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "columns");
  writer.StartArray();
  for (const auto name : kColumns) json::put(writer, name);
  writer.EndArray();
  json::key(writer, "rows");
  writer.StartArray();
  for (const auto* row : rows) write_row(writer, *row);
  writer.EndArray();
  writer.EndObject();
  return std::string(json::view(buffer));
}

std::string to_public(const json::Value& row) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto text_of = [&](Column column) {
    if (column >= row.Size()) return std::string_view();
    const auto& value = row[static_cast<rapidjson::SizeType>(column)];
    return value.IsString() ? json::view(value) : std::string_view();
  };
  const auto number_of = [&](Column column) {
    const auto& value = row[static_cast<rapidjson::SizeType>(column)];
    return value.IsInt64() ? value.GetInt64() : 0;
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    json::key(writer, name);
    if (value.empty())
      writer.Null();
    else
      json::put(writer, value);
  };
  const auto money = [&](std::string_view name, std::int64_t micros) {
    json::key(writer, name);
    json::raw(writer, base::Money::from_micros(micros).to_string(), rapidjson::kNumberType);
  };
  const auto error_code = text_of(kErrorCode);
  writer.StartObject();
  text("request_id", text_of(kRequestId));
  text("root_request_id", text_of(kRootId));
  text("started_at", base::to_rfc3339(number_of(kStartedNs)).text);
  for (const auto column : {kTool, kOwner, kVersion, kSkill, kBackend, kTransport, kKeyId})
    text(kColumns[column], text_of(column));
  text("status", error_code.empty() ? "success" : "error");
  text("error_code", error_code);
  json::key(writer, "latency_ms");
  writer.Double(static_cast<double>(number_of(kLatencyNs) / 1'000) / 1e3);
  money("cost", number_of(kCostMicros));
  money("raw_cost", number_of(kRawMicros));
  json::key(writer, "byok");
  writer.Bool(row[kByok].IsTrue());
  writer.EndObject();
  return std::string(json::view(buffer));
}

/// What a day's counters grow by.
struct Sums {
  std::int64_t calls = 0, errors = 0, raw = 0, cost = 0, latency = 0;
};

std::chrono::sys_days days_of(std::int64_t unix_ns) {
  return std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(unix_ns)));
}

std::string to_text(std::chrono::sys_days days) {
  const std::chrono::year_month_day day(days);
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

/// Whose counters a record belongs to. Keys are made of it once a group, not once a record.
struct Group {
  std::string_view account, owner, tool, skill;
  std::chrono::sys_days day;

  static Group of(const UsageRecord& record) {
    return {record.account, record.owner, record.tool, record.skill, days_of(record.started_unix_ns)};
  }
  auto operator<=>(const Group&) const = default;

  std::string key() const {
    return fmt::format("{}{}/{}/{}/{}/", account_prefix(account), to_text(day), key_part(owner, kMaxOwner),
                       key_part(tool, kMaxName), key_part(skill, kMaxName));
  }
};

void append_rows(store::Commit& commit, std::string_view account, std::span<const UsageRecord* const> rows,
                 std::string_view batch) {
  for (std::size_t part = 0; part * kRowsPerDocument < rows.size(); ++part) {
    const auto count = std::min(kRowsPerDocument, rows.size() - part * kRowsPerDocument);
    commit.push_back(store::PutIfAbsent{std::string(kUsageRows),
                                        fmt::format("{}{}-{:04}", account_prefix(account), batch, part),
                                        rows_document(rows.subspan(part * kRowsPerDocument, count))});
  }
}

}  // namespace

void append_usage(store::Commit& commit, std::span<const UsageRecord> records, std::string_view batch) {
  std::map<std::string_view, std::vector<const UsageRecord*>> by_account;
  std::map<Group, Sums> groups;
  for (const auto& record : records) {
    by_account[record.account].push_back(&record);
    auto& sums = groups[Group::of(record)];
    ++sums.calls;
    sums.errors += !record.error_code.empty();
    sums.raw += record.raw_cost.micros();
    sums.cost += record.cost.micros();
    sums.latency += record.latency_ns;
  }
  for (const auto& [account, rows] : by_account) append_rows(commit, account, rows, batch);
  for (const auto& [group, sums] : groups) {
    const auto key = group.key();
    const std::array figures{std::pair("calls", sums.calls), std::pair("errors", sums.errors),
                             std::pair("raw", sums.raw), std::pair("cost", sums.cost),
                             std::pair("latency", sums.latency)};
    for (const auto& [figure, delta] : figures)
      if (delta != 0) commit.push_back(store::AddI64{std::string(kUsageDays), key + figure, delta, {}});
  }
}

std::string key_part(std::string_view text, std::size_t max_bytes) {
  auto part = base::percent_encode(text);
  if (part.size() <= max_bytes) return part;
  return part.substr(0, max_bytes - 17) + "~" + base::to_hex(base::as_bytes(base::sha256(text))).substr(0, 16);
}

std::string account_prefix(std::string_view account) { return key_part(account, kMaxAccount) + "/"; }

std::string day_of(std::int64_t unix_ns) { return to_text(days_of(unix_ns)); }

bool read_day_key(std::string_view key, DayFigure& out) {
  std::array<std::string_view, 5> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto slash = key.find('/');
    if ((slash == key.npos) != (i + 1 == parts.size())) return false;
    parts[i] = key.substr(0, slash);
    key.remove_prefix(slash == key.npos ? key.size() : slash + 1);
  }
  // A part that was shortened may end in the middle of an escape; it is shown as it is then.
  const auto decode = [](std::string_view part) { return base::percent_decode(part).value_or(std::string(part)); };
  out = {.owner = decode(parts[1]), .tool = decode(parts[2]), .skill = decode(parts[3]), .figure = parts[4]};
  return true;
}

base::Result<std::vector<std::string>> read_rows(std::string_view text) {
  const auto document = TRY(json::parse(text));
  const auto* list = json::find(document, "rows");
  if (list == nullptr || !list->IsArray())
    return base::fail(base::ErrorCode::kStoreFailed, "A usage document has no list of rows.");
  std::vector<std::string> rows;
  for (const auto& row : list->GetArray()) {
    if (!row.IsArray() || (row.Size() != kColumnCount && row.Size() != kFirstColumns))
      return base::fail(base::ErrorCode::kStoreFailed, "A row of usage does not have the columns that are expected.");
    rows.push_back(to_public(row));
  }
  return rows;
}

}  // namespace toolrack::accounts
