#include "transports/net/request_parser.hpp"

#include <gtest/gtest.h>

namespace toolrack::net {
namespace {

class RequestParsing : public ::testing::Test {
 protected:
  base::Result<bool> parse(std::string_view bytes) {
    parser_.reset();
    text_ = bytes;
    return parser_.parse(text_, request_);
  }
  Limits limits_;
  RequestParser parser_{limits_};
  Request request_;
  std::string text_;
};

TEST_F(RequestParsing, SplitsTheTarget) {
  ASSERT_TRUE(parse("GET /v1/tools%20x?q=a?b&c HTTP/1.1\r\nHost: h:1\r\n\r\n").value());
  EXPECT_EQ(request_.target, "/v1/tools%20x?q=a?b&c");
  EXPECT_EQ(request_.path, "/v1/tools%20x");
  EXPECT_EQ(request_.query, "q=a?b&c");
  EXPECT_EQ(request_.host, "h:1");
}

TEST_F(RequestParsing, TakesTheHostOfAnAbsoluteTarget) {
  ASSERT_TRUE(parse("GET http://h?q HTTP/1.0\r\n\r\n").value());
  EXPECT_EQ(request_.host, "h");
  EXPECT_EQ(request_.path, "/");
  EXPECT_EQ(request_.query, "q");
  ASSERT_TRUE(parse("GET HTTPS://H/p HTTP/1.1\r\nHost: h\r\n\r\n").value());
  EXPECT_EQ(request_.path, "/p");
}

TEST_F(RequestParsing, LetsHttp10GoWithoutAHost) {
  ASSERT_TRUE(parse("GET / HTTP/1.0\r\n\r\n").value());
  EXPECT_EQ(request_.host, "");
  EXPECT_EQ(request_.version, 10);
  EXPECT_FALSE(parser_.keeps_alive());
  ASSERT_TRUE(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").value());
  EXPECT_TRUE(parser_.keeps_alive());
}

TEST_F(RequestParsing, StripsBlanksAroundValuesOnly) {
  ASSERT_TRUE(parse("GET / HTTP/1.1\r\nHost:h\r\nX-A: \t a \t b \t\r\nX-E:\r\n\r\n").value());
  EXPECT_EQ(request_.headers.find("x-a")->value, "a \t b");
  EXPECT_EQ(request_.headers.find("x-e")->value, "");
}

TEST_F(RequestParsing, LetsBytesAbove127StandInValues) {
  ASSERT_TRUE(parse("GET / HTTP/1.1\r\nHost: h\r\nX-A: \xc3\xa4\r\n\r\n").value());
  EXPECT_EQ(request_.headers.find("x-a")->value, "\xc3\xa4");
}

TEST_F(RequestParsing, GoesOnWhereItStopped) {
  const std::string whole = "\r\nPOST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // Elsewhere each time: the parser must keep no pointer.
    const auto part = std::string(whole.substr(0, size));
    ASSERT_FALSE(parser_.parse(part, request_).value()) << size;
  }
  ASSERT_TRUE(parser_.parse(whole, request_).value());
  EXPECT_EQ(parser_.head_size(), whole.size());
  EXPECT_EQ(parser_.content_length(), 3u);
  EXPECT_TRUE(parser_.expects_continue());
  EXPECT_TRUE(parser_.keeps_alive());
  EXPECT_EQ(request_.method, Method::kPost);
}

TEST_F(RequestParsing, RefusesAtOnceWhatCannotBecomeARequest) {
  for (const auto* bytes : {"{", "{\"a\":1}", "{\"a\":1}\r\n", "{\"a\":1}\r\nHost: h\r\n", "\r\n{", "\x16\x03\x01"}) {
    const auto parsed = parse(bytes);
    ASSERT_FALSE(parsed) << bytes;
    EXPECT_EQ(parsed.error().code(), base::ErrorCode::kBadHttp) << bytes;
  }
}

TEST_F(RequestParsing, RefusesALongRequestLineBeforeItsEnd) {
  const auto line = "GET /" + std::string(limits_.request_line_bytes, 'a');
  EXPECT_EQ(parse(line).error().code(), base::ErrorCode::kUriTooLong);
  const auto fits = "GET /" + std::string(limits_.request_line_bytes - 15, 'a') + " HTTP/1.1\r";
  ASSERT_EQ(fits.size(), limits_.request_line_bytes);
  EXPECT_TRUE(parse(fits + "\nHost: h\r\n\r\n").value());
  EXPECT_EQ(parse("GET /a" + fits.substr(5) + "\nHost: h\r\n\r\n").error().code(), base::ErrorCode::kUriTooLong);
}

TEST_F(RequestParsing, RefusesALargeHeaderBeforeItsEnd) {
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nX-A: ";
  EXPECT_EQ(parse(start + std::string(limits_.header_bytes, 'a')).error().code(), base::ErrorCode::kHeadersTooLarge);
  EXPECT_TRUE(parse(start + std::string(limits_.header_bytes - start.size() - 4, 'a') + "\r\n\r\n").value());
  EXPECT_EQ(parse(start + std::string(limits_.header_bytes - start.size() - 3, 'a') + "\r\n\r\n").error().code(),
            base::ErrorCode::kHeadersTooLarge);
}

TEST_F(RequestParsing, CountsTheFields) {
  std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (std::size_t i = 1; i < limits_.header_fields; ++i) many += "A: b\r\n";
  EXPECT_TRUE(parse(many + "\r\n").value());
  EXPECT_EQ(parse(many + "A: b\r\n").error().code(), base::ErrorCode::kHeadersTooLarge);
}

TEST_F(RequestParsing, NamesTheRefusedValue) {
  const auto refused = parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n");
  EXPECT_NE(refused.error().message().find("\"5, 5\""), std::string::npos);
}

}  // namespace
}  // namespace toolrack::net
