/// The embedding endpoint, as a server that answers well or badly.
#include "services/knowledge/http_embedder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "base/json.hpp"
#include "base/metrics.hpp"
#include "support/scripted_http_server.hpp"

namespace toolrack::services::knowledge {
namespace {

using namespace std::chrono_literals;
using base::ErrorCode;
using test::Reply;
using ::testing::HasSubstr;

class HttpEmbedderTest : public ::testing::Test {
 protected:
  HttpEmbedderTest() { loops_.start(); }
  ~HttpEmbedderTest() override {
    embedder_.reset();
    loops_.stop();
    clients_.clear();
  }
  HttpEmbedder& open(http::EgressPolicy::Settings egress = {.allow_loopback = true}, std::size_t dimensions = 0) {
    policy_.emplace(std::make_shared<const http::EgressPolicy>(http::EgressPolicy::create(egress).value()));
    std::vector<http::Client*> all;
    for (std::size_t i = 0; i < loops_.size(); ++i) {
      clients_.push_back(std::make_unique<http::Client>(loops_[i], *policy_, metrics_, http::Client::Settings{}));
      all.push_back(clients_.back().get());
    }
    embedder_.emplace(
        EmbeddingSettings{
            .url = server_.url("/v1/embeddings"), .model = "small", .credential = "x", .dimensions = dimensions},
        "sk-secret",
        HttpEmbedder::Dependencies{.loops = loops_, .clients = all, .state = state_, .clock = base::system_clock()});
    return *embedder_;
  }
  std::string failure(HttpEmbedder& embedder, std::chrono::milliseconds timeout = 10s) {
    const std::vector<std::string> texts = {"one", "two"};
    const auto vectors = embedder.embed(texts, timeout);
    return vectors ? "none" : vectors.error().message();
  }

  test::ScriptedHttpServer server_;
  base::Metrics metrics_;
  base::Loops loops_{1};
  std::optional<http::PublishedEgress> policy_;
  std::vector<std::unique_ptr<http::Client>> clients_;
  providers::ProviderState state_{"knowledge-embeddings", {}, metrics_};
  std::optional<HttpEmbedder> embedder_;
};

TEST_F(HttpEmbedderTest, AsksAsOpenAiDoesAndSortsTheAnswer) {
  server_.on("/v1/embeddings",
             Reply::json(R"({"object":"list","data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}]})"));
  const std::vector<std::string> texts = {"one", "two"};
  const auto vectors = open({.allow_loopback = true}, 2).embed(texts, 10s);
  ASSERT_TRUE(vectors) << vectors.error().message();
  EXPECT_EQ(*vectors, (std::vector<Vector>{{0.6F, 0.8F}, {0, 1}}));
  const auto request = server_.requests().at(0);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.header("authorization"), "Bearer sk-secret");
  EXPECT_EQ(request.header("content-type"), "application/json");
  const auto body = base::json::parse(request.body);
  ASSERT_TRUE(body);
  EXPECT_EQ(base::json::canonical(*body),
            R"({"dimensions":2,"encoding_format":"float","input":["one","two"],"model":"small"})");
}

TEST_F(HttpEmbedderTest, RefusesAnswersThatAreNone) {
  auto& embedder = open();
  for (const auto* body :
       {"", "[]", R"({"data":[]})", R"({"data":[{"embedding":[1]}]})",
        R"({"data":[{"embedding":[1]},{"embedding":[1,2]}]})",
        R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})",
        R"({"data":[{"index":7,"embedding":[1]},{"embedding":[1]}]})",
        R"({"data":[{"embedding":[0]},{"embedding":[1]}]})", R"({"data":[{"embedding":["1"]},{"embedding":[1]}]})",
        R"({"data":[{"embedding":[1e300]},{"embedding":[1]}]})", R"({"data":[{"embedding":[]},{"embedding":[1]}]})"}) {
    const auto read = HttpEmbedder::read(body, 2, 0);
    ASSERT_FALSE(read) << body;
    EXPECT_EQ(read.error().code(), ErrorCode::kProviderError) << body;
  }
  EXPECT_FALSE(HttpEmbedder::read(R"({"data":[{"embedding":[1,2]}]})", 1, 3)) << "other dimensions than were asked for";
  EXPECT_TRUE(HttpEmbedder::read(R"({"data":[{"embedding":[1,2]}]})", 1, 2)) << "the control";
  server_.on("/v1/embeddings", Reply::json(R"({"error":{"message":"sk-secret is wrong"}})", 401));
  EXPECT_EQ(failure(embedder), "the embedding endpoint answered with status 401");
}

TEST_F(HttpEmbedderTest, ASlowEndpointIsNotWaitedFor) {
  server_.on("/v1/embeddings", Reply::held(Reply::json("{}")));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_NE(failure(open(), 100ms), "none");
  EXPECT_LT(std::chrono::steady_clock::now() - began, 60s);
  server_.release();
}

TEST_F(HttpEmbedderTest, AnEndpointThatFailsAgainAndAgainIsGivenAPause) {
  auto& embedder = open();
  server_.on("/v1/embeddings", Reply::json("{}", 503));
  for (int i = 0; i < 4; ++i) EXPECT_THAT(failure(embedder), HasSubstr("status 503"));
  EXPECT_THAT(failure(embedder), HasSubstr("given a pause"));
  EXPECT_EQ(server_.requests().size(), 4u);
}

TEST_F(HttpEmbedderTest, TheEgressGuardStandsBeforeIt) {
  server_.on("/v1/embeddings", Reply::json("{}"));
  EXPECT_NE(failure(open({.allow_loopback = false})), "none");
  EXPECT_TRUE(server_.requests().empty());
}

TEST_F(HttpEmbedderTest, ClosingLetsGoOfWhatWaits) {
  server_.on("/v1/embeddings", Reply::held(Reply::json("{}")));
  auto& embedder = open();
  auto waiting = std::async(std::launch::async, [&] { return failure(embedder, 300s); });
  ASSERT_TRUE(server_.wait_for_requests(1));
  embedder.close();
  EXPECT_NE(waiting.get(), "none");
  EXPECT_THAT(failure(embedder), HasSubstr("stopping"));
  EXPECT_EQ(state_.breaker(base::system_clock().monotonic_ns()), providers::Breaker::kClosed);
  server_.release();
}

}  // namespace
}  // namespace toolrack::services::knowledge
