#include "call/jobs/job_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/utf8.hpp"
#include "call/jobs/webhook_delivery.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;
using base::Result;

constexpr std::string_view kJobs = "jobs", kByAccount = "jobs_by_account", kByExpiry = "jobs_by_expiry",
                           kUnfinished = "jobs_unfinished", kResults = "job_results";
/// As a JSON string it is twice as long at most: JSON text has no control characters, and a document may have 1 MiB.
constexpr std::size_t kPieceBytes = 400'000;
/// Handled in one go, so that a snapshot is held for a moment only.
constexpr std::size_t kJobBatch = 256;
/// As it is right after `create`.
constexpr std::uint64_t kCreatedVersion = 1;

std::string by_account(std::string_view account, std::string_view id) { return fmt::format("{}/{}", account, id); }

/// Byte order is the order of time.
std::string by_expiry(std::int64_t expires_ns, std::string_view id) { return fmt::format("{:020}/{}", expires_ns, id); }

std::string piece_key(std::string_view id, std::uint32_t index) { return fmt::format("{}/{:04}", id, index); }

}  // namespace

store::ExpectVersion expect_unfinished(std::string_view job_id) {
  return {std::string(kJobs), std::string(job_id), kCreatedVersion};
}

void JobStore::create(const Job& job, store::Commit more, store::Done done) {
  store::Commit commit{store::PutIfAbsent{std::string(kJobs), job.id, to_document(job)},
                       store::Put{std::string(kByAccount), by_account(job.account, job.id), "{}"},
                       store::Put{std::string(kUnfinished), job.id, "{}"}};
  std::ranges::move(more, std::back_inserter(commit));
  store_.submit(std::move(commit), std::move(done));
}

void JobStore::finish(Job job, std::string_view result_json, store::Commit more, store::Done done) {
  store::Commit commit{expect_unfinished(job.id), store::Delete{std::string(kUnfinished), job.id},
                       store::Put{std::string(kByExpiry), by_expiry(job.expires_ns, job.id), "{}"}};
  for (job.pieces = 0; !result_json.empty(); ++job.pieces) {
    const auto piece = base::truncate_utf8(result_json, kPieceBytes);
    result_json.remove_prefix(piece.size());
    commit.emplace_back(store::Put{std::string(kResults), piece_key(job.id, job.pieces), json::quote(piece)});
  }
  commit.emplace_back(store::Put{std::string(kJobs), job.id, to_document(job)});
  owe_webhook(commit, job);
  std::ranges::move(more, std::back_inserter(commit));
  store_.submit(std::move(commit), std::move(done));
}

Result<std::optional<Job>> JobStore::find(std::string_view id) {
  if (!is_job_id(id)) return std::nullopt;
  const auto document = TRY(store_.get(kJobs, id));
  if (!document) return std::nullopt;
  return TRY(from_document(id, document->json));
}

Result<std::string> JobStore::result(const Job& job) {
  std::string whole;
  if (job.pieces == 0) return whole;
  const auto snapshot = TRY(store_.snapshot());
  for (std::uint32_t i = 0; i < job.pieces; ++i) {
    const auto document = TRY(snapshot->get(kResults, piece_key(job.id, i)));
    const auto piece = document ? json::parse(document->json)
                                : Result<json::Document>(base::fail(base::ErrorCode::kStoreFailed, "no such document"));
    if (!piece || !piece->IsString()) {  // Swept this moment, or damaged.
      if (!TRY(snapshot->get(kJobs, job.id))) return tl::unexpected(job_not_found(job.id));
      return base::fail(base::ErrorCode::kStoreFailed, fmt::format("the result of job {} cannot be read", job.id));
    }
    whole += json::view(*piece);
  }
  return whole;
}

Result<std::vector<Job>> JobStore::list(std::string_view account, std::string_view after, std::size_t limit) {
  std::vector<Job> found;
  const auto snapshot = TRY(store_.snapshot());
  const auto prefix = by_account(account, "");
  std::vector<std::string> ids;
  TRY(snapshot->scan(kByAccount, prefix, after.empty() ? std::string() : prefix + std::string(after),
                     store::Snapshot::Order::kBackward, [&](std::string_view key, const store::Document&) {
                       const auto id = key.substr(prefix.size());
                       // An account whose name continues with a slash shares the prefix.
                       if (is_job_id(id) && (after.empty() || id < after)) ids.emplace_back(id);
                       return ids.size() < limit;
                     }));
  for (const auto& id : ids) {
    const auto document = TRY(snapshot->get(kJobs, id));
    if (!document) continue;
    if (auto job = from_document(id, document->json)) found.push_back(*std::move(job));
  }
  return found;
}

