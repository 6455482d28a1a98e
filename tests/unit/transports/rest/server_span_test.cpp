/// What is told of REST requests: spans with the names of OpenTelemetry's conventions for HTTP.
#include <gmock/gmock.h>

#include "rest_fixture.hpp"
#include "support/recorded_spans.hpp"

namespace toolrack::rest {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RecordedSpan;

constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

class ServerSpanTest : public ::testing::Test {
 protected:
  ServerSpanTest() { rack_.rack.tracer.apply(testing::record_all()); }
  net::RawReply send(std::string_view method, std::string_view path, std::string_view body = {}) {
    auto headers = json_headers();
    headers.emplace_back("traceparent", std::string(kParent));
    headers.emplace_back("X-Request-Id", "mine-call-1");
    return testing::exchange(rack_.port, method, path, headers, body);
  }
  net::RawReply call(std::string_view skill, std::string_view more = "") {
    return send("POST", "/v1/tools/call",
                R"({"tool":"fake","skill":")" + std::string(skill) + R"(","input":{})" + std::string(more) + "}");
  }
  std::vector<RecordedSpan> spans() { return testing::take_spans(rack_.rack.tracer); }
  RecordedSpan span() {
    auto all = spans();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? RecordedSpan{} : all.front();
  }

  FakeTool fake_;
  testing::ServedRack rack_{{fake_.make()}};
};

TEST_F(ServerSpanTest, ACallIsASpanBelowItsCallers) {
  EXPECT_EQ(call("echo").status, 200);
  const auto one = span();
  EXPECT_EQ(one.name, "POST /v1/tools/call");
  EXPECT_EQ(one.kind, 2);
  EXPECT_EQ(one.trace, "4bf92f3577b34da6a3ce929d0e0e4736");
  EXPECT_EQ(one.parent, "00f067aa0ba902b7");
  EXPECT_EQ(one.at("http.request.method"), "POST");
  EXPECT_EQ(one.at("http.route"), "/v1/tools/call");
  EXPECT_EQ(one.at("http.response.status_code"), "200");
  EXPECT_EQ(one.at("url.scheme"), "http");
  EXPECT_EQ(one.at("client.address"), "127.0.0.1");
  EXPECT_GT(std::stoi(one.at("client.port")), 0);
  EXPECT_EQ(one.at("gen_ai.tool.name"), "fake_echo");
  EXPECT_EQ(one.at("toolrack.tool"), "test/fake");
  EXPECT_EQ(one.at("toolrack.request_id"), "mine-call-1");
  EXPECT_EQ(one.status, 0);
}

TEST_F(ServerSpanTest, WhatACallerDidWrongIsNoErrorOfTheServers) {
  EXPECT_EQ(call("fail").status, 422);
  const auto failed = span();
  EXPECT_EQ(failed.status, 0);
  EXPECT_EQ(failed.at("error.type"), "(absent)");
  EXPECT_EQ(failed.at("toolrack.error"), "tool_error");
  EXPECT_EQ(call("upstream").status, 502);
  const auto broken = span();
  EXPECT_EQ(broken.status, 2);
  EXPECT_EQ(broken.at("error.type"), "502");
}

TEST_F(ServerSpanTest, WhatGoesInAndComesOutIsToldWhereTheOperatorWantsIt) {
  constexpr std::string_view kBody = R"({"tool":"fake","skill":"echo","input":{"text":"plain"}})";
  send("POST", "/v1/tools/call", kBody);
  EXPECT_EQ(span().at("gen_ai.tool.call.arguments"), "(absent)");
  auto settings = testing::record_all();
  settings.call_content_bytes = 100;
  rack_.rack.tracer.apply(settings);
  send("POST", "/v1/tools/call", kBody);
  const auto one = span();
  EXPECT_EQ(one.at("gen_ai.tool.call.arguments"), R"({"text":"plain"})");
  EXPECT_EQ(one.at("gen_ai.tool.call.result"), R"({"text":"plain"})");
  send("POST", "/v1/tools/batch", R"({"calls":[)" + std::string(kBody) + "]}");
  const auto batch = spans();
  ASSERT_EQ(batch.size(), 2u);
  EXPECT_EQ(batch[0].at("gen_ai.tool.call.arguments"), R"({"text":"plain"})");
  EXPECT_EQ(batch[0].at("gen_ai.tool.call.result"), R"({"text":"plain"})");
  EXPECT_EQ(batch[1].at("gen_ai.tool.call.arguments"), "(absent)");
}

TEST_F(ServerSpanTest, AStreamedCallIsOneToo) {
  EXPECT_EQ(call("later", R"(,"stream":true)").status, 200);
  EXPECT_EQ(span().at("toolrack.skill"), "later");
  EXPECT_EQ(call("fail", R"(,"stream":true)").status, 422) << "nothing was streamed";
  EXPECT_EQ(span().at("http.response.status_code"), "422");
}

TEST_F(ServerSpanTest, ARequestThatIsRefusedIsTold) {
  EXPECT_EQ(send("POST", "/v1/tools/call", "{").status, 400);
  EXPECT_EQ(span().at("http.response.status_code"), "400");
  EXPECT_EQ(send("GET", "/v1/tools/no-such-secret").status, 404);
  const auto one = span();
  EXPECT_THAT(one.at("http.route"), HasSubstr(":")) << "the route, not the path";
  for (const auto& [key, value] : one.attributes) EXPECT_THAT(value, Not(HasSubstr("secret"))) << key;
}

TEST_F(ServerSpanTest, TheCallsOfABatchStandBelowIt) {
  EXPECT_EQ(send("POST", "/v1/tools/batch",
                 R"({"calls":[{"tool":"fake","skill":"echo"},{"tool":"fake","skill":"fail"},{"tool":5}]})")
                .status,
            200);
  const auto all = spans();
  ASSERT_EQ(all.size(), 4u);
  const auto& batch = all.back();
  EXPECT_EQ(batch.name, "POST /v1/tools/batch");
  EXPECT_EQ(all[0].name, "execute_tool fake_echo");
  EXPECT_EQ(all[0].kind, 1);
  EXPECT_EQ(all[0].at("toolrack.request_id"), "mine-call-1.1");
  EXPECT_EQ(all[1].at("error.type"), "tool_error");
  EXPECT_EQ(all[2].name, "execute_tool");
  for (const auto& one : {all[0], all[1], all[2]}) {
    EXPECT_EQ(one.trace, batch.trace);
    EXPECT_EQ(one.parent, batch.id);
  }
}

TEST_F(ServerSpanTest, ProbesAndUnknownPathsAreNotTold) {
  send("GET", "/livez");
  send("GET", "/v1/nothing/here");
  EXPECT_THAT(spans(), IsEmpty());
}

}  // namespace
}  // namespace toolrack::rest
