/// Requests to providers as spans.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/telemetry/tracer.hpp"
#include "support/recorded_spans.hpp"
#include "support/scripted_http_server.hpp"
#include "unit/services/http_fixture.hpp"

namespace toolrack::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using toolrack::testing::record_all;
using toolrack::testing::take_spans;

const auto kParent = *base::parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

class RequestSpanTest : public ::testing::Test {
 protected:
  RequestSpanTest() {
    tracer_.apply(record_all());
    http_.client.emplace(http_.loop, http_.policy, http_.metrics, Client::Settings{}, &tracer_);
    server_.on("/v1/secret-path", Reply::json("{}"));
  }
  ~RequestSpanTest() override { http_.client.reset(); }
  Request request(std::string path) {
    return {.url = server_.url(path), .headers = {}, .body = {}, .private_texts = {}, .trace = kParent};
  }

  ScriptedHttpServer server_;
  HttpFixture http_;
  services::telemetry::Tracer tracer_{1, base::system_clock(), http_.metrics};
};

TEST_F(RequestSpanTest, SaysWhomItWentToAndWhatCameOfIt) {
  EXPECT_TRUE(http_.send(request("/v1/secret-path?key=secret")));
  const auto spans = take_spans(tracer_);
  ASSERT_EQ(spans.size(), 1u);
  const auto& one = spans.front();
  EXPECT_EQ(one.name, "GET");
  EXPECT_EQ(one.kind, 3);
  EXPECT_EQ(one.parent, "00f067aa0ba902b7");
  EXPECT_EQ(one.at("http.request.method"), "GET");
  EXPECT_EQ(one.at("server.address"), "127.0.0.1");
  EXPECT_EQ(one.at("server.port"), std::to_string(server_.port()));
  EXPECT_EQ(one.at("http.response.status_code"), "200");
  EXPECT_EQ(one.at("url.full"), server_.url("/REDACTED"));
  for (const auto& [key, value] : one.attributes) EXPECT_THAT(value, Not(HasSubstr("secret"))) << key;
  EXPECT_FALSE(server_.requests().at(0).has_header("traceparent")) << "providers are not told unless they should be";
}

TEST_F(RequestSpanTest, AnErrorIsOne) {
  EXPECT_TRUE(http_.send(request("/nothing")));
  auto gone = request("/");
  gone.url = "http://127.0.0.1:1/";
  EXPECT_FALSE(http_.send(std::move(gone)));
  const auto spans = take_spans(tracer_);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0].at("error.type"), "404");
  EXPECT_EQ(spans[0].status, 2);
  EXPECT_EQ(spans[1].at("error.type"), "provider_unavailable");
  EXPECT_EQ(spans[1].at("http.response.status_code"), "(absent)");
}

TEST_F(RequestSpanTest, TellsTheProviderWhereThatIsWanted) {
  auto settings = record_all();
  settings.tells_providers = true;
  tracer_.apply(settings);
  EXPECT_TRUE(http_.send(request("/v1/secret-path")));
  auto own = request("/v1/secret-path");
  own.headers.push_back({"Traceparent", "its own"});
  EXPECT_TRUE(http_.send(std::move(own)));
  const auto spans = take_spans(tracer_);
  EXPECT_EQ(server_.requests().at(0).header("traceparent"),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-" + spans.at(0).id + "-01");
  EXPECT_EQ(server_.requests().at(1).header("traceparent"), "its own");
}

TEST_F(RequestSpanTest, WithoutARecordedTraceThereIsNone) {
  auto nobodys = request("/v1/secret-path");
  nobodys.trace.reset();
  EXPECT_TRUE(http_.send(std::move(nobodys)));
  auto unsampled = request("/v1/secret-path");
  unsampled.trace->flags = 0;
  EXPECT_TRUE(http_.send(std::move(unsampled)));
  tracer_.apply({});
  EXPECT_TRUE(http_.send(request("/v1/secret-path")));
  EXPECT_THAT(take_spans(tracer_), IsEmpty());
}

}  // namespace
}  // namespace toolrack::test
