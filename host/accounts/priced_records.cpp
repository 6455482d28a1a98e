#include "accounts/priced_records.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "accounts/usage_buffer.hpp"
#include "accounts/usage_rows.hpp"

namespace toolrack::accounts {

using base::ErrorCode;

void PricedRecords::add(const Owner& owner, base::Loop& loop, const UsageRecord& record, Done done) {
  Batch batch;
  {
    base::Lock lock(mutex_);
    append_bytes(next_.bytes, record);
    next_.waiting.push_back({&loop, std::move(done)});
    ++unanswered_;
    if (std::exchange(is_committing_, true)) return;
    batch = std::exchange(next_, {});
  }
  submit(owner, std::move(batch));
}

void PricedRecords::submit(const Owner& owner, Batch batch) {
  std::vector<UsageRecord> records;
  read_records(batch.bytes, records);
  std::ranges::stable_sort(records, {}, [](const UsageRecord& one) { return one.started_unix_ns + one.latency_ns; });
  store::Commit commit;
  append_usage(commit, records, next_name_());
  // Shared because std::function wants to be copied.
  auto shared = std::make_shared<Batch>(std::move(batch));
  store_.submit(std::move(commit),
                [this, owner, shared](base::Result<store::Receipt> result) { finish(owner, *shared, result); });
}

void PricedRecords::finish(const Owner& owner, Batch& batch, const base::Result<store::Receipt>& result) {
  base::Result<void> outcome;
  if (!result)
    outcome = tl::unexpected(result.error());
  else if (!result->accepted())
    outcome = base::fail(ErrorCode::kStoreFailed, "The store refused the usage records of priced calls.");

  Batch next;
  {
    base::Lock lock(mutex_);
    is_committing_ = !next_.waiting.empty();
    next = std::exchange(next_, {});
  }
  // Not on the store's thread, which has others to serve.
  if (!next.waiting.empty()) {
    auto shared = std::make_shared<Batch>(std::move(next));
    const auto go_on = [this, owner, shared] { submit(owner, std::move(*shared)); };
    if (!pool_.post(go_on)) go_on();
  }

  // One turn of each loop for all that it waits for.
  std::ranges::stable_sort(batch.waiting, {}, [](const Waiting& one) { return one.loop->index(); });
  for (auto first = batch.waiting.begin(); first != batch.waiting.end();) {
    auto* const loop = first->loop;
    const auto last = std::find_if(first, batch.waiting.end(), [&](const Waiting& one) { return one.loop != loop; });
    std::vector<Waiting> ours(std::make_move_iterator(first), std::make_move_iterator(last));
    boost::asio::post(loop->context(), [ours = std::move(ours), outcome]() mutable {
      for (auto& one : ours) one.done(outcome);
    });
    first = last;
  }

  base::Lock lock(mutex_);
  unanswered_ -= batch.waiting.size();
  if (unanswered_ == 0) all_answered_.notify_all();
}

void PricedRecords::wait() {
  base::Lock lock(mutex_);
  while (unanswered_ > 0) lock.wait(all_answered_);
}

}  // namespace toolrack::accounts
