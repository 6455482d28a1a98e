/// A client on a loop that the test itself turns.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "services/http/client.hpp"
#include "support/patience.hpp"

namespace toolrack::test {

using namespace std::chrono_literals;
using base::ErrorCode;
using services::http::Client;
using services::http::EgressPolicy;
using services::http::Failure;
using services::http::Header;
using services::http::Outcome;
using services::http::Request;
using services::http::RequestId;
using services::http::Response;
using services::http::Sent;
using services::http::Sink;

inline std::shared_ptr<const EgressPolicy> make_policy(const EgressPolicy::Settings& settings) {
  return std::make_shared<const EgressPolicy>(EgressPolicy::create(settings).value());
}

class HttpFixture {
 public:
  explicit HttpFixture(EgressPolicy::Settings policy_settings = {.allow_loopback = true},
                       Client::Settings settings = {})
      : policy(make_policy(policy_settings)) {
    client.emplace(loop, policy, metrics, std::move(settings));
  }

  /// Turns the loop until `ready`; false when nothing came of it within `limit`.
  bool run_until(const std::function<bool()>& ready, std::chrono::milliseconds limit = kPatience) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!ready()) {
      if (std::chrono::steady_clock::now() >= end) return false;
      loop.context().run_one_for(10ms);
    }
    return true;
  }

  Outcome send(Request request, Sink* sink = nullptr) {
    const auto outcome =
        std::make_shared<std::optional<Outcome>>();  // `done` may come when this function has given up.
    client->send(std::move(request), sink, [outcome](Outcome result) { *outcome = std::move(result); });
    EXPECT_FALSE(*outcome) << "done ran inside send";
    if (!run_until([&] { return outcome->has_value(); })) {
      ADD_FAILURE() << "no outcome";
      return tl::unexpected(Failure{base::Error(ErrorCode::kInternal, "no outcome"), Sent::kMaybe});
    }
    return std::move(**outcome);
  }

  Outcome get(std::string url) { return send({.url = std::move(url)}); }

  /// The value of one line of the metrics, "" when there is none.
  std::string metric(const std::string& name) const {
    const auto text = metrics.render();
    const auto at = text.find("\n" + name + " ");
    if (at == std::string::npos) return {};
    const auto begin = at + name.size() + 2;
    return text.substr(begin, text.find('\n', begin) - begin);
  }

  base::Loop loop{0};
  base::Metrics metrics;
  services::http::PublishedEgress policy;
  std::optional<Client> client;
};

/// The first header of that name.
inline std::string header_of(const Response& response, std::string_view name) {
  for (const auto& header : response.headers) {
    if (header.name == name) return header.value;
  }
  return {};
}

}  // namespace toolrack::test
