#include "call/jobs/webhook_delivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/clock.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;
using base::Result;
using State = WebhookDelivery::State;

constexpr std::string_view kWebhooks = "job_webhooks", kDue = "job_webhooks_due";
constexpr std::array<std::string_view, 3> kStateNames{"pending", "delivered", "failed"};

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
/// Before the second attempt, the third, and so on: 23 hours and 21 minutes in all.
constexpr std::array<seconds, 9> kPauses{seconds(5), minutes(1), minutes(5), minutes(15), hours(1),
                                         hours(2),   hours(4),   hours(8),   hours(8)};

std::string due_key(std::int64_t due_ns, std::string_view job_id) { return fmt::format("{:020}/{}", due_ns, job_id); }

void put_time(json::Writer& writer, std::string_view name, std::int64_t unix_ns) {
  if (unix_ns == 0) return;
  json::key(writer, name);
  json::put(writer, base::to_rfc3339(unix_ns).text);
}

std::string delivery_document(const WebhookDelivery& delivery) {
  return fmt::format(R"({{"attempts":{},"due_ns":{},"ended_ns":{},"last_error":{},"state":"{}"}})", delivery.attempts,
                     delivery.due_ns, delivery.ended_ns, json::quote(delivery.last_error),
                     kStateNames[static_cast<std::size_t>(delivery.state)]);
}

Result<WebhookDelivery> read_delivery(std::string_view job_id, std::string_view text) {
  const auto document = json::parse(text);
  const auto state =
      document ? std::ranges::find(kStateNames, json::find_string(*document, "state").value_or("")) : kStateNames.end();
  if (state == kStateNames.end())
    return base::fail(base::ErrorCode::kStoreFailed, fmt::format("the webhook of job {} cannot be read", job_id));
  return WebhookDelivery{
      .state = static_cast<State>(state - kStateNames.begin()),
      .attempts = static_cast<std::uint32_t>(json::find_int(*document, "attempts").value_or(0)),
      .due_ns = json::find_int(*document, "due_ns").value_or(0),
      .ended_ns = json::find_int(*document, "ended_ns").value_or(0),
      .last_error = std::string(json::find_string(*document, "last_error").value_or("")),
  };
}

/// Its document says whose it is, so that a scan need not read the jobs.
store::Put put_due(std::int64_t due_ns, std::string_view job_id, std::string_view account) {
  return {std::string(kDue), due_key(due_ns, job_id), fmt::format(R"({{"account":{}}})", json::quote(account))};
}

}  // namespace

std::string webhook_json(const Job& job, const WebhookDelivery* delivery) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  json::key(writer, "url");
  json::put(writer, job.webhook);
  json::key(writer, "status");
  json::put(writer, delivery == nullptr ? "waiting" : kStateNames[static_cast<std::size_t>(delivery->state)]);
  json::key(writer, "attempts");
  writer.Uint(delivery == nullptr ? 0 : delivery->attempts);
  if (delivery != nullptr) {
    if (!delivery->last_error.empty()) {
      json::key(writer, "last_error");
      json::put(writer, delivery->last_error);
    }
    if (delivery->state == State::kPending) put_time(writer, "next_attempt_at", delivery->due_ns);
    if (delivery->state == State::kDelivered) put_time(writer, "delivered_at", delivery->ended_ns);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

std::optional<std::chrono::nanoseconds> pause_after(std::uint32_t attempts, std::uint32_t random) noexcept {
  if (attempts == 0) return std::chrono::nanoseconds(0);
  if (attempts > kPauses.size()) return std::nullopt;
  const std::chrono::nanoseconds pause = kPauses[attempts - 1];
  return pause / 100 * (80 + random % 41);  // A fifth less to a fifth more.
}

void owe_webhook(store::Commit& commit, const Job& job) {
  if (job.webhook.empty()) return;
  const WebhookDelivery owed{.due_ns = job.ended_ns, .last_error = {}};
  commit.emplace_back(store::Put{std::string(kWebhooks), job.id, delivery_document(owed)});
  commit.emplace_back(put_due(owed.due_ns, job.id, job.account));
}

void forget_webhook(store::Commit& commit, std::string_view job_id) {
  commit.emplace_back(store::Delete{std::string(kWebhooks), std::string(job_id)});
}

Result<std::optional<WebhookDelivery>> WebhookStore::find(std::string_view job_id) {
  const auto document = TRY(store_.get(kWebhooks, job_id));
  if (!document) return std::nullopt;
  return TRY(read_delivery(job_id, document->json));
}

Result<WebhookStore::DueList> WebhookStore::due(std::int64_t now_unix_ns, std::size_t limit,
                                                const std::function<bool(const Due&)>& wants) {
  DueList list;
  const auto snapshot = TRY(store_.snapshot());
  const auto last = due_key(now_unix_ns, "~");
  TRY(snapshot->scan(
      kDue, "", "", store::Snapshot::Order::kForward, [&](std::string_view key, const store::Document& document) {
        const auto slash = std::min(key.find('/'), key.size());
        if (key > last) {
          std::from_chars(key.data(), key.data() + slash, list.next_ns);
          return false;
        }
        const auto parsed = json::parse(document.json);
        Due due{.key = std::string(key),
                .job_id = std::string(key.substr(std::min(slash + 1, key.size()))),
                .account = std::string(parsed ? json::find_string(*parsed, "account").value_or("") : "")};
        if (wants(due)) list.due.push_back(std::move(due));
        return list.due.size() < limit;
      }));
  return list;
}

Result<void> WebhookStore::record(const Due& attempted, const WebhookDelivery& delivery) {
  // One version when it was owed, and one an attempt: a job that was forgotten meanwhile does not come back in part.
  store::Commit commit{store::ExpectVersion{std::string(kWebhooks), attempted.job_id, delivery.attempts},
                       store::Delete{std::string(kDue), attempted.key},
                       store::Put{std::string(kWebhooks), attempted.job_id, delivery_document(delivery)}};
  if (delivery.state == State::kPending)
    commit.emplace_back(put_due(delivery.due_ns, attempted.job_id, attempted.account));
  const auto receipt = TRY(store_.commit(std::move(commit)));
  return receipt.accepted() ? Result<void>() : drop(attempted);
}

bool WebhookStore::is_current(const Due& due, const WebhookDelivery& delivery) {
  return delivery.state == State::kPending && due.key == due_key(delivery.due_ns, due.job_id);
}

Result<void> WebhookStore::drop(const Due& due) {
  TRY(store_.commit({store::Delete{std::string(kDue), due.key}}));
  return {};
}

}  // namespace toolrack::call::jobs
