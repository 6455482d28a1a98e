/// tests/data/mcp_http.json: what the endpoint says to each kind of request, over a real connection.
///
/// A modern request is checked in this order, and the rows name the check that decides:
///   1 Host, Origin, key, HTTP method   2 JSON, JSON-RPC   3 era   4 _meta   5 headers that differ from the body
///   6 version   7 headers that are missing, Mcp-Name   8 method   9 capabilities   10 Mcp-Param-*   11 parameters
#include <algorithm>
#include <map>

#include "mcp_fixture.hpp"
#include "support/data_file.hpp"
#include "support/request_rows.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using testing::HeaderList;

std::string text(const json::Value& row, std::string_view member, std::string_view otherwise = "") {
  return std::string(json::find_string(row, member).value_or(otherwise));
}

/// One row on its way through a gateway of its own.
class Row {
 public:
  explicit Row(const json::Value& row)
      : row_(row),
        rack_({fake_.make()}, {.mode = text(row, "mode") == "hosted" ? call::Mode::kHosted : call::Mode::kLocal}) {
    keys_["good"] = rack_.rack.make_key("acc_one");
    keys_["other"] = rack_.rack.make_key("acc_two");
    keys_["reader"] = rack_.rack.make_key("acc_one", {accounts::Scope::kToolsRead});
    keys_["bad"] = "tr_live_0000000000000000000000000000000000000000000000000000000000000000";
  }

  net::RawReply run() {
    const auto era = text(row_, "era", "modern");
    add("Content-Type", "application/json");
    add("Accept", "application/json, text/event-stream");
    if (const auto key = text(row_, "key"); !key.empty()) add("Authorization", "Bearer " + keys_.at(key));
    auto body = read_body();
    if (era == "modern") make_modern(body);
    if (era == "legacy") make_legacy();
    if (const auto* headers = json::find(row_, "headers"))
      for (const auto& header : headers->GetObject()) override_header(header);
    testing::add_row_headers(row_, headers_);
    return testing::exchange(rack_.port, text(row_, "http", "POST"), testing::row_path(row_, "/mcp"), headers_,
                             is_text_        ? text_
                             : body.IsNull() ? ""
                                             : json::dump(body));
  }

 private:
  void add(std::string name, std::string value) { headers_.emplace_back(std::move(name), std::move(value)); }
  void drop(std::string_view name) {
    std::erase_if(headers_, [&](const auto& header) { return header.first == name; });
  }

  json::Document read_body() {
    json::Document body;
    if (const auto* given = json::find(row_, "body")) body.CopyFrom(*given, body.GetAllocator());
    if (auto given = testing::row_body(row_)) {
      is_text_ = true;
      text_ = *std::move(given);
    }
    return body;
  }

  /// Headers that repeat the body, and _meta, as the row changes it.
  void make_modern(json::Document& body) {
    add("MCP-Protocol-Version", "2026-07-28");
    const auto method = json::find_string(body, "method");
    if (!method) return;
    add("Mcp-Method", std::string(*method));
    const auto* params = json::find(body, "params");
    for (const auto* member : {"name", "uri", "taskId"})
      if (const auto name = params == nullptr ? std::nullopt : json::find_string(*params, member))
        add("Mcp-Name", std::string(*name));
    const auto* change = json::find(row_, "meta");
    const bool is_left_out = change != nullptr && change->IsNull();
    if (is_left_out || (params != nullptr && (!params->IsObject() || json::find(*params, "_meta") != nullptr))) return;
    auto& allocator = body.GetAllocator();
    if (params == nullptr) body.AddMember("params", json::Value(rapidjson::kObjectType), allocator);
    json::Value meta(rapidjson::kObjectType);
    meta.AddMember("io.modelcontextprotocol/protocolVersion", "2026-07-28", allocator);
    meta.AddMember("io.modelcontextprotocol/clientCapabilities", json::Value(rapidjson::kObjectType), allocator);
    if (change != nullptr) {
      for (const auto& member : change->GetObject()) {
        meta.RemoveMember(member.name);
        if (!member.value.IsNull())
          meta.AddMember(json::Value(member.name, allocator), json::Value(member.value, allocator), allocator);
      }
    }
    body["params"].AddMember("_meta", meta, allocator);
  }

  void make_legacy() {
    const auto version = text(row_, "session", "2025-06-18");
    const auto opener = text(row_, "session_key");
    auto session = rack_.sessions.open(*find_revision(version), opener.empty() ? "" : account_of(opener));
    const auto state = text(row_, "session_state");
    if (state == "ended") EXPECT_TRUE(rack_.sessions.end(session, ""));
    if (state == "expired") rack_.session_clock.advance(std::chrono::seconds(Sessions::kLifetimeSeconds + 1));
    add("Mcp-Session-Id", session);
    add("MCP-Protocol-Version", version);
  }
  static std::string_view account_of(std::string_view key) { return key == "other" ? "acc_two" : "acc_one"; }

