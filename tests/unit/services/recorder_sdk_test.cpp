/// The SDK's replay reads the same files as the host's recorder, and judges alike: there are two of them, because the
/// SDK has the standard library alone.
#include <gmock/gmock.h>
#include <toolrack/testing/recorded_http.hpp>

#include <filesystem>

#include "base/encoding.hpp"
#include "base/json.hpp"
#include "services/recorder/recorded_call.hpp"
#include "services/upstream/http_record.hpp"

namespace toolrack::test {
namespace {

namespace sdk = toolrack::testing;
namespace recorder = services::recorder;
namespace upstream = services::upstream;

std::string canonical(std::string_view text) { return base::json::canonical(base::json::parse(text).value()); }

TEST(RecorderAndSdk, ReadTheSameFiles) {
  int count = 0;
  for (const auto& each : std::filesystem::directory_iterator(TOOLRACK_SOURCE_DIR "/tests/data/recordings")) {
    const auto ours = recorder::read_recorded_call(each.path()).value();
    const auto theirs = sdk::RecordedCall::read(each.path());
    EXPECT_EQ(theirs.skill, ours.skill);
    EXPECT_EQ(canonical(theirs.outcome.dump()), ours.outcome);
    ASSERT_EQ(theirs.operations().size(), ours.operations.size());
    for (std::size_t i = 0; i < ours.operations.size(); ++i) {
      EXPECT_EQ(theirs.operations()[i].service, ours.operations[i].service);
      EXPECT_EQ(canonical(theirs.operations()[i].request.dump()), ours.operations[i].request);
      EXPECT_EQ(canonical(theirs.operations()[i].reply.dump()), ours.operations[i].reply);
      EXPECT_EQ(theirs.operations()[i].ended, ours.operations[i].ended);
    }
    ++count;
  }
  EXPECT_GE(count, 7);
}

TEST(RecorderAndSdk, ListTheSameDifferences) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {R"({"a/b":[1,2],"same":null})", R"({"a/b":[1,3,4],"new":true,"same":null})"},
      {R"({"a":[1,2,3],"gone":{"x":"y"}})", R"({"a":[1]})"},
      {R"({"body":"{\"n\":1,\"m\":[1]}"})", R"({"body":"{\"n\":2,\"m\":[]}"})"},
      {R"({"body":"{\"n\":1}"})", R"({"body":"{ \"n\": 1 }"})"},
      {R"({"body":"{no json"})", R"({"body":"[neither"})"},
      {R"({"a":"1"})", R"({"a":1})"},
      {R"({"a":1})", R"({"a":{}})"},
      {R"({"t~e":"x\"\\\n\u0001é"})", R"({"t~e":"ü"})"},
      {R"({"a":1,"b":2})", R"({"b":2,"a":1})"},
      {R"("a")", R"("b")"},
  };
  for (const auto& [recorded, asked] : rows) {
    EXPECT_THAT(sdk::Differences::list(sdk::read_json(recorded).value(), sdk::read_json(asked).value()),
                ::testing::UnorderedElementsAreArray(recorder::list_differences(recorded, asked)))
        << recorded << " " << asked;
  }
  const auto long_text = "\"" + std::string(1000, 'x') + "\"";
  EXPECT_EQ(sdk::Differences::list(sdk::read_json(long_text).value(), sdk::read_json("1").value()),
            recorder::list_differences(long_text, "1"));
}

TEST(RecorderAndSdk, SeeTheSameRequest) {
  upstream::Request request;
  request.http.method = "PUT";
  request.http.url = "https://a.test/v1/x";
  request.credential = "paid";
  sdk::SentRequest sent;
  sent.method = "PUT";
  sent.url = "/x";
  const auto recorded = sdk::read_json(R"({"url":"https://a.test/v1/old","credential":"paid"})").value();
  const auto compare = [&](std::string body, std::vector<services::http::Header> headers) {
    request.http.body = sent.whole_body = std::move(body);
    request.http.headers = std::move(headers);
    sent.headers.clear();
    for (const auto& [name, value] : request.http.headers) sent.headers.emplace_back(name, value);
    EXPECT_EQ(canonical(sdk::RecordedHttp::request(sent, "https://elsewhere/v1/", recorded).dump()),
              upstream::request_json(request));
  };
  compare("", {});
  compare(R"({"n":1})", {{"content-type", "application/json"}, {"x", "é"}});
  compare(std::string("\xff\x00\xfe", 3), {});
  compare("--aaaa1111\r\n\r\nvalue\r\n--aaaa1111--", {{"Content-Type", "multipart/form-data; boundary=\"aaaa1111\""}});
}

TEST(RecorderAndSdk, TellAFailureWithTheSameStatus) {
  using base::ErrorCode;
  for (const auto code :
       {ErrorCode::kAuthRequired, ErrorCode::kStoreFailed, ErrorCode::kInvalidRequest, ErrorCode::kProviderError,
        ErrorCode::kProviderUnavailable, ErrorCode::kTimeout, ErrorCode::kCancelled, ErrorCode::kEgressRefused,
        ErrorCode::kBodyTooLarge, ErrorCode::kUriTooLong, ErrorCode::kRateLimited, ErrorCode::kTooManyConcurrent,
        ErrorCode::kInvalidConfig, ErrorCode::kInternal, ErrorCode::kUnavailable, ErrorCode::kUnimplemented,
        ErrorCode::kInsufficientScope}) {
    EXPECT_EQ(sdk::status_of_failure(base::info(code).name), base::info(code).tr_status) << base::info(code).name;
  }
}

TEST(RecorderAndSdk, WriteBytesAlike) {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(sdk::to_base64(bytes), base::to_base64(bytes));
    bytes += static_cast<char>(i * 11);
  }
}

}  // namespace
}  // namespace toolrack::test
