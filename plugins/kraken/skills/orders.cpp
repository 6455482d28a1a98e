/// Reading the account's orders and trades.
#include "api.hpp"
#include "input.hpp"
#include "skills/skills.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace toolrack::kraken {
namespace {

constexpr PickList kOrder = {{"status", "/status"},
                             {"pair", "/descr/pair"},
                             {"type", "/descr/type"},
                             {"ordertype", "/descr/ordertype"},
                             {"price", "/descr/price"},
                             {"price2", "/descr/price2"},
                             {"leverage", "/descr/leverage"},
                             {"order", "/descr/order"},
                             {"close", "/descr/close"},
                             {"volume", "/vol"},
                             {"volume_executed", "/vol_exec"},
                             {"cost", "/cost"},
                             {"fee", "/fee"},
                             {"average_price", "/price"},
                             {"stop_price", "/stopprice"},
                             {"limit_price", "/limitprice"},
                             {"opened", "/opentm"},
                             {"closed", "/closetm"},
                             {"starts", "/starttm"},
                             {"expires", "/expiretm"},
                             {"userref", "/userref", As::kInteger},
                             {"cl_ord_id", "/cl_ord_id"},
                             {"refid", "/refid"},
                             {"reason", "/reason"},
                             {"trigger", "/trigger"},
                             {"margin", "/margin", As::kFlag},
                             {"misc", "/misc"},
                             {"oflags", "/oflags"},
                             {"trades", "/trades", As::kTexts}};
constexpr PickList kTrade = {{"order_txid", "/ordertxid"},
                             {"pair", "/pair"},
                             {"time", "/time"},
                             {"type", "/type"},
                             {"ordertype", "/ordertype"},
                             {"price", "/price"},
                             {"volume", "/vol"},
                             {"cost", "/cost"},
                             {"fee", "/fee"},
                             {"margin", "/margin"},
                             {"misc", "/misc"},
                             {"trade_id", "/trade_id", As::kInteger},
                             {"maker", "/maker", As::kFlag}};

constexpr std::int64_t kPageSize = 50;
constexpr std::ptrdiff_t kMostIds = 50;

void add_flag(Form& form, const Input& input, const char* name) {
  if (input.flag(name)) form.add(name, "true");
}

void put_row(Writer& writer, const rapidjson::Value& id, const rapidjson::Value& row, const PickList& list) {
  writer.StartObject();
  put(writer, "txid", &id);
  put(writer, row, list);
  writer.EndObject();
}

/// The members of an object, each with its name as "txid".
void put_all(Writer& writer, const char* name, const rapidjson::Value* rows, const PickList& list) {
  writer.Key(name);
  writer.StartArray();
  std::int64_t count = 0;
  if (rows != nullptr && rows->IsObject()) {
    for (const auto& row : rows->GetObject()) put_row(writer, row.name, row.value, list);
    count = rows->MemberCount();
  }
  writer.EndArray();
  put(writer, "count", count);
}

/// A list that Kraken gives 50 at a time, newest first.
struct History {
  // A user-declared constructor, for g++-12's sake.
  History() {}
  const char* path = "";
  const char* rows = "";  ///< Where they stand in the result.
  const char* name = "";  ///< Of the list in the output.
  Form form;              ///< Without `ofs`.
  std::int64_t offset = 0;
  std::int64_t limit = kPageSize;
};

/// As many pages as `limit` rows take. Rows that move to the next page because new ones came are told once.
Async<Reply> read_history(Call call, History history, const PickList* list) {
  Output out;
  out->Key(history.name);
  out->StartArray();
  std::set<std::string> seen;
  std::int64_t total = -1;
  std::int64_t next = history.offset;
  bool has_more = true;
  std::optional<Said> said;
  while (has_more && std::cmp_less(seen.size(), history.limit)) {
    Form form = history.form;
    if (next > 0) form.add("ofs", std::to_string(next));
    const HttpRequest request = private_request(history.path, form);
    const Reply answer = co_await call.http(request);
    Reply why;
    said = read_said(answer, nullptr, call.unix_time(), why);
    if (!said) co_return why;
    const rapidjson::Value* const rows = at(said->result(), history.rows);
    const std::int64_t size = rows != nullptr && rows->IsObject() ? std::int64_t{rows->MemberCount()} : 0;
    total = count_at(said->result(), "/count");
    next += size;
    has_more = total >= 0 ? size > 0 && next < total : size >= kPageSize;
    const std::size_t before = seen.size();
    for (std::int64_t i = 0; i < size; ++i) {
      const auto& row = *(rows->MemberBegin() + i);
      if (std::cmp_equal(seen.size(), history.limit)) {
        has_more = true;
        break;
      }
      if (seen.insert(row.name.GetString()).second) put_row(out, row.name, row.value, *list);
    }
    if (seen.size() == before) break;  // Nothing new: asking on would not end.
  }
  out->EndArray();
  put(out, "count", static_cast<std::int64_t>(seen.size()));
  out->Key("total");
  if (total < 0)
    out->Null();
  else
    out->Int64(total);
  put_flag(out, "truncated", has_more);
  if (!said) co_return Reply::error(TR_INVALID_ARGUMENT, "kraken.rejected", "limit is less than 1", "Raise it.");
  co_return out.reply(*said);
}

}  // namespace

