/// Webhooks over a store in memory and a client of their own, at a time that the test moves.
#pragma once

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "call/jobs/job_store.hpp"
#include "call/jobs/webhook_delivery.hpp"
#include "call/jobs/webhooks.hpp"
#include "support/fake_clock.hpp"
#include "support/memory_store.hpp"
#include "support/patience.hpp"

namespace toolrack::call::jobs {

class WebhooksFixture : public ::testing::Test {
 protected:
  using Policy = services::http::EgressPolicy;
  explicit WebhooksFixture(const Policy::Settings& policy = {.allow_loopback = true}, bool is_local = true,
                           services::http::Client::Settings client = {})
      : egress_(std::make_shared<const Policy>(*Policy::create(policy))),
        client_settings_(std::move(client)),
        is_local_(is_local) {
    loops_.start();
    restart();
  }
  ~WebhooksFixture() override {
    webhooks_->stop();
    loops_.stop();
    pool_.stop();
  }

  /// As a gateway that begins; what was before is gone, the client and what it remembers too.
  void restart() {
    if (webhooks_) {
      EXPECT_TRUE(webhooks_->wait_until_idle(test::kPatience));
      webhooks_->stop();
    }
    std::promise<void> made;
    boost::asio::post(loops_[0].context(), [&] {
      client_.emplace(loops_[0], egress_, metrics_, client_settings_);
      made.set_value();
    });
    made.get_future().wait();
    webhooks_.emplace(Webhooks::Dependencies{.store = store_,
                                             .clock = clock_,
                                             .metrics = metrics_,
                                             .loops = loops_,
                                             .clients = {&*client_},
                                             .pool = pool_,
                                             .egress = egress_,
                                             .secrets = secrets_,
                                             .allows_plain_loopback = is_local_});
  }
  /// A job that has ended; its id.
  std::string owe(std::string url, std::string_view result = R"({"result":{"output":1}})",
                  std::string account = "acc_one") {
    Job job;
    job.id = make_job_id();
    job.account = std::move(account);
    job.tool = "tool";
    job.version = "1.0.0";
    job.skill = "skill";
    job.request_id = "req";
    job.webhook = std::move(url);
    job.created_ns = clock_.unix_ns();
    wait([&](auto done) { jobs_.create(job, {}, std::move(done)); });
    job.status = Status::kCompleted;
    job.ended_ns = clock_.unix_ns();
    job.expires_ns = job.ended_ns + std::chrono::nanoseconds(std::chrono::hours(7 * 24)).count();
    wait([&](auto done) { jobs_.finish(job, result, {}, std::move(done)); });
    return job.id;
  }
  void wait(const std::function<void(store::Done)>& submit) {
    std::promise<bool> promise;
    submit([&](const base::Result<store::Receipt>& result) { promise.set_value(result && result->accepted()); });
    EXPECT_TRUE(promise.get_future().get());
  }
  /// What is due now has been attempted and recorded.
  void send() {
    webhooks_->start();
    EXPECT_TRUE(webhooks_->wait_until_idle(test::kPatience));
  }
  WebhookDelivery delivery(const std::string& id) {
    auto found = WebhookStore(store_).find(id);
    EXPECT_TRUE(found && *found) << id;
    return found && *found ? **found : WebhookDelivery{};
  }
  std::size_t owed() {
    return WebhookStore(store_).due(INT64_MAX, 1'000, [](const auto&) { return true; })->due.size();
  }

  testing::FakeClock clock_;
  testing::MemoryStore store_;
  base::Metrics metrics_;
  base::Pool pool_{"webhooks", 4};
  base::Loops loops_{1};
  services::http::PublishedEgress egress_;
  const services::http::Client::Settings client_settings_;
  std::optional<services::http::Client> client_;
  WebhookSecrets secrets_{store_, clock_};
  JobStore jobs_{store_};
  const bool is_local_;
  std::optional<Webhooks> webhooks_;
};

}  // namespace toolrack::call::jobs
