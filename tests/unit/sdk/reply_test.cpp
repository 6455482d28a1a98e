#include <toolrack/plugin.hpp>

#include <gtest/gtest.h>

#include <utility>

namespace toolrack {
namespace {

using namespace std::chrono_literals;

/// A result as a host's HTTP service delivers it.
Reply http_reply(std::int64_t number, std::string_view body, bool is_repeatable = true) {
  tr_result result{};
  result.struct_size = sizeof(result);
  result.number = number;
  result.body = lend(body);
  const tr_field fields[] = {
      {lend("content-type"), lend("text/html")}, {lend("x-a"), lend("1")}, {lend("x-a"), lend("2")}};
  result.fields = fields;
  result.field_count = 3;
  return Reply::from_c(nullptr, nullptr, result, {true, is_repeatable});
}

Reply failed(tr_status status, std::uint32_t flags, bool is_repeatable) {
  tr_result result{};
  result.struct_size = sizeof(result);
  result.status = status;
  result.flags = flags;
  result.code = lend("reset");
  result.message = lend("connection reset");
  return Reply::from_c(nullptr, nullptr, result, {true, is_repeatable});
}

TEST(Reply, IsOkForTwoHundredsOnly) {
  EXPECT_TRUE(Reply().ok());
  EXPECT_TRUE(http_reply(200, "").ok());
  EXPECT_TRUE(http_reply(299, "").ok());
  EXPECT_FALSE(http_reply(301, "").ok());
  EXPECT_FALSE(http_reply(404, "").ok());
  EXPECT_EQ(http_reply(404, "").status(), TR_OK);
  EXPECT_FALSE(Reply::error(TR_TOOL_ERROR, "a", "b").ok());
}

TEST(Reply, FindsHeadersWhateverTheirCase) {
  const Reply reply = http_reply(200, "body");
  EXPECT_EQ(reply.header("Content-Type"), "text/html");
  EXPECT_EQ(reply.header("x-a"), "1");
  EXPECT_EQ(reply.header("absent"), "");
  EXPECT_EQ(reply.fields().size(), 3u);
}

TEST(Reply, CopiesAndMovesEverything) {
  Reply original = http_reply(200, "body");
  Reply copy = original;
  const Reply moved = std::move(original);
  for (const Reply* reply : {&std::as_const(copy), &moved}) {
    EXPECT_EQ(reply->body(), "body");
    EXPECT_EQ(reply->header("x-a"), "1");
  }
  copy = Reply::error(TR_NOT_FOUND, "code", "message", "hint");
  const Reply error = copy;
  EXPECT_EQ(error.code(), "code");
  EXPECT_EQ(error.hint(), "hint");
  EXPECT_EQ(error.header("x-a"), "");
}

TEST(Reply, ProviderMapsEveryKindOfAnswer) {
  struct Row {
    std::int64_t number;
    tr_status status;
    const char* code;
    bool next_if_repeatable, next_if_not;
  };
  const Row rows[] = {
      {400, TR_INVALID_ARGUMENT, "provider_rejected", false, false},
      {401, TR_UNAUTHENTICATED, "provider_auth", true, true},
      {402, TR_RESOURCE_EXHAUSTED, "provider_payment", true, true},
      {403, TR_UNAUTHENTICATED, "provider_auth", true, true},
      {404, TR_NOT_FOUND, "provider_not_found", false, false},
      {422, TR_INVALID_ARGUMENT, "provider_rejected", false, false},
      {429, TR_RESOURCE_EXHAUSTED, "provider_rate_limited", true, true},
      {500, TR_UNAVAILABLE, "provider_unavailable", true, false},
      {503, TR_UNAVAILABLE, "provider_unavailable", true, true},
      {504, TR_DEADLINE_EXCEEDED, "provider_timeout", true, false},
  };
  for (const Row& row : rows) {
    for (const bool is_repeatable : {true, false}) {
      const Reply reply = Reply::provider(http_reply(row.number, "no", is_repeatable));
      EXPECT_EQ(reply.status(), row.status) << row.number;
      EXPECT_EQ(reply.code(), row.code) << row.number;
      EXPECT_FALSE(reply.hint().empty()) << row.number;
      EXPECT_NE(reply.message().find(std::to_string(row.number)), std::string_view::npos);
      EXPECT_NE(reply.outcome_flags() & TR_OUT_PROVIDER, 0u);
      const bool is_next = (reply.outcome_flags() & TR_OUT_NEXT) != 0;
      EXPECT_EQ(is_next, is_repeatable ? row.next_if_repeatable : row.next_if_not) << row.number << is_repeatable;
    }
  }
}

TEST(Reply, ProviderKeepsWhatNeverCameAndSaysWhetherItMayBeTriedAgain) {
  const Reply unsent = Reply::provider(failed(TR_UNAVAILABLE, TR_RESULT_NOT_SENT, false));
  EXPECT_EQ(unsent.message(), "connection reset");
  EXPECT_EQ(unsent.outcome_flags(), std::uint32_t{TR_OUT_PROVIDER | TR_OUT_NEXT | TR_OUT_NOT_BILLED});
  const Reply refused = Reply::provider(failed(TR_UNAUTHENTICATED, TR_RESULT_NOT_SENT, false));
  EXPECT_EQ(refused.outcome_flags(), std::uint32_t{TR_OUT_NEXT | TR_OUT_NOT_BILLED}) << "the host had no credential";
  const Reply lost = Reply::provider(failed(TR_UNAVAILABLE, TR_RESULT_MAYBE_SENT, false));
  EXPECT_EQ(lost.outcome_flags(), std::uint32_t{TR_OUT_PROVIDER | TR_OUT_FINAL});
  const Reply lost_get = Reply::provider(failed(TR_UNAVAILABLE, TR_RESULT_MAYBE_SENT, true));
  EXPECT_EQ(lost_get.outcome_flags(), std::uint32_t{TR_OUT_PROVIDER | TR_OUT_NEXT});
}

TEST(Reply, ProviderLetsSuccessAndCancellationPass) {
  EXPECT_TRUE(Reply::provider(http_reply(200, "fine")).ok());
  EXPECT_EQ(Reply::provider(failed(TR_CANCELLED, 0, true)).outcome_flags(), 0u);
}

TEST(Reply, ProviderNeverQuotesBytesThatAreNoPlainText) {
  EXPECT_EQ(Reply::provider(http_reply(500, "a\x01")).details(), R"({"http_status":500})");
  EXPECT_EQ(Reply::provider(http_reply(500, "\xff\xfe")).details(), R"({"http_status":500})");
  EXPECT_EQ(Reply::provider(http_reply(500, "say \"why\"")).details(), R"({"http_status":500,"body":"say \"why\""})");
}

TEST(Reply, LendsLongOutputWithoutCopyingAndShortOutputWithoutAllocating) {
  std::string text(10'000, 'x');
  const char* const where = text.data();
  Reply longer = Reply::json(std::move(text));
  longer.to_c([&](const tr_outcome& outcome) {
    EXPECT_EQ(outcome.output_json.data, where);
    ASSERT_NE(outcome.output_json.release, nullptr);
    outcome.output_json.release(outcome.output_json.owner);
  });
  Reply shorter = Reply::json("{}");
  shorter.to_c([&](const tr_outcome& outcome) {
    EXPECT_EQ(outcome.output_json.size, 2u);
    EXPECT_EQ(outcome.output_json.release, nullptr);
  });
}

TEST(Reply, AnHttpErrorReturnedAsItIsBecomesAProviderError) {
  Reply page = http_reply(404, "<h1>gone</h1>");
  page.to_c([](const tr_outcome& outcome) {
    EXPECT_EQ(outcome.status, TR_NOT_FOUND);
    EXPECT_EQ(outcome.output_json.size, 0u);
    EXPECT_EQ(view(outcome.code), "provider_not_found");
  });
}

TEST(Reply, CarriesPartsDetailsAndTimes) {
  Reply reply = Reply::error(TR_TOOL_ERROR, "a.b", "message");
  reply.part(Part::text("one")).part(Part::image(std::string("PNG"), "image/png").extra(R"({"x":1})"));
  reply.details("{}").meta("{}").retry_after(2s).ttl(3s).output("[]").add_flags(TR_OUT_TRUNCATED);
  reply.to_c([](const tr_outcome& outcome) {
    ASSERT_EQ(outcome.part_count, 2u);
    EXPECT_EQ(outcome.parts[1].type, std::uint32_t{TR_PART_IMAGE});
    EXPECT_EQ(outcome.parts[1].bytes.size, 3u);
    EXPECT_EQ(view(outcome.parts[1].extra_json), R"({"x":1})");
    EXPECT_EQ(outcome.retry_after_ns, 2'000'000'000);
    EXPECT_EQ(outcome.ttl_ns, 3'000'000'000);
    EXPECT_EQ(outcome.flags, std::uint32_t{TR_OUT_TRUNCATED});
    EXPECT_EQ(outcome.output_json.size, 2u);
  });
}

TEST(Bytes, ReleaseALentBufferExactlyOnce) {
  int released = 0;
  const auto lend_one = [&] {
    return tr_buffer{"data", 4, [](void* count) noexcept { ++*static_cast<int*>(count); }, &released};
  };
  {
    Bytes first(lend_one());
    Bytes second = std::move(first);
    const Bytes copy = second;
    EXPECT_EQ(copy.view(), "data");
    second = Bytes(std::string("other"));
    EXPECT_EQ(released, 1);
    EXPECT_EQ(second.view(), "other");
  }
  EXPECT_EQ(released, 1);
  Bytes given(lend_one());
  const tr_buffer buffer = given.to_c();
  EXPECT_EQ(released, 1);
  buffer.release(buffer.owner);
  EXPECT_EQ(released, 2);
}

TEST(HttpRequest, EncodesQueriesAndKnowsWhatMayBeRepeated) {
  HttpRequest request("GET", "/search");
  request.query("q", "a b&c=\xc3\xa9").query("n", "1");
  EXPECT_EQ(request.url(), "/search?q=a%20b%26c%3D%C3%A9&n=1");
  EXPECT_TRUE(request.is_repeatable());
  HttpRequest post("POST", "/x");
  EXPECT_FALSE(post.is_repeatable());
  EXPECT_TRUE(post.idempotent().is_repeatable());
}

TEST(JsonText, QuotesWhatJsonMustEscape) {
  EXPECT_EQ(json_quote("a\"b\\c\n\t\x01\x1f\xc3\xa9"), "\"a\\\"b\\\\c\\n\\t\\u0001\\u001f\xc3\xa9\"");
}

}  // namespace
}  // namespace toolrack