Task open_orders(Call call) {
  const Input input(call.input());
  Form form;
  add_flag(form, input, "trades");
  form.add_if("userref", input.digits("userref")).add_if("cl_ord_id", input.text("cl_ord_id"));
  const HttpRequest request = private_request("OpenOrders", form);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  put_all(out, "orders", at(said->result(), "/open"), kOrder);
  co_return out.reply(*said);
}

Task query_orders(Call call) {
  const Input input(call.input());
  const std::string ids = input.text("txid");
  if (std::count(ids.begin(), ids.end(), ',') >= kMostIds)
    co_return Reply::error(TR_INVALID_ARGUMENT, "kraken.bad_input", "txid has more than 50 ids",
                           "Ask for 50 at most, and for the others in another call.");
  Form form;
  form.add("txid", ids);
  add_flag(form, input, "trades");
  form.add_if("userref", input.digits("userref"));
  const HttpRequest request = private_request("QueryOrders", form);
  const Reply answer = co_await call.http(request);
  Reply why;
  const auto said = read_said(answer, nullptr, call.unix_time(), why);
  if (!said) co_return why;
  Output out;
  put_all(out, "orders", &said->result(), kOrder);
  co_return out.reply(*said);
}

Task closed_orders(Call call) {
  const Input input(call.input());
  History history;
  history.path = "ClosedOrders";
  history.rows = "/closed";
  history.name = "orders";
  add_flag(history.form, input, "trades");
  history.form.add_if("userref", input.digits("userref"))
      .add_if("cl_ord_id", input.text("cl_ord_id"))
      .add_if("start", input.text("start"))
      .add_if("end", input.text("end"))
      .add_if("closetime", input.text("closetime"));
  history.offset = input.number("ofs", 0);
  history.limit = input.number("limit", kPageSize);
  Reply reply = co_await read_history(call, history, &kOrder);
  co_return reply;
}

Task trades_history(Call call) {
  const Input input(call.input());
  History history;
  history.path = "TradesHistory";
  history.rows = "/trades";
  history.name = "trades";
  history.form.add_if("type", input.text("type"));
  add_flag(history.form, input, "trades");
  history.form.add_if("start", input.text("start")).add_if("end", input.text("end"));
  history.offset = input.number("ofs", 0);
  history.limit = input.number("limit", kPageSize);
  Reply reply = co_await read_history(call, history, &kTrade);
  co_return reply;
}

}  // namespace toolrack::kraken
