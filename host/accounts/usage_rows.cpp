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

/// Rows a document: about 100 KiB, well below what a document may have even if every string is as long as it can be.
constexpr std::size_t kRowsPerDocument = 256;
// So that the longest key fits: 48 + 1 + 8 + 1 + 32 + 1 + 72 + 1 + 72 + 1 + 7.
constexpr std::size_t kMaxAccount = 48, kMaxOwner = 32, kMaxName = 72;

void write_row(json::Writer& writer, const UsageRecord& record) {
  const auto text = [&](std::string_view name, std::string_view value) {
    json::key(writer, name);
    json::put(writer, value);
  };
  const auto number = [&](std::string_view name, std::int64_t value) {
    json::key(writer, name);
    writer.Int64(value);
  };
  writer.StartObject();  // Members in the order of their names: the canonical form.
  text("backend", record.backend);
  json::key(writer, "byok");
  writer.Bool(record.byok);
  number("cost_micros", record.cost.micros());
  text("error_code", record.error_code);
  text("key_id", record.key_id);
  number("latency_ns", record.latency_ns);
  text("owner", record.owner);
  number("raw_micros", record.raw_cost.micros());
  text("request_id", record.request_id);
  text("skill", record.skill);
  number("started_ns", record.started_unix_ns);
  text("tool", record.tool);
  text("transport", record.transport);
  text("version", record.version);
  writer.EndObject();
}

std::string to_public(const json::Value& row) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  const auto text_of = [&](std::string_view name) { return json::find_string(row, name).value_or(""); };
  const auto number_of = [&](std::string_view name) { return json::find_int(row, name).value_or(0); };
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
  const auto error_code = text_of("error_code");
  writer.StartObject();
  text("request_id", text_of("request_id"));
  text("started_at", base::to_rfc3339(number_of("started_ns")).text);
  for (const std::string_view name : {"tool", "owner", "version", "skill", "backend", "transport", "key_id"})
    text(name, text_of(name));
  text("status", error_code.empty() ? "success" : "error");
  text("error_code", error_code);
  json::key(writer, "latency_ms");
  writer.Double(static_cast<double>(number_of("latency_ns") / 1'000) / 1e3);
  money("cost", number_of("cost_micros"));
  money("raw_cost", number_of("raw_micros"));
  json::key(writer, "byok");
  writer.Bool(json::find_bool(row, "byok").value_or(false));
  writer.EndObject();
  return std::string(json::view(buffer));
}

/// What a day's counters grow by.
struct Sums {
  std::int64_t calls = 0, errors = 0, raw = 0, cost = 0, latency = 0;
};

void append_rows(store::Commit& commit, std::string_view account, std::span<const UsageRecord* const> rows,
                 std::string_view batch) {
  for (std::size_t part = 0; part * kRowsPerDocument < rows.size(); ++part) {
    json::Buffer buffer;
    json::Writer writer(buffer);
    writer.StartArray();
    for (const auto* row :
         rows.subspan(part * kRowsPerDocument, std::min(kRowsPerDocument, rows.size() - part * kRowsPerDocument)))
      write_row(writer, *row);
    writer.EndArray();
    commit.push_back(store::PutIfAbsent{std::string(kUsageRows),
                                        fmt::format("{}{}-{:04}", account_prefix(account), batch, part),
                                        std::string(json::view(buffer))});
  }
}

}  // namespace

void append_usage(store::Commit& commit, std::span<const UsageRecord> records, std::string_view batch) {
  std::map<std::string_view, std::vector<const UsageRecord*>> by_account;
  std::map<std::string, Sums> days;
  for (const auto& record : records) {
    by_account[record.account].push_back(&record);
    auto& sums = days[fmt::format("{}{}/{}/{}/{}/", account_prefix(record.account), day_of(record.started_unix_ns),
                                  key_part(record.owner, kMaxOwner), key_part(record.tool, kMaxName),
                                  key_part(record.skill, kMaxName))];
    ++sums.calls;
    sums.errors += !record.error_code.empty();
    sums.raw += record.raw_cost.micros();
    sums.cost += record.cost.micros();
    sums.latency += record.latency_ns;
  }
  for (const auto& [account, rows] : by_account) append_rows(commit, account, rows, batch);
  for (const auto& [key, sums] : days) {
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

std::string day_of(std::int64_t unix_ns) {
  const auto days = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::nanoseconds>(std::chrono::nanoseconds(unix_ns)));
  const std::chrono::year_month_day day(days);
  return fmt::format("{:04}{:02}{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

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
  if (!document.IsArray()) return base::fail(base::ErrorCode::kStoreFailed, "A usage document is no list.");
  std::vector<std::string> rows;
  for (const auto& row : document.GetArray()) rows.push_back(to_public(row));
  return rows;
}

}  // namespace toolrack::accounts
