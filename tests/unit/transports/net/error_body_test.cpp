#include "transports/net/error_body.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "support/test_server.hpp"

namespace toolrack::net {
namespace {

using base::Error;
using base::ErrorCode;

TEST(ErrorBody, TellsCodeTypeMessageHintAndRequest) {
  const auto text = error_body(Error(ErrorCode::kBadHttp, "A \"bad\" line."), "id-12345");
  const auto body = base::json::parse(text);
  ASSERT_TRUE(body) << text;
  EXPECT_EQ(base::json::view(*base::json::at(*body, "/error/code")), "bad_http");
  EXPECT_EQ(base::json::view(*base::json::at(*body, "/error/type")), "validation");
  EXPECT_EQ(base::json::view(*base::json::at(*body, "/error/message")), "A \"bad\" line.");
  EXPECT_FALSE(base::json::view(*base::json::at(*body, "/error/resolution_hint")).empty());
  EXPECT_EQ(*base::json::find_string(*body, "request_id"), "id-12345");
}

TEST(ErrorBody, IsJsonWhateverBytesItRepeats) {
  const auto text = error_body(Error(ErrorCode::kBadHttp, "The Host header \"\xFF\" names no host."), "id-12345");
  const auto body = base::json::parse(text);
  ASSERT_TRUE(body) << body.error().message();
  EXPECT_EQ(base::json::view(*base::json::at(*body, "/error/message")),
            "The Host header \"\xEF\xBF\xBD\" names no host.");
}

TEST(ErrorBody, RoundsTheDelayUp) {
  EXPECT_EQ(RetryAfter(Error(ErrorCode::kRateLimited, "")).seconds(), "");
  EXPECT_EQ(RetryAfter(Error(ErrorCode::kRateLimited, "").with_retry_after(std::chrono::milliseconds(1))).seconds(),
            "1");
  EXPECT_EQ(RetryAfter(Error(ErrorCode::kRateLimited, "").with_retry_after(std::chrono::milliseconds(2001))).seconds(),
            "3");
}

TEST(ErrorBody, AnswersWithTheStatusOfTheRowAndRetryAfter) {
  TestServer server([](const Request&, Exchange& exchange) {
    const HeaderField own{"X-Own", "1"};
    respond_error(exchange, Error(ErrorCode::kRateLimited, "Slow down.").with_retry_after(std::chrono::seconds(7)),
                  {&own, 1});
  });
  auto client = server.connect();
  client.send(get());
  const auto reply = client.read_reply();
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, 429);
  EXPECT_EQ(reply->headers.at("retry-after"), "7");
  EXPECT_EQ(reply->headers.at("x-own"), "1");
  EXPECT_EQ(reply->headers.at("content-type"), "application/json");
  EXPECT_NE(reply->body.find(reply->headers.at("x-request-id")), std::string::npos);
}

}  // namespace
}  // namespace toolrack::net
