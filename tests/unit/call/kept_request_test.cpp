/// What is kept of a call to make it again, against what it was.
#include "call/jobs/kept_request.hpp"

#include <gtest/gtest.h>

#include "support/fake_skill.hpp"

namespace toolrack::call::jobs {
namespace {

class KeptRequestTest : public ::testing::Test {
 protected:
  const std::shared_ptr<const registry::Tool> tool_ =
      testing::make_tool("fake", {{.name = "echo", .handler = std::make_shared<testing::InstantSkill>()}}, "1.2.3");
  const accounts::PrincipalRef who_ = std::make_shared<accounts::Principal>(
      accounts::Principal{.account = "acc_one", .key_id = "0123abcd", .scopes = accounts::Scopes::standard()});
  const std::string input_ = R"({"text":"ä \" \u0000 \\","n":[1,2.5,null]})";
  const base::json::Document value_ = *base::json::parse(input_);

  CallRequest request() const {
    CallRequest made;
    made.principal = &who_;
    made.tool = "fake";  // As its caller said it: without owner and version.
    made.skill = "echo";
    made.input_json = input_;
    made.input = &value_;
    return made;
  }
  KeptRequest round_trip(const CallRequest& made) const {
    auto kept = KeptRequest::read(to_kept(made, tool_->skills[0]));
    if (!kept) {
      ADD_FAILURE() << kept.error().message();
      std::abort();
    }
    return *std::move(kept);
  }
};

TEST_F(KeptRequestTest, KnowsWhatItsCallerCouldBeAskedAndThatSomebodyAnswersTheJob) {
  EXPECT_EQ(round_trip(request()).request().asking, nullptr);
  const Asking asking{.kinds = registry::kCanAskForm | registry::kCanListRoots, .method = "tools/call", .state = {}};
  auto made = request();
  made.asking = &asking;
  const auto kept = round_trip(made);
  const auto again = kept.request();
  ASSERT_NE(again.asking, nullptr);
  EXPECT_EQ(again.asking->kinds, asking.kinds);
  EXPECT_TRUE(again.asking->waits);
  EXPECT_TRUE(again.asking->state.empty());
}

TEST_F(KeptRequestTest, NamesTheVersionThatServed) {
  const auto kept = round_trip(request());
  const auto again = kept.request();
  EXPECT_EQ(again.tool, "test/fake@1.2.3");
  EXPECT_EQ(again.skill, "echo");
  EXPECT_EQ(kept.key_id(), "0123abcd");
  EXPECT_EQ(again.input_json, input_);
  ASSERT_NE(again.input, nullptr);
  EXPECT_TRUE(*again.input == value_);
  EXPECT_EQ(again.principal, nullptr);
  EXPECT_EQ(again.provider_keys, nullptr);
  EXPECT_FALSE(again.confirmed || again.max_price || again.backend || again.dry_run);
  EXPECT_EQ(again.timeout_ms, 0);
}

TEST_F(KeptRequestTest, HasEverythingThatItsCallerWished) {
  auto made = request();
  made.confirmed = true;
  made.max_price = base::Money::from_micros(1'234'567);
  made.timeout_ms = 4'321;
  made.cache = CacheUse::kRefresh;
  auto wish = std::make_shared<BackendPreference>();
  wish->order = {"a", "b"};
  wish->only = {"a", "b", "c"};
  wish->ignore = {"d"};
  wish->sort = BackendPreference::Sort::kLatency;
  wish->allow_fallbacks = false;
  made.backend = wish;
  const auto kept = round_trip(made);
  const auto again = kept.request();
  EXPECT_TRUE(again.confirmed);
  EXPECT_EQ(again.max_price, made.max_price);
  EXPECT_EQ(again.timeout_ms, 4'321);
  EXPECT_EQ(again.cache, CacheUse::kRefresh);
  ASSERT_TRUE(again.backend);
  EXPECT_EQ(again.backend->order, wish->order);
  EXPECT_EQ(again.backend->only, wish->only);
  EXPECT_EQ(again.backend->ignore, wish->ignore);
  EXPECT_EQ(again.backend->sort, wish->sort);
  EXPECT_FALSE(again.backend->allow_fallbacks);
}

TEST_F(KeptRequestTest, HasWhoCalledFromWhere) {
  for (const auto* transport : {"rest", "mcp"}) {
    auto made = request();
    made.transport = transport;
    made.client = "clients/1 \"ü\"";
    made.locale = "de, en;q=0.5";
    made.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    made.meta_json = R"({"progressToken":"x"})";
    const auto kept = round_trip(made);
    const auto again = kept.request();
    EXPECT_EQ(again.transport, transport);
    EXPECT_EQ(again.client, made.client);
    EXPECT_EQ(again.locale, made.locale);
    EXPECT_EQ(again.traceparent, made.traceparent);
    EXPECT_EQ(again.meta_json, made.meta_json);
  }
}

TEST_F(KeptRequestTest, IsTextWhateverBytesAHeaderHad) {
  auto made = request();
  made.client = "\xff\xfe client";
  const auto kept = round_trip(made);
  EXPECT_EQ(kept.request().client, "\uFFFD\uFFFD client");
}

TEST_F(KeptRequestTest, IsRefusedWhenItIsDamaged) {
  const auto whole = to_kept(request(), tool_->skills[0]);
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(KeptRequest::read(whole.substr(0, size))) << size;
  for (const auto* text : {"[]", "{}", "7", R"({"input":"{}"})", R"({"input":"{","options":{}})",
                           R"({"input":7,"options":{}})", R"({"input":"{}","options":{"timeout_ms":"soon"}})"})
    EXPECT_FALSE(KeptRequest::read(text)) << text;
}

}  // namespace
}  // namespace toolrack::call::jobs