  void override_header(const json::Value::Member& header) {
    const std::string name(json::view(header.name));
    drop(name);
    if (header.value.IsString()) add(name, std::string(json::view(header.value)));
    if (header.value.IsArray())
      for (const auto& value : header.value.GetArray()) add(name, std::string(json::view(value)));
  }

  const json::Value& row_;
  FakeTool fake_;
  testing::ServedRack rack_;
  std::map<std::string, std::string> keys_;
  HeaderList headers_;
  bool is_text_ = false;
  std::string text_;
};

void check(const json::Value& expect, const net::RawReply& reply) {
  EXPECT_EQ(reply.status, *json::find_int(expect, "status")) << reply.body;
  if (const auto* headers = json::find(expect, "header"))
    for (const auto& header : headers->GetObject())
      EXPECT_EQ(testing::header(reply, std::string(json::view(header.name))), json::view(header.value));
  if (const auto* names = json::find(expect, "has_header"))
    for (const auto& name : names->GetArray()) EXPECT_TRUE(reply.headers.contains(std::string(json::view(name))));
  if (json::find_bool(expect, "empty").value_or(false)) {
    EXPECT_EQ(reply.body, "");
    return;
  }
  const auto body = testing::parsed(reply.body);
  if (const auto* id = json::find(expect, "id")) {
    const auto* given = json::find(body, "id");
    ASSERT_NE(given, nullptr) << reply.body;
    EXPECT_EQ(json::dump(*given), json::dump(*id));
  }
  if (const auto raw = json::find_string(expect, "raw_id"))
    EXPECT_TRUE(reply.body.find("\"id\":" + std::string(*raw) + ",") != std::string::npos) << reply.body;
  if (json::find_bool(expect, "no_id").value_or(false)) EXPECT_EQ(json::find(body, "id"), nullptr) << reply.body;
  if (const auto error = json::find_string(expect, "error")) {
    EXPECT_EQ(testing::at(body, "/error/code"), *error) << reply.body;
    EXPECT_FALSE(testing::at(body, "/error/resolution_hint").empty());
  }
  if (const auto code = json::find_int(expect, "code")) {
    EXPECT_EQ(testing::at(body, "/error/code"), std::to_string(*code)) << reply.body;
    EXPECT_EQ(json::find(body, "result"), nullptr);
    EXPECT_FALSE(testing::at(body, "/error/message").empty());
  }
  if (const auto part = json::find_string(expect, "contains"))
    EXPECT_NE(testing::at(body, "/error/message").find(*part), std::string::npos) << reply.body;
  if (const auto part = json::find_string(expect, "text"))
    EXPECT_NE(testing::at(body, "/result/content/0/text").find(*part), std::string::npos) << reply.body;
  if (const auto* values = json::find(expect, "is"))
    for (const auto& value : values->GetObject()) {
      const auto* given = json::at(body, json::view(value.name));
      ASSERT_NE(given, nullptr) << json::view(value.name) << " in " << reply.body;
      EXPECT_EQ(json::canonical(*given), json::canonical(value.value)) << json::view(value.name);
    }
  if (const auto* pointers = json::find(expect, "has"))
    for (const auto& pointer : pointers->GetArray())
      EXPECT_NE(json::at(body, json::view(pointer)), nullptr) << json::view(pointer) << " in " << reply.body;
  if (const auto* pointers = json::find(expect, "lacks"))
    for (const auto& pointer : pointers->GetArray())
      EXPECT_EQ(json::at(body, json::view(pointer)), nullptr) << json::view(pointer) << " in " << reply.body;
}

class McpHttp : public ::testing::TestWithParam<const json::Value*> {};

TEST_P(McpHttp, AnswersAsTheRowSays) {
  const auto& row = *GetParam();
  SCOPED_TRACE(text(row, "why"));
  check(*json::find(row, "expect"), Row(row).run());
}

std::vector<const json::Value*> rows() {
  static const auto& file = testing::data_file("mcp_http.json");
  std::vector<const json::Value*> all;
  for (const auto& row : file.GetArray()) all.push_back(&row);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Rows, McpHttp, ::testing::ValuesIn(rows()),
                         [](const auto& info) { return testing::case_name(*info.param); });

}  // namespace
}  // namespace toolrack::mcp
