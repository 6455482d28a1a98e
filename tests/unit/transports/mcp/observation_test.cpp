/// What is told of MCP requests: spans and metrics with the names of OpenTelemetry's conventions, in both eras, over
/// HTTP and over the owner's socket.
#include <gmock/gmock.h>

#include "mcp_fixture.hpp"
#include "support/recorded_spans.hpp"
#include "transports/mcp/operation_metrics.hpp"
#include "transports/mcp/rpc.hpp"

namespace toolrack::mcp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RecordedSpan;

constexpr std::string_view kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr std::string_view kInMeta = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
constexpr std::string_view kInHeader = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class ObservationTest : public McpTest {
 protected:
  ObservationTest() {
    rack_.rack.tracer.apply(testing::record_all());
    rack_.rack.publish({fake_.make(), testing::make_tool("told", {{.name = "parent", .handler = told_}})});
  }

  net::RawReply ask(const std::string& request) {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(request);
    return client.read_reply().value_or(net::RawReply{});
  }
  std::vector<RecordedSpan> spans() { return testing::take_spans(rack_.rack.tracer); }
  RecordedSpan span() {
    auto all = spans();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? RecordedSpan{} : all.front();
  }
  static std::string meta_with(std::string_view traceparent) {
    return R"(,"traceparent":")" + std::string(traceparent) + '"';
  }
  std::string metrics() { return rack_.rack.metrics.render(); }
  void tell_content(std::size_t most_bytes = 4096) {
    auto settings = testing::record_all();
    settings.call_content_bytes = most_bytes;
    rack_.rack.tracer.apply(settings);
  }
  /// `text` goes into the call's JSON as it is.
  static std::string call_with_text(const std::string& text) {
    return testing::http_request(
        "POST", "/mcp", modern_headers("tools/call", "fake_echo"),
        modern_body("1", "tools/call", R"("name":"fake_echo","arguments":{"text":")" + text + R"("},)"));
  }
  /// The traceparent that a skill is told.
  std::string told(std::string_view meta) {
    return testing::at(testing::parsed(ask(modern_call("1", "told_parent", meta)).body),
                       "/result/structuredContent/traceparent");
  }

  std::shared_ptr<testing::InstantSkill> told_ = std::make_shared<testing::InstantSkill>([](const auto& invocation) {
    return testing::success(R"({"traceparent":)" + base::json::quote(invocation.traceparent) + "}");
  });
};

