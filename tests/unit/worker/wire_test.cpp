#include "worker/wire.hpp"

#include <gtest/gtest.h>

namespace toolrack::worker {
namespace {

constexpr std::size_t kHead = 16;

/// The payload of a frame that `put` filled.
template <typename Put>
std::string payload_of(const Put& put) {
  FrameWriter writer(FrameType::kDone, 1);
  put(writer);
  return std::move(writer).take().substr(kHead);
}

TEST(Wire, CarriesEveryFieldOfAResult) {
  const tr_field fields[] = {{to_abi("etag"), to_abi("1")}, {to_abi("etag"), to_abi("2")}};
  const tr_result in{
      sizeof(tr_result), TR_CANCELLED,   TR_RESULT_CUT,    -7, to_abi("body"), fields, 2, to_abi("{}"), to_abi("code"),
      to_abi("message"), to_abi("hint"), 1'000'000'000'000};
  const auto bytes = payload_of([&](FrameWriter& out) { put_result(out, in); });
  FieldReader reader(bytes);
  ResultBox box;
  get_result(reader, box);
  ASSERT_TRUE(reader.is_whole());
  const auto& out = box.result;
  EXPECT_EQ(out.struct_size, sizeof(tr_result));
  EXPECT_EQ(out.status, TR_CANCELLED);
  EXPECT_EQ(out.flags, static_cast<std::uint32_t>(TR_RESULT_CUT));
  EXPECT_EQ(out.number, -7);
  EXPECT_EQ(view(out.body), "body");
  ASSERT_EQ(out.field_count, 2U);
  EXPECT_EQ(view(out.fields[1].value), "2");
  EXPECT_EQ(view(out.meta_json), "{}");
  EXPECT_EQ(view(out.code), "code");
  EXPECT_EQ(view(out.message), "message");
  EXPECT_EQ(view(out.hint), "hint");
  EXPECT_EQ(out.retry_after_ns, 1'000'000'000'000);
}

TEST(Wire, CarriesEveryFieldOfAnOutcome) {
  tr_part part{};
  part.type = TR_PART_IMAGE;
  part.flags = 3;
  part.text = to_abi("t");
  part.media_type = to_abi("image/png");
  part.uri = to_abi("u");
  part.name = to_abi("n");
  part.extra_json = to_abi("{\"a\":1}");
  part.bytes = {"\0\1", 2, nullptr, nullptr};
  const tr_outcome in{sizeof(tr_outcome),    TR_TOOL_ERROR, TR_OUT_FINAL, {"{}", 2, nullptr, nullptr}, &part, 1,
                      to_abi("c"),           to_abi("m"),   to_abi("h"),  to_abi("{\"d\":2}"),         5,     6,
                      to_abi("{\"meta\":3}")};
  const auto bytes = payload_of([&](FrameWriter& out) { put_outcome(out, in); });
  FieldReader reader(bytes);
  OutcomeBox box;
  get_outcome(reader, box);
  ASSERT_TRUE(reader.is_whole());
  const auto& out = box.outcome;
  EXPECT_EQ(out.status, TR_TOOL_ERROR);
  EXPECT_EQ(out.flags, static_cast<std::uint32_t>(TR_OUT_FINAL));
  EXPECT_EQ(view(out.output_json), "{}");
  EXPECT_EQ(view(out.code), "c");
  EXPECT_EQ(view(out.message), "m");
  EXPECT_EQ(view(out.hint), "h");
  EXPECT_EQ(view(out.details_json), "{\"d\":2}");
  EXPECT_EQ(out.retry_after_ns, 5);
  EXPECT_EQ(out.ttl_ns, 6);
  EXPECT_EQ(view(out.meta_json), "{\"meta\":3}");
  ASSERT_EQ(out.part_count, 1U);
  EXPECT_EQ(out.parts[0].type, static_cast<std::uint32_t>(TR_PART_IMAGE));
  EXPECT_EQ(out.parts[0].flags, 3U);
  EXPECT_EQ(view(out.parts[0].text), "t");
  EXPECT_EQ(view(out.parts[0].media_type), "image/png");
  EXPECT_EQ(view(out.parts[0].uri), "u");
  EXPECT_EQ(view(out.parts[0].name), "n");
  EXPECT_EQ(view(out.parts[0].extra_json), "{\"a\":1}");
  EXPECT_EQ(view(out.parts[0].bytes), std::string_view("\0\1", 2));
}

TEST(Wire, CarriesEveryFieldOfAnInvocation) {
  const tr_backend backend{sizeof(tr_backend), TR_BACKEND_LAST,    2, to_abi("slug"), to_abi("https://x.example"),
                           to_abi("handle"),   to_abi("{\"o\":1}")};
  const tr_invocation in{sizeof(tr_invocation), TR_SKILL, 4,        TR_CALL_PARTIALS, 1, to_abi("echo"),
                         to_abi("{\"in\":1}"),  99,       &backend, to_abi("saved")};
  Infos infos;
  infos[TR_INFO_CALL_ID] = "call-1";
  infos[TR_INFO_META] = "{}";
  const auto bytes = payload_of([&](FrameWriter& out) { put_invocation(out, in, infos, true, TR_LOG_WARNING, 3); });
  FieldReader reader(bytes);
  InvocationBox box;
  get_invocation(reader, box);
  ASSERT_TRUE(reader.is_whole());
  const auto& out = box.invocation;
  EXPECT_EQ(out.kind, static_cast<std::uint32_t>(TR_SKILL));
  EXPECT_EQ(out.index, 4U);
  EXPECT_EQ(out.flags, static_cast<std::uint32_t>(TR_CALL_PARTIALS));
  EXPECT_EQ(out.run, 1U);
  EXPECT_EQ(view(out.name), "echo");
  EXPECT_EQ(view(out.args_json), "{\"in\":1}");
  EXPECT_EQ(out.deadline_ns, 99);
  EXPECT_EQ(view(out.checkpoint), "saved");
  EXPECT_TRUE(box.is_recorded);
  EXPECT_EQ(box.log_level, static_cast<std::uint32_t>(TR_LOG_WARNING));
  EXPECT_EQ(box.blocking, 3U);
  EXPECT_EQ(box.infos[TR_INFO_CALL_ID], "call-1");
  EXPECT_EQ(box.infos[TR_INFO_META], "{}");
  ASSERT_NE(out.backend, nullptr);
  EXPECT_EQ(out.backend->flags, static_cast<std::uint32_t>(TR_BACKEND_LAST));
  EXPECT_EQ(out.backend->attempt, 2U);
  EXPECT_EQ(view(out.backend->provider), "slug");
  EXPECT_EQ(view(out.backend->base_url), "https://x.example");
  EXPECT_EQ(view(out.backend->credential), "handle");
  EXPECT_EQ(view(out.backend->options_json), "{\"o\":1}");
}

TEST(Wire, CarriesEveryFieldOfAnHttpRequest) {
  const tr_field header{to_abi("accept"), to_abi("*/*")};
  const tr_piece piece{to_abi("bytes"), to_abi("asset")};
  const tr_http_sink sink{sizeof(tr_http_sink), nullptr, nullptr, nullptr};
  const tr_http_request in{sizeof(tr_http_request), TR_HTTP_NO_RETRY, 1500,  1 << 20,        to_abi("PUT"),
                           to_abi("/path"),         &header,          1,     &piece,         1,
                           to_abi("provider"),      to_abi("key"),    &sink, to_abi("name"), to_abi("type")};
  const auto bytes = payload_of([&](FrameWriter& out) { put_http_request(out, in); });
  FieldReader reader(bytes);
  HttpRequestBox box;
  get_http_request(reader, box);
  ASSERT_TRUE(reader.is_whole());
  const auto& out = box.request;
  EXPECT_EQ(out.struct_size, sizeof(tr_http_request));
  EXPECT_EQ(out.flags, static_cast<std::uint32_t>(TR_HTTP_NO_RETRY));
  EXPECT_EQ(out.timeout_ms, 1500U);
  EXPECT_EQ(out.max_bytes, 1U << 20);
  EXPECT_EQ(view(out.method), "PUT");
  EXPECT_EQ(view(out.url), "/path");
  ASSERT_EQ(out.header_count, 1U);
  EXPECT_EQ(view(out.headers[0].name), "accept");
  ASSERT_EQ(out.body_count, 1U);
  EXPECT_EQ(view(out.body[0].asset), "asset");
  EXPECT_EQ(view(out.provider), "provider");
  EXPECT_EQ(view(out.credential), "key");
  EXPECT_EQ(view(out.asset_name), "name");
  EXPECT_EQ(view(out.asset_type), "type");
  EXPECT_TRUE(box.has_sink);
  EXPECT_EQ(out.sink, nullptr) << "the sink is in the worker";
}

TEST(Wire, DoesNotBelieveAStructThatIsLargerThanOurs) {
  tr_outcome in{};
  in.struct_size = 1 << 20;
  const auto bytes = payload_of([&](FrameWriter& out) { put_outcome(out, in); });
  FieldReader reader(bytes);
  OutcomeBox box;
  get_outcome(reader, box);
  EXPECT_EQ(box.outcome.struct_size, sizeof(tr_outcome));
}

}  // namespace
}  // namespace toolrack::worker
