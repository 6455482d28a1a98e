/// Tells the webhooks of jobs that these have ended: a signed POST of the job, again and again until it is taken or
/// about a day is over. At least once, always under the same webhook-id, which is the job's.
///
/// What is owed lies in the store (webhook_delivery.hpp), so a process that ends takes nothing with it. An attempt that
/// was not recorded is made again.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "call/jobs/webhook_secrets.hpp"
#include "services/http/client.hpp"
#include "services/http/egress.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

class Webhooks {
 public:
  /// All outlive it, but a client may go after `stop`, on its loop.
  struct Dependencies {
    store::Store& store;
    const base::Clock& clock;
    base::Metrics& metrics;
    base::Loops& loops;
    std::vector<services::http::Client*> clients;  ///< By loop index.
    base::Pool& pool;                              ///< For what waits for the store.
    const services::http::PublishedEgress& egress;
    WebhookSecrets& secrets;
    bool allows_plain_loopback = false;  ///< Local mode: http to this very machine.
  };
  explicit Webhooks(Dependencies dependencies);
  ~Webhooks();  ///< After `stop`.

  // Any thread.

  /// May a job have this one? See check_webhook_url.
  base::Result<void> check(std::string_view url) const;
  /// "https://tools.example.com", for links to what is too large to be sent; empty: they begin with a slash.
  void set_base_url(std::string_view url);
  /// From now on sends what is due, soon after it is, until `stop`. Before that nothing is sent.
  void start();
  /// Something may be due. Returns at once.
  void look();
  /// Nothing is sent any more, and what is being sent is left to the next gateway.
  void stop();
  /// Nothing is being sent or recorded; false when that was not so before `patience` was over. Not on a loop or in the
  /// pool.
  bool wait_until_idle(std::chrono::milliseconds patience);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  // Shared with requests, timers and tasks on their way.
};

}  // namespace toolrack::call::jobs