TEST_F(ObservationTest, ACallIsAServerSpanWithTheConventionsNames) {
  EXPECT_EQ(ask(modern_call("7", "fake_echo")).status, 200);
  const auto one = span();
  EXPECT_EQ(one.name, "tools/call fake_echo");
  EXPECT_EQ(one.kind, 2);
  EXPECT_EQ(one.status, 0);
  EXPECT_EQ(one.parent, "");
  EXPECT_EQ(one.at("mcp.method.name"), "tools/call");
  EXPECT_EQ(one.at("gen_ai.operation.name"), "execute_tool");
  EXPECT_EQ(one.at("gen_ai.tool.name"), "fake_echo");
  EXPECT_EQ(one.at("jsonrpc.request.id"), "7");
  EXPECT_EQ(one.at("mcp.protocol.version"), "2026-07-28");
  EXPECT_EQ(one.at("mcp.session.id"), "(absent)");
  EXPECT_EQ(one.at("network.transport"), "tcp");
  EXPECT_EQ(one.at("network.protocol.name"), "http");
  EXPECT_EQ(one.at("network.protocol.version"), "1.1");
  EXPECT_EQ(one.at("client.address"), "127.0.0.1");
  const auto port = std::stoi(one.at("client.port"));
  EXPECT_TRUE(port > 0 && port <= 65'535 && port != rack_.port) << port;
  EXPECT_EQ(one.at("error.type"), "(absent)");
  EXPECT_EQ(one.at("rpc.response.status_code"), "(absent)");
  EXPECT_EQ(one.at("toolrack.tool"), "test/fake");
  EXPECT_EQ(one.at("toolrack.skill"), "echo");
}

TEST_F(ObservationTest, AnIdThatIsATextIsTheText) {
  ask(modern_call(R"("a\"b")", "fake_echo"));
  EXPECT_EQ(span().at("jsonrpc.request.id"), "a\"b");
  ask(modern_call('"' + std::string(1'000, 'x') + '"', "fake_echo"));
  EXPECT_EQ(span().at("jsonrpc.request.id"), std::string(128, 'x')) << "what a client chooses is cut";
}

TEST_F(ObservationTest, TheMessagesContextIsTheParentAndTheHeadersALink) {
  auto headers = modern_headers("tools/call", "fake_echo");
  headers.emplace_back("traceparent", std::string(kInHeader));
  headers.emplace_back("tracestate", "of=header");
  ask(testing::http_request(
      "POST", "/mcp", headers,
      modern_body("1", "tools/call", R"("name":"fake_echo",)",
                  meta_with(kInMeta) + R"(,"tracestate":"rojo=1, congo=2","baggage":"user=alice")")));
  const auto one = span();
  EXPECT_EQ(one.trace, kTrace);
  EXPECT_EQ(one.parent, "00f067aa0ba902b7");
  EXPECT_EQ(one.tracestate, "rojo=1,congo=2");
  EXPECT_THAT(one.links, ElementsAre("0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"));
  for (const auto& [key, value] : one.attributes) EXPECT_THAT(value, Not(HasSubstr("alice"))) << key;
}

TEST_F(ObservationTest, TheHeadersContextIsTheParentOfAMessageWithoutOne) {
  auto headers = modern_headers("tools/call", "fake_echo");
  headers.emplace_back("traceparent", std::string(kInHeader));
  headers.emplace_back("tracestate", "of=header");
  ask(testing::http_request("POST", "/mcp", headers,
                            modern_body("1", "tools/call", R"("name":"fake_echo",)", meta_with("00-none"))));
  const auto one = span();
  EXPECT_EQ(one.trace, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(one.tracestate, "of=header");
  EXPECT_THAT(one.links, IsEmpty());
}

TEST_F(ObservationTest, ASkillIsToldTheSpanOfItsRequest) {
  const auto given = told(meta_with(kInMeta));
  const auto one = span();
  EXPECT_EQ(given, "00-" + one.trace + "-" + one.id + "-01");
}

TEST_F(ObservationTest, WithoutTelemetryASkillIsToldWhatItsCallerSays) {
  rack_.rack.tracer.apply({});
  EXPECT_EQ(told(meta_with(kInMeta)), kInMeta);
  EXPECT_THAT(spans(), IsEmpty());
}

TEST_F(ObservationTest, AnUnsampledTraceIsPassedOnAsThat) {
  const std::string unsampled = std::string(kInMeta.substr(0, 53)) + "00";
  EXPECT_EQ(told(meta_with(unsampled)), unsampled);
  EXPECT_THAT(spans(), IsEmpty());
}

TEST_F(ObservationTest, AToolsFailureIsAToolError) {
  EXPECT_EQ(ask(modern_call("1", "fake_fail")).status, 200);
  const auto one = span();
  EXPECT_EQ(one.at("error.type"), "tool_error");
  EXPECT_EQ(one.at("rpc.response.status_code"), "(absent)");
  EXPECT_EQ(one.at("toolrack.error"), "tool_error");
  EXPECT_EQ(one.status, 2);
}

TEST_F(ObservationTest, AMetaToolsFailureIsOneToo) {
  ask(testing::http_request("POST", "/mcp", modern_headers("tools/call", "use_tool"),
                            modern_body("1", "tools/call", R"("name":"use_tool","arguments":{"nonsense":1},)")));
  const auto one = span();
  EXPECT_EQ(one.name, "tools/call use_tool");
  EXPECT_EQ(one.at("error.type"), "tool_error");
}

TEST_F(ObservationTest, OfAnUnknownToolTheNameIsNotTold) {
  ask(modern_call("1", "my_secret_1234"));
  const auto one = span();
  EXPECT_EQ(one.name, "tools/call");
  EXPECT_EQ(one.at("gen_ai.tool.name"), "(absent)");
  EXPECT_EQ(one.at("error.type"), "-32602");
  EXPECT_EQ(one.at("rpc.response.status_code"), "-32602");
  for (const auto& [key, value] : one.attributes) EXPECT_THAT(value, Not(HasSubstr("secret"))) << key;
  EXPECT_THAT(metrics(), Not(HasSubstr("secret")));
}

TEST_F(ObservationTest, AnUnknownMethodIsOther) {
  ask(testing::http_request("POST", "/mcp", modern_headers("my/secret"), modern_body("1", "my/secret")));
  const auto one = span();
  EXPECT_EQ(one.name, "other");
  EXPECT_EQ(one.at("mcp.method.name"), "other");
  EXPECT_EQ(one.at("error.type"), "-32601");
  EXPECT_THAT(metrics(), Not(HasSubstr("secret")));
  EXPECT_THAT(metrics(), HasSubstr(R"(mcp_server_operation_duration_seconds_count{mcp_method_name="other")"));
}

TEST_F(ObservationTest, ARequestThatItsEraRefusesIsToldWithoutARevision) {
  auto headers = modern_headers("tools/list");
  headers.emplace_back("Mcp-Method", "twice");
  ask(testing::http_request("POST", "/mcp", headers, modern_body("1", "tools/list")));
  const auto one = span();
  EXPECT_EQ(one.name, "tools/list");
  EXPECT_EQ(one.at("mcp.protocol.version"), "(absent)");
  EXPECT_EQ(one.at("error.type"), "-32020");
}

TEST_F(ObservationTest, ALegacySessionIsNamedButNotGivenAway) {
  const auto session = open_session();
  const auto opened = span();
  EXPECT_EQ(opened.name, "initialize");
  EXPECT_EQ(opened.at("mcp.protocol.version"), "2025-06-18");
  ask(legacy_call(session, "3", "fake_echo", R"({"traceparent":")" + std::string(kInMeta) + R"("})"));
  const auto one = span();
  EXPECT_EQ(one.trace, kTrace);
  EXPECT_EQ(one.at("mcp.protocol.version"), "2025-06-18");
  EXPECT_EQ(one.at("mcp.session.id"), std::string(Sessions::key_of(session)));
  EXPECT_EQ(one.at("mcp.session.id"), opened.at("mcp.session.id"));
  EXPECT_NE(one.at("mcp.session.id"), session) << "with which one could go on";
}

TEST_F(ObservationTest, ANotificationIsToldWithoutAnId) {
  const auto session = open_session();
  spans();
  EXPECT_EQ(testing::exchange(rack_.port, "POST", "/mcp", legacy_headers(session),
                              R"({"jsonrpc":"2.0","method":"notifications/initialized"})")
                .status,
            202);
  const auto one = span();
  EXPECT_EQ(one.name, "notifications/initialized");
  EXPECT_EQ(one.at("jsonrpc.request.id"), "(absent)");
}

TEST_F(ObservationTest, EachMessageOfABatchIsOne) {
  testing::exchange(rack_.port, "POST", "/mcp", base_headers(),
                    R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/list"}])");
  const auto all = spans();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "ping");
  EXPECT_EQ(all[1].name, "tools/list");
}

TEST_F(ObservationTest, OverTheOwnersSocketTheTransportIsAPipe) {
  auto client = net::RawClient::local(rack_.socket_path);
  client.send(modern_call("1", "fake_echo", meta_with(kInMeta)));
  EXPECT_EQ(client.read_reply().value_or(net::RawReply{}).status, 200);
  const auto one = span();
  EXPECT_EQ(one.parent, "00f067aa0ba902b7");
  EXPECT_EQ(one.at("network.transport"), "pipe");
  EXPECT_EQ(one.at("network.protocol.name"), "(absent)");
  EXPECT_EQ(one.at("client.address"), "(absent)");
  EXPECT_EQ(one.at("client.port"), "(absent)");
}

TEST_F(ObservationTest, WhatGoesInAndComesOutIsNotToldUnlessWanted) {
  ask(call_with_text("plain"));
  for (const auto& [key, value] : span().attributes) EXPECT_THAT(value, Not(HasSubstr("plain"))) << key;
}

TEST_F(ObservationTest, WhatGoesInAndComesOutIsToldWhereTheOperatorWantsIt) {
  tell_content();
  ask(call_with_text(R"(plain","password":"s3cr3t)"));
  const auto one = span();
  EXPECT_EQ(one.at("gen_ai.tool.call.arguments"), R"({"text":"plain","password":"REDACTED"})");
  EXPECT_EQ(one.at("gen_ai.tool.call.result"), R"({"text":"plain","password":"REDACTED"})");
}

TEST_F(ObservationTest, OfACallThatFailsTheResultIsNotTold) {
  tell_content();
  ask(modern_call("1", "fake_fail"));
  const auto one = span();
  EXPECT_EQ(one.at("gen_ai.tool.call.arguments"), "{}");
  EXPECT_EQ(one.at("gen_ai.tool.call.result"), "(absent)");
}

TEST_F(ObservationTest, WhatComesOutIsBounded) {
  tell_content(32);
  ask(call_with_text(std::string(1000, 'a')));
  EXPECT_EQ(span().at("gen_ai.tool.call.result").size(), 32u);
}

TEST_F(ObservationTest, OfOperationsAndOfToolsThatAreNotThereNothingIsTold) {
  tell_content();
  ask(testing::http_request("POST", "/mcp", modern_headers("tools/call", "discover"),
                            modern_body("1", "tools/call", R"("name":"discover","arguments":{"query":"plain"},)")));
  ask(testing::http_request("POST", "/mcp", modern_headers("tools/call", "nobody"),
                            modern_body("2", "tools/call", R"("name":"nobody","arguments":{"text":"plain"},)")));
  ask(testing::http_request(
      "POST", "/mcp", modern_headers("tools/call", "use_tool"),
      modern_body("3", "tools/call", R"("name":"use_tool","arguments":{"tool":"nobody","input":{"text":"plain"}},)")));
  const auto all = spans();
  ASSERT_EQ(all.size(), 3u);
  for (const auto& one : all)
    for (const auto& [key, value] : one.attributes) EXPECT_THAT(value, Not(HasSubstr("plain"))) << key;
}

TEST_F(ObservationTest, OfUseToolItIsTheSkillsInput) {
  tell_content();
  ask(testing::http_request(
      "POST", "/mcp", modern_headers("tools/call", "use_tool"),
      modern_body("1", "tools/call",
                  R"("name":"use_tool","arguments":{"tool":"fake","skill":"echo","input":{"text":"plain"}},)")));
  EXPECT_EQ(span().at("gen_ai.tool.call.arguments"), R"({"text":"plain"})");
}

TEST_F(ObservationTest, ACallThatGoesOnIsToldWhenItEnds) {
  auto client = net::RawClient::tcp(rack_.port);
  client.send(modern_call("1", "fake_later"));
  EXPECT_EQ(client.read_reply().value_or(net::RawReply{}).status, 200);
  EXPECT_EQ(span().name, "tools/call fake_later");
}

TEST_F(ObservationTest, TheHistogramHasTheConventionsBuckets) {
  rack_.rack.tracer.apply({});
  ask(modern_call("1", "fake_echo"));
  ask(modern_call("2", "fake_echo"));
  ask(modern_call("3", "fake_fail"));
  const auto text = metrics();
  EXPECT_THAT(text, HasSubstr("# TYPE mcp_server_operation_duration_seconds histogram\n"));
  const std::string labels =
      R"(mcp_method_name="tools/call",gen_ai_operation_name="execute_tool",gen_ai_tool_name="fake_echo",)"
      R"(mcp_protocol_version="2026-07-28",network_transport="tcp",network_protocol_name="http",)"
      R"(network_protocol_version="1.1")";
  EXPECT_THAT(text, HasSubstr("mcp_server_operation_duration_seconds_bucket{" + labels + R"(,le="0.01"} )"));
  EXPECT_THAT(text, Not(HasSubstr("mcp_server_operation_duration_seconds_bucket{" + labels + R"(,le="0.005"})")));
  EXPECT_THAT(text, HasSubstr("mcp_server_operation_duration_seconds_count{" + labels + "} 2\n"));
  EXPECT_THAT(text, HasSubstr(R"(gen_ai_tool_name="fake_fail",error_type="tool_error")"));
  EXPECT_THAT(text, HasSubstr(R"(toolrack_tool_calls_total{outcome="ok",skill="echo",tool="test/fake"} 2)"));
  EXPECT_THAT(text,
              HasSubstr(R"(toolrack_tool_call_duration_seconds_bucket{skill="echo",tool="test/fake",le="0.00001"})"));
}

TEST_F(ObservationTest, ASessionThatItsClientEndsHasADuration) {
  const auto session = open_session();
  rack_.session_clock.advance(std::chrono::seconds(40));
  EXPECT_EQ(testing::exchange(rack_.port, "DELETE", "/mcp", legacy_headers(session)).status, 204);
  const auto text = metrics();
  EXPECT_THAT(text, HasSubstr(R"(mcp_server_session_duration_seconds_sum{mcp_protocol_version="2025-06-18",)"
                              R"(network_transport="tcp",network_protocol_name="http"} 40)"));
  EXPECT_THAT(text, HasSubstr(R"(toolrack_mcp_sessions_total{event="opened"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(toolrack_mcp_sessions_total{event="ended"} 1)"));
}

TEST_F(ObservationTest, SessionsThatExpireAndThoseThatAreLeftHaveADurationToo) {
  open_session();
  rack_.session_clock.advance(std::chrono::seconds(Sessions::kLifetimeSeconds + 1));
  open_session();
  rack_.front.mcp.sweep();
  EXPECT_THAT(metrics(), HasSubstr(R"(toolrack_mcp_sessions_total{event="expired"} 1)"));
  rack_.session_clock.advance(std::chrono::seconds(5));
  rack_.front.mcp.count_open_sessions();
  EXPECT_THAT(metrics(), HasSubstr(R"(mcp_server_session_duration_seconds_sum{mcp_protocol_version="2025-06-18",)"
                                   R"(network_transport="tcp",network_protocol_name="http"} 86405)"));
}

TEST(OperationMetrics, TargetsBeyondTheMostCountAsOther) {
  base::Metrics metrics;
  OperationMetrics operations(metrics);
  for (std::size_t i = 0; i < OperationMetrics::kMostSeries; ++i)
    operations.series("tools/call", TargetKind::kTool, "tool_" + std::to_string(i));
  EXPECT_EQ(operations.series("tools/call", TargetKind::kTool, "one more").target(), "other");
  EXPECT_EQ(operations.series("tools/call", TargetKind::kTool, "tool_7").target(), "tool_7");
}

TEST(OperationMetrics, OneSeriesForOneTargetWhereverItsNameLies) {
  base::Metrics metrics;
  OperationMetrics operations(metrics);
  const std::string a = "same", b = "same";
  EXPECT_EQ(&operations.series("tools/call", TargetKind::kTool, a),
            &operations.series("tools/call", TargetKind::kTool, b));
  EXPECT_NE(&operations.series("tools/call", TargetKind::kTool, a),
            &operations.series("prompts/get", TargetKind::kPrompt, a));
}

TEST(ErrorCode, IsReadFromAnAnswerOfOurs) {
  const RpcError error{.code = -32602, .message = "m", .data_json = {}};
  EXPECT_EQ(error_code_of(error_message("", error), 0), -32602);
  const std::string tricky = R"("x\",\"error\":{\"code\":1")";
  EXPECT_EQ(error_code_of(error_message(tricky, error), tricky.size()), -32602);
  EXPECT_EQ(error_code_of(result_message(tricky, R"({"error":{"code":5}})"), tricky.size()), 0);
  EXPECT_EQ(error_code_of("", 0), 0);
}

}  // namespace
}  // namespace toolrack::mcp