Result<JobStore::Leftovers> JobStore::finish_leftovers(const std::function<void(Job&, const base::Error*)>& end) {
  Leftovers leftovers;
  std::string last;
  for (;;) {
    std::vector<std::string> ids;
    store::Commit commit;
    {
      const auto snapshot = TRY(store_.snapshot());
      TRY(snapshot->scan(kUnfinished, "", last, store::Snapshot::Order::kForward,
                         [&](std::string_view key, const store::Document&) {
                           if (key != last) ids.emplace_back(key);
                           return ids.size() < kJobBatch;
                         }));
      for (const auto& id : ids) TRY(finish_leftover(*snapshot, id, end, leftovers, commit));
    }
    if (ids.empty()) return leftovers;
    last = ids.back();
    if (!commit.empty()) TRY(store_.commit(std::move(commit)));
  }
}

Result<void> JobStore::finish_leftover(store::Snapshot& snapshot, const std::string& id,
                                       const std::function<void(Job&, const base::Error*)>& end, Leftovers& leftovers,
                                       store::Commit& commit) {
  const auto document = TRY(snapshot.get(kJobs, id));
  auto job = from_document(id, document ? document->json : "");
  // One that cannot be read must not keep a gateway from starting; whoever asks for it is told.
  if (!job || is_over(job->status)) {
    commit.emplace_back(store::Delete{std::string(kUnfinished), id});
    return {};
  }
  const auto note = find_note(snapshot, id);
  const auto reason = !note ? std::optional(note.error()) : *note ? obstacle(**note) : std::nullopt;
  if (note && *note && !reason) {
    leftovers.waiting.emplace_back(*std::move(job), **note);
    return {};
  }
  end(*job, reason ? &*reason : nullptr);
  ++leftovers.ended;
  if (note && *note) job->runs = (*note)->runs;
  commit.emplace_back(store::Delete{std::string(kUnfinished), id});
  commit.emplace_back(store::Put{std::string(kJobs), id, to_document(*job)});
  commit.emplace_back(store::Put{std::string(kByExpiry), by_expiry(job->expires_ns, id), "{}"});
  if (!note || *note) forget_run(commit, id, note ? **note : RunNote());
  owe_webhook(commit, *job);
  return {};
}

Result<std::size_t> JobStore::sweep(std::int64_t now_unix_ns) {
  std::size_t removed = 0;
  for (;;) {
    std::size_t seen = 0;
    store::Commit commit;
    {
      const auto snapshot = TRY(store_.snapshot());
      std::vector<std::string> keys;
      TRY(snapshot->scan(kByExpiry, "", "", store::Snapshot::Order::kForward,
                         [&, now = by_expiry(now_unix_ns, "~")](std::string_view key, const store::Document&) {
                           if (key > now) return false;
                           keys.emplace_back(key);
                           return keys.size() < kJobBatch;
                         }));
      seen = keys.size();
      for (auto& key : keys) {
        const auto id = key.substr(std::min(key.find('/') + 1, key.size()));
        if (const auto document = TRY(snapshot->get(kJobs, id))) {
          if (const auto job = from_document(id, document->json)) {
            for (std::uint32_t i = 0; i < job->pieces; ++i)
              commit.emplace_back(store::Delete{std::string(kResults), piece_key(id, i)});
            commit.emplace_back(store::Delete{std::string(kByAccount), by_account(job->account, id)});
          }
          commit.emplace_back(store::Delete{std::string(kJobs), id});
          forget_webhook(commit, id);
          ++removed;
        }
        commit.emplace_back(store::Delete{std::string(kByExpiry), std::move(key)});
      }
    }
    if (seen == 0) return removed;
    TRY(store_.commit(std::move(commit)));
    if (seen < kJobBatch) return removed;
  }
}

}  // namespace toolrack::call::jobs
