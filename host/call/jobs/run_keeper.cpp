#include "call/jobs/run_keeper.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

#include "call/jobs/job_store.hpp"

namespace toolrack::call::jobs {

RunKeeper::RunKeeper(store::Store& store, base::Loop& loop, std::string job_id, RunNote note)
    : store_(store), loop_(loop), job_id_(std::move(job_id)), note_(std::move(note)) {}

void RunKeeper::keep(Kept kept, Done done) {
  // Shared, because std::function wants to be copied.
  const auto what = std::make_shared<const Kept>(std::move(kept));
  add({[this, what](RunNote& next) {
         store::Commit commit;
         next.state_pieces = put_blob(commit, job_id_, Blob::kState, what->checkpoint.state);
         delete_blob(commit, job_id_, Blob::kState, next.state_pieces, most_pieces(registry::kMaxCheckpointBytes));
         // Partials only grow: the pieces that are full stay as they are.
         next.partial_pieces = put_blob(commit, job_id_, Blob::kPartials, what->partials, piece_of(next.partial_bytes));
         next.partial_bytes = what->partials.size();
         next.has_checkpoint = true;
         next.progress = what->progress;
         next.backend = what->backend;
         next.raw_cost_micros.reset();
         if (what->checkpoint.raw_cost) next.raw_cost_micros = what->checkpoint.raw_cost->micros();
         next.meters = what->checkpoint.meters;
         return commit;
       },
       std::move(done)});
}

void RunKeeper::set_aside(Done done) {
  add({[](RunNote& next) {
         ++next.stops;
         return store::Commit();
       },
       std::move(done)});
}

void RunKeeper::add(Step step) {
  if (is_over_) {
    boost::asio::post(loop_.context(), [done = std::move(step.done)] {
      done(base::fail(base::ErrorCode::kCancelled, "the job has ended"));
    });
    return;
  }
  waiting_.push_back(std::move(step));
  if (!is_under_way_) run_next();
}

void RunKeeper::run_next() {
  if (waiting_.empty()) return;
  auto step = std::move(waiting_.front());
  waiting_.pop_front();
  auto next = note_;
  auto changes = step.make(next);
  store::Commit commit{expect_unfinished(job_id_)};
  std::ranges::move(changes, std::back_inserter(commit));
  put_note(commit, job_id_, next);
  is_under_way_ = true;
  store_.submit(std::move(commit), [self = shared_from_this(), next = std::move(next),
                                    done = std::move(step.done)](base::Result<store::Receipt> written) {
    boost::asio::post(self->loop_.context(),
                      [self, next, done, written = std::move(written)] { self->finished(next, written, done); });
  });
}

void RunKeeper::finished(const RunNote& next, const base::Result<store::Receipt>& written, const Done& done) {
  is_under_way_ = false;
  if (written && written->accepted()) note_ = next;
  if (!is_over_) run_next();
  if (!written) return done(tl::unexpected(written.error()));
  if (!written->accepted()) return done(base::fail(base::ErrorCode::kCancelled, "the job has ended"));
  done({});
}

void RunKeeper::forget(store::Commit& commit) {
  is_over_ = true;
  forget_run(commit, job_id_, note_);
  for (auto& step : std::exchange(waiting_, {}))
    boost::asio::post(loop_.context(), [done = std::move(step.done)] {
      done(base::fail(base::ErrorCode::kCancelled, "the job has ended"));
    });
}

}  // namespace toolrack::call::jobs
