/// A gateway with tools of the tests, and requests to its REST routes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "support/fake_skill.hpp"
#include "support/http_client.hpp"
#include "support/test_rack.hpp"

namespace toolrack::rest {

struct FakeTool {
  std::shared_ptr<testing::InstantSkill> echo = std::make_shared<testing::InstantSkill>();
  std::shared_ptr<testing::LaterSkill> later = std::make_shared<testing::LaterSkill>();
  std::shared_ptr<testing::WaitingSkill> waiting = std::make_shared<testing::WaitingSkill>();

  std::shared_ptr<const registry::Tool> make() const {
    using base::ErrorCode;
    using testing::InstantSkill;
    const auto failing = [](base::Error error) { return std::make_shared<InstantSkill>(error); };
    const auto parts = std::make_shared<InstantSkill>([](const auto&) {
      auto outcome = testing::success("");
      outcome.parts.push_back({.type = registry::Part::Type::kText, .text = "t"});
      outcome.parts.push_back({.type = registry::Part::Type::kImage, .media_type = "image/png", .bytes = "PNG"});
      return outcome;
    });
    const std::string input = R"({"type":"object","properties":{"text":{"type":"string"}}})";
    const auto price = base::Money::from_micros(3'000);
    return testing::make_tool(
        "fake",
        {{.name = "echo", .handler = echo, .input = input},
         {.name = "priced", .handler = echo, .price = price, .providers = {"acme"}},
         {.name = "kept", .handler = echo, .read_only = true, .cache_ttl = std::chrono::hours(1)},
         {.name = "careful", .handler = echo, .confirm = true},
         {.name = "fail", .handler = failing(base::Error(ErrorCode::kToolError, "locked").with_name("fake.locked"))},
         {.name = "upstream", .handler = failing({ErrorCode::kProviderError, "the provider said no"})},
         {.name = "limited",
          .handler = failing(
              base::Error(ErrorCode::kRateLimited, "slow down").with_retry_after(std::chrono::milliseconds(2'500)))},
         {.name = "liar", .handler = std::make_shared<InstantSkill>("5"), .output = R"({"type":"object"})"},
         {.name = "parts", .handler = parts},
         {.name = "later", .handler = later},
         {.name = "waiting", .handler = waiting}});
  }
};

inline testing::HeaderList json_headers(const std::string& key = "") {
  testing::HeaderList headers{{"Content-Type", "application/json"}};
  if (!key.empty()) headers.emplace_back("Authorization", "Bearer " + key);
  return headers;
}

}  // namespace toolrack::rest
