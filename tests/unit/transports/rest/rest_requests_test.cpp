/// tests/data/rest_requests.json: what REST says to each kind of request, over a real connection.
#include <map>

#include "rest_fixture.hpp"
#include "support/data_file.hpp"
#include "support/request_rows.hpp"

namespace toolrack::rest {
namespace {

namespace json = base::json;
using testing::HeaderList;

std::string text(const json::Value& row, std::string_view member, std::string_view otherwise = "") {
  return std::string(json::find_string(row, member).value_or(otherwise));
}

testing::RackOptions options(const json::Value& row) {
  testing::RackOptions made{.mode = text(row, "mode") == "hosted" ? call::Mode::kHosted : call::Mode::kLocal};
  if (const auto* limits = json::find(row, "limits"))
    made.limits = {.per_minute = static_cast<std::uint32_t>(*json::find_int(*limits, "per_minute"))};
  return made;
}

std::string body_of(const json::Value& row) {
  if (const auto* body = json::find(row, "body")) return json::dump(*body);
  return testing::row_body(row).value_or("");
}

class RestRequests : public ::testing::TestWithParam<const json::Value*> {
 protected:
  net::RawReply run(const json::Value& row) {
    const std::map<std::string, std::string> keys{
        {"good", rack_.rack.make_key("acc_one")},
        {"reader", rack_.rack.make_key("acc_one", {accounts::Scope::kToolsRead})},
        {"bad", "tr_live_0000000000000000000000000000000000000000000000000000000000000000"}};
    HeaderList headers;
    const auto body = body_of(row);
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    if (const auto key = text(row, "key"); !key.empty())
      headers.emplace_back("Authorization", text(row, "scheme", "Bearer") + " " + keys.at(key));
    if (const auto* more = json::find(row, "headers"))
      for (const auto& header : more->GetObject()) {
        const std::string name(json::view(header.name));
        std::erase_if(headers, [&](const auto& one) { return one.first == name; });
        if (header.value.IsString()) headers.emplace_back(name, std::string(json::view(header.value)));
      }
    testing::add_row_headers(row, headers);
    net::RawReply reply;
    for (auto i = json::find_int(row, "repeat").value_or(1); i > 0; --i)
      reply = testing::exchange(rack_.port, text(row, "method"), testing::row_path(row), headers, body);
    return reply;
  }

  FakeTool fake_;
  testing::ServedRack rack_{{fake_.make()}, options(*GetParam())};
};

void check_headers(const json::Value& expect, const net::RawReply& reply) {
  if (const auto* headers = json::find(expect, "header"))
    for (const auto& header : headers->GetObject())
      EXPECT_EQ(testing::header(reply, std::string(json::view(header.name))), json::view(header.value));
  if (const auto* names = json::find(expect, "has_header"))
    for (const auto& name : names->GetArray())
      EXPECT_TRUE(reply.headers.contains(std::string(json::view(name)))) << json::view(name);
  if (const auto* names = json::find(expect, "lacks_header"))
    for (const auto& name : names->GetArray())
      EXPECT_FALSE(reply.headers.contains(std::string(json::view(name)))) << json::view(name);
}

void check_body(const json::Value& expect, const net::RawReply& reply) {
  const auto body = testing::parsed(reply.body);
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
  if (const auto part = json::find_string(expect, "contains"))
    EXPECT_NE(testing::at(body, "/error/message").find(*part), std::string::npos) << reply.body;
  if (const auto part = json::find_string(expect, "raw"))
    EXPECT_NE(reply.body.find(*part), std::string::npos) << reply.body;
}

TEST_P(RestRequests, AreAnsweredAsTheRowSays) {
  const auto& row = *GetParam();
  SCOPED_TRACE(text(row, "why"));
  const auto& expect = *json::find(row, "expect");
  const auto reply = run(row);
  EXPECT_EQ(reply.status, *json::find_int(expect, "status")) << reply.body;
  check_headers(expect, reply);
  if (json::find_bool(expect, "empty").value_or(false))
    EXPECT_EQ(reply.body, "");
  else
    check_body(expect, reply);
  if (const auto runs = json::find_int(row, "runs")) EXPECT_EQ(fake_.echo->invoked.value(), *runs);
}

std::vector<const json::Value*> rows() {
  static const auto& file = testing::data_file("rest_requests.json");
  std::vector<const json::Value*> all;
  for (const auto& row : file.GetArray()) all.push_back(&row);
  return all;
}

INSTANTIATE_TEST_SUITE_P(Rows, RestRequests, ::testing::ValuesIn(rows()),
                         [](const auto& info) { return testing::case_name(*info.param); });

}  // namespace
}  // namespace toolrack::rest
