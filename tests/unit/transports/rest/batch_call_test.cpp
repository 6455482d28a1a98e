/// Several calls in one request.
#include <gmock/gmock.h>

#include "rest_fixture.hpp"

namespace toolrack::rest {
namespace {

using testing::at;
using testing::exchange;
using ::testing::HasSubstr;
using testing::parsed;

class BatchTest : public ::testing::Test {
 protected:
  ~BatchTest() override { fake_.waiting->release(); }
  net::RawReply send(std::string_view body) {
    return exchange(rack_.port, "POST", "/v1/tools/batch", json_headers(), body);
  }
  FakeTool fake_;
  testing::ServedRack rack_{{fake_.make()}};
};

TEST_F(BatchTest, AnswersInOrderAndApart) {
  const auto reply = send(R"({"calls":[
    {"tool":"fake","skill":"later","input":{"n":1}},
    {"tool":"fake","skill":"echo","input":{"text":"a, [b] {c} \"d\\"}},
    {"tool":"fake","skill":"fail"},
    {"tool":"nobody","skill":"x"},
    {"tool":"fake","skill":"echo","input":{"text":5}},
    {"tool":"fake","skill":"priced","input":{"exact":0.10000000000000000001}},
    {"tool":5}]})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const auto body = parsed(reply.body);
  ASSERT_EQ(body["results"].Size(), 7U);
  EXPECT_EQ(at(body, "/results/0/output/n"), "1") << "the slow one is the first, and stays it";
  EXPECT_EQ(at(body, "/results/1/output/text"), "a, [b] {c} \"d\\");
  EXPECT_EQ(at(body, "/results/2/error/code"), "fake.locked");
  EXPECT_EQ(at(body, "/results/3/error/code"), "tool_not_found");
  EXPECT_EQ(at(body, "/results/4/error/code"), "invalid_input");
  EXPECT_THAT(reply.body, HasSubstr("0.10000000000000000001")) << "the input is passed on as it was written";
  EXPECT_EQ(at(body, "/results/6/error/code"), "invalid_request");
  EXPECT_EQ(at(body, "/succeeded"), "3");
  EXPECT_EQ(at(body, "/failed"), "4");
  EXPECT_EQ(at(body, "/cost"), "0.00315");
  EXPECT_EQ(at(body, "/results/1/request_id"), at(body, "/request_id") + ".2");
}

TEST_F(BatchTest, RefusesWhatIsNoBatch) {
  std::string eleven = R"({"calls":[)";
  for (int i = 0; i < 11; ++i) eleven += std::string(i == 0 ? "" : ",") + R"({"tool":"fake","skill":"echo"})";
  for (const auto& body :
       {std::string("[]"), std::string("{}"), std::string(R"({"calls":[]})"), std::string(R"({"calls":{}})"),
        eleven + "]}", std::string(R"({"calls":[{"tool":"fake"}],"stop":true})"), std::string("{")}) {
    const auto reply = send(body);
    EXPECT_EQ(reply.status, 400) << body;
    EXPECT_EQ(at(parsed(reply.body), "/error/type"), "validation") << body;
  }
  EXPECT_EQ(fake_.echo->invoked.value(), 0);
}

TEST_F(BatchTest, TakesOtherElementsThanCallsForFailures) {
  const auto body = parsed(send(R"({"calls":[ 1 , [ ] , {"tool":"fake","skill":"echo","stream":true} ]})").body);
  ASSERT_EQ(body["results"].Size(), 3U);
  for (const auto* place : {"/results/0/error/code", "/results/1/error/code", "/results/2/error/code"})
    EXPECT_EQ(at(body, place), "invalid_request");
}

TEST_F(BatchTest, IsCancelledByAClientThatLeaves) {
  {
    auto client = net::RawClient::tcp(rack_.port);
    client.send(
        testing::http_request("POST", "/v1/tools/batch", json_headers(),
                              R"({"calls":[{"tool":"fake","skill":"waiting"},{"tool":"fake","skill":"waiting"}]})"));
    ASSERT_TRUE(fake_.waiting->invoked.wait_for(2));
  }
  EXPECT_TRUE(fake_.waiting->cancelled.wait_for(2));
  EXPECT_TRUE(fake_.waiting->completed.wait_for(2));  // What is torn down before that is never let go of.
}

TEST_F(BatchTest, NeedsAKeyForItsCalls) {
  testing::ServedRack hosted({fake_.make()}, {.mode = call::Mode::kHosted});
  const auto send_with = [&](const std::string& key) {
    return exchange(hosted.port, "POST", "/v1/tools/batch", json_headers(key),
                    R"({"calls":[{"tool":"fake","skill":"echo"}]})");
  };
  EXPECT_EQ(at(parsed(send_with("").body), "/results/0/error/code"), "auth_required");
  EXPECT_EQ(at(parsed(send_with(hosted.rack.make_key()).body), "/succeeded"), "1");
}

}  // namespace
}  // namespace toolrack::rest
