/// What the account has used.
#include "base/json.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {
namespace {

using base::json::key;
using base::json::put;
using base::json::Writer;

accounts::Period period_of(std::string_view name) {
  if (name == "day") return accounts::Period::kDay;
  if (name == "week") return accounts::Period::kWeek;
  if (name == "all") return accounts::Period::kAll;
  return accounts::Period::kMonth;
}

void write_money(Writer& writer, std::string_view name, base::Money money) {
  key(writer, name);
  base::json::raw(writer, money.to_string(), rapidjson::kNumberType);
}

base::Result<Answer> summary(Services& services, const Context& context) {
  const auto period = base::json::find_string(context.input, "period").value_or("month");
  const auto rows = TRY(services.usage.summary(context.principal->account, period_of(period)));
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "period");
  put(writer, period);
  key(writer, "currency");
  put(writer, "USD");
  std::uint64_t calls = 0;
  base::Money cost;
  key(writer, "usage");
  writer.StartArray();
  for (const auto& row : rows) {
    calls += row.calls;
    cost = cost + row.cost;
    writer.StartObject();
    key(writer, "tool");
    put(writer, row.tool);
    key(writer, "skill");
    put(writer, row.skill);
    key(writer, "calls");
    writer.Uint64(row.calls);
    key(writer, "errors");
    writer.Uint64(row.errors);
    write_money(writer, "cost", row.cost);
    write_money(writer, "raw_cost", row.raw_cost);
    key(writer, "average_latency_ms");
    writer.Double(row.calls == 0
                      ? 0
                      : static_cast<double>(row.total_latency_ns / 1'000 / static_cast<std::int64_t>(row.calls)) / 1e3);
    writer.EndObject();
  }
  writer.EndArray();
  key(writer, "total_calls");
  writer.Uint64(calls);
  write_money(writer, "total_cost", cost);
  writer.EndObject();
  return Answer{std::string(base::json::view(buffer))};
}

base::Result<Answer> history(Services& services, const Context& context) {
  const auto limit = base::json::find_int(context.input, "limit").value_or(50);
  const auto page = TRY(services.usage.history(context.principal->account, static_cast<std::size_t>(limit),
                                               base::json::find_string(context.input, "cursor").value_or("")));
  base::json::Buffer buffer;
  Writer writer(buffer);
  writer.StartObject();
  key(writer, "calls");
  writer.StartArray();
  for (const auto& record : page.records_json) base::json::raw(writer, record);
  writer.EndArray();
  key(writer, "next_cursor");
  if (page.next_cursor.empty())
    writer.Null();
  else
    put(writer, page.next_cursor);
  writer.EndObject();
  return Answer{std::string(base::json::view(buffer))};
}

}  // namespace

std::vector<Operation> usage_operations() {
  return {
      {.name = "get_usage_summary",
       .aliases = {"credits_usage"},
       .method = "GET",
       .path = "/v1/usage",
       .cli = "usage",
       .scope = accounts::Scope::kUsageRead,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Usage summary",
       .description = "Calls, errors and cost by tool and skill over a period.",
       .input_schema = R"({"type":"object","properties":{
"period":{"type":"string","enum":["day","week","month","all"],"description":"The time to sum up; month unless told."}},"additionalProperties":false})",
       .run = summary},
      {.name = "get_usage_history",
       .method = "GET",
       .path = "/v1/usage/history",
       .scope = accounts::Scope::kUsageRead,
       .meta_tool = true,
       .kind = Kind::kWaits,
       .title = "Usage history",
       .description = "The account's calls, newest first, with cost and latency.",
       .input_schema = R"({"type":"object","properties":{
"limit":{"type":"integer","minimum":1,"maximum":500,"description":"Calls a page; 50 unless told."},
"cursor":{"type":"string","description":"next_cursor of the page before."}},"additionalProperties":false})",
       .run = history},
  };
}

}  // namespace toolrack::operations
