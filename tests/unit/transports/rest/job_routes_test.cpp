/// Jobs over REST and MCP: 202, waiting, cancelling, listing, and whose they are.
#include <gmock/gmock.h>

#include "rest_fixture.hpp"

namespace toolrack::rest {
namespace {

using testing::at;
using ::testing::HasSubstr;
using testing::header;
using testing::parsed;

class JobRoutesTest : public ::testing::Test {
 protected:
  net::RawReply ask(std::string_view method, const std::string& target, std::string_view body = "",
                    const std::string& key = "") {
    return testing::exchange(rack_.port, method, target, json_headers(key), body);
  }
  net::RawReply call(std::string_view body, const std::string& key = "") {
    return ask("POST", "/v1/tools/call", body, key);
  }
  std::string start(const std::string& skill) {
    const auto reply = call(R"({"tool":"fake","async":true,"skill":")" + skill + "\"}");
    EXPECT_EQ(reply.status, 202) << reply.body;
    return at(parsed(reply.body), "/job_id");
  }
  FakeTool tool_;
  testing::ServedRack rack_{{tool_.make()}};
};

TEST_F(JobRoutesTest, AnswerWithTheJobAndTellOfItsEnd) {
  const auto accepted = call(R"({"tool":"fake","skill":"later","input":{"a":1},"async":true})");
  EXPECT_EQ(accepted.status, 202);
  const auto body = parsed(accepted.body);
  EXPECT_EQ(at(body, "/status"), "queued");
  const auto id = at(body, "/job_id");
  EXPECT_EQ(header(accepted, "location"), "/v1/jobs/" + id);
  const auto told = ask("GET", "/v1/jobs/" + id + "?wait=30");
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(at(parsed(told.body), "/status"), "completed");
  EXPECT_EQ(at(parsed(told.body), "/result/output/a"), "1");
  EXPECT_EQ(at(parsed(told.body), "/request_id"), at(body, "/request_id"));
}

TEST_F(JobRoutesTest, WaitWithoutHoldingAnybodyUp) {
  const auto id = start("waiting");
  std::vector<net::RawClient> waiters;
  for (int i = 0; i < 20; ++i) {  // More than there are threads.
    waiters.push_back(net::RawClient::tcp(rack_.port));
    waiters.back().send(testing::http_request("GET", "/v1/jobs/" + id + "?wait=30", {}, ""));
  }
  EXPECT_EQ(at(parsed(ask("GET", "/v1/jobs/" + id + "?wait=0").body), "/status"), "running");
  EXPECT_EQ(ask("GET", "/v1/keys").status, 200);
  ASSERT_TRUE(tool_.waiting->invoked.wait_for(1)) << "a job is told of before it begins";
  tool_.waiting->release();
  for (auto& waiter : waiters) {
    const auto reply = waiter.read_reply(false);
    ASSERT_TRUE(reply);
    EXPECT_EQ(at(parsed(reply->body), "/status"), "completed");
  }
}

TEST_F(JobRoutesTest, CancelAndSayWhatCameOfIt) {
  const auto id = start("waiting");
  ASSERT_TRUE(tool_.waiting->invoked.wait_for(1));
  const auto cancelled = ask("POST", "/v1/jobs/" + id + "/cancel");
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(at(parsed(cancelled.body), "/status"), "cancelled");
  EXPECT_EQ(at(parsed(ask("POST", "/v1/jobs/" + id + "/cancel").body), "/status"), "cancelled") << "again, no harm";
}

TEST_F(JobRoutesTest, GoOnWhenTheClientLeaves) {
  auto client = net::RawClient::tcp(rack_.port);
  client.send(testing::http_request("POST", "/v1/tools/call", json_headers(),
                                    R"({"tool":"fake","skill":"waiting","async":true})"));
  const auto reply = client.read_reply(false);
  ASSERT_TRUE(reply);
  client = net::RawClient::tcp(rack_.port);  // The first one is closed.
  const auto id = at(parsed(reply->body), "/job_id");
  ASSERT_TRUE(tool_.waiting->invoked.wait_for(1));
  EXPECT_EQ(ask("GET", "/livez").status, 200);
  EXPECT_EQ(tool_.waiting->cancelled.value(), 0);
  tool_.waiting->release();
  EXPECT_EQ(at(parsed(ask("GET", "/v1/jobs/" + id + "?wait=30").body), "/status"), "completed");
}

TEST_F(JobRoutesTest, BelongToTheirAccount) {
  const auto mine = rack_.rack.make_key("acc_one"), theirs = rack_.rack.make_key("acc_two");
  const auto id = at(parsed(call(R"({"tool":"fake","skill":"waiting","async":true})", mine).body), "/job_id");
  ASSERT_TRUE(tool_.waiting->invoked.wait_for(1));
  for (const auto& [method, target] : std::vector<std::pair<std::string, std::string>>{
           {"GET", "/v1/jobs/" + id}, {"GET", "/v1/jobs/" + id + "?wait=30"}, {"POST", "/v1/jobs/" + id + "/cancel"}}) {
    const auto refused = ask(method, target, "", theirs);
    EXPECT_EQ(refused.status, 404) << target;
    EXPECT_EQ(at(parsed(refused.body), "/error/code"), "job_not_found");
  }
  EXPECT_EQ(at(parsed(ask("GET", "/v1/jobs", "", theirs).body), "/jobs"), "[]");
  EXPECT_EQ(at(parsed(ask("GET", "/v1/jobs", "", mine).body), "/jobs/0/job_id"), id);
  EXPECT_EQ(tool_.waiting->cancelled.value(), 0);
}

TEST_F(JobRoutesTest, RefuseWhatCannotBe) {
  const auto error = [&](const net::RawReply& reply) { return at(parsed(reply.body), "/error/message"); };
  EXPECT_THAT(error(call(R"({"tool":"fake","skill":"echo","async":true,"stream":true})")), HasSubstr("not both"));
  EXPECT_THAT(error(call(R"({"tool":"fake","skill":"echo","async":1})")), HasSubstr("\"async\" is not true or false"));
  const auto batch = ask("POST", "/v1/tools/batch", R"({"calls":[{"tool":"fake","skill":"echo","async":true}]})");
  EXPECT_THAT(at(parsed(batch.body), "/results/0/error/message"), HasSubstr("cannot be a job"));
  EXPECT_EQ(ask("GET", "/v1/jobs/x?wait=31").status, 400);
  EXPECT_EQ(ask("GET", "/v1/jobs/x").status, 404);
  const auto dry = call(R"({"tool":"fake","skill":"echo","async":true,"dry_run":true})");
  EXPECT_EQ(dry.status, 200) << "nothing runs, so there is nothing to wait for";
}

TEST_F(JobRoutesTest, AreOfferedToModels) {
  const auto tool_call = [&](const std::string& name, const std::string& arguments) {
    const auto reply = testing::exchange(
        rack_.port, "POST", "/mcp",
        {{"Content-Type", "application/json"},
         {"Accept", "application/json, text/event-stream"},
         {"MCP-Protocol-Version", "2026-07-28"},
         {"Mcp-Method", "tools/call"},
         {"Mcp-Name", name}},
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"t","version":"1"},"io.modelcontextprotocol/clientCapabilities":{}},"name":")" +
            name + R"(","arguments":)" + arguments + "}}");
    return parsed(at(parsed(reply.body), "/result/content/0/text"));
  };
  const auto started = tool_call("use_tool", R"({"tool":"fake","skill":"later","input":{"a":1},"async":true})");
  const auto id = at(started, "/job_id");
  EXPECT_EQ(at(started, "/status"), "queued");
  const auto told = tool_call("get_job_result", R"({"job_id":")" + id + R"(","wait":30})");
  EXPECT_EQ(at(told, "/result/output/a"), "1");
  EXPECT_EQ(at(tool_call("job_get", R"({"job_id":")" + id + "\"}"), "/status"), "completed") << "by its newer name";
}

}  // namespace
}  // namespace toolrack::rest
