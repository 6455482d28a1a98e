/// Jobs that an earlier process has left, and that go on.
#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error_json.hpp"
#include "call/jobs/jobs_impl.hpp"

namespace toolrack::call::jobs {
namespace {

/// So many jobs are read at once.
constexpr std::size_t kResumeBatch = 64;

base::Error cannot_go_on(const base::Error& error) {
  return base::Error(error.code(), "the job cannot go on after the restart: " + error.message(),
                     std::string(error.hint()))
      .with_name(std::string(error.name()));
}

}  // namespace

void Jobs::Impl::end_waiting(WaitingJob waiting, Status status, const base::Error& error) {
  auto ended = waiting.job;
  ended.status = status;
  ended.error_json = base::error_json(error);
  ended.progress = waiting.note.progress;
  ended.runs = waiting.note.runs;
  end(ended);
  store::Commit more;
  forget_run(more, ended.id, waiting.note);
  store.finish(ended, {}, std::move(more),
               [self = shared_from_this(), ended, waiting = std::move(waiting)](const auto& written) {
                 if (written) return self->finished(ended);
                 self->unfinished.put_back(waiting);
               });
}

base::Result<std::shared_ptr<Jobs::Impl::Next>> Jobs::Impl::prepare(WaitingJob waiting, store::Snapshot& snapshot,
                                                                    CallPath& path, base::Loop& loop,
                                                                    const FindPrincipal& find) {
  const auto& job = waiting.job;
  auto note = waiting.note;
  const auto text = TRY(read_blob(snapshot, job.id, Blob::kRequest, note.request_pieces));
  auto kept = TRY(KeptRequest::read(text));
  auto partials = TRY(read_blob(snapshot, job.id, Blob::kPartials, note.partial_pieces));
  auto answers = TRY(read_answers(snapshot, job.id));
  auto resumption = std::make_shared<Resumption>();
  resumption->run = note.runs++;
  if (note.has_checkpoint) {
    auto& checkpoint = resumption->checkpoint.emplace();
    checkpoint.state = TRY(read_blob(snapshot, job.id, Blob::kState, note.state_pieces));
    if (note.raw_cost_micros) checkpoint.raw_cost = base::Money::from_micros(*note.raw_cost_micros);
    checkpoint.meters = note.meters;
  }
  auto principal = TRY(find(job.account, kept.key_id()));
  auto again = job;
  again.runs = note.runs;
  auto run = std::make_shared<JobRun>(std::move(again), path, loop, clock, 0,
                                      std::make_shared<RunKeeper>(documents, loop, job.id, note),
                                      std::make_unique<JobAnswers>(documents, job.id, std::move(answers)));
  run->go_on_from(note.progress, std::move(partials));
  return std::make_shared<Next>(Next{.waiting = std::move(waiting),
                                     .kept = std::move(kept),
                                     .principal = std::move(principal),
                                     .resumption = std::move(resumption),
                                     .run = std::move(run)});
}

/// That the run begins is durable before it does.
std::future<base::Result<store::Receipt>> Jobs::Impl::write_down(const Next& next) {
  auto note = next.waiting.note;
  note.runs = next.run->job().runs;
  store::Commit commit{expect_unfinished(next.run->id())};
  put_note(commit, next.run->id(), note);
  const auto promise = std::make_shared<std::promise<base::Result<store::Receipt>>>();
  documents.submit(std::move(commit),
                   [promise](base::Result<store::Receipt> written) { promise->set_value(std::move(written)); });
  return promise->get_future();
}

void Jobs::Impl::start(const std::shared_ptr<Next>& next) {
  boost::asio::post(next->run->loop().context(), [self = shared_from_this(), next] {
    const auto& note = next->waiting.note;
    auto request = next->kept.request();
    request.principal = &next->principal;
    request.request_id = next->run->job().request_id;
    request.job = JobUse::kIsOne;
    request.wants_progress = request.wants_partials = true;
    request.resumption = next->resumption;
    if (note.has_checkpoint && !note.backend.empty()) {  // What the checkpoint says is of that one's work.
      BackendPreference same;
      same.only = {note.backend};
      request.backend = std::make_shared<const BackendPreference>(std::move(same));
    }
    next->run->begin(self->on_end_of(next->run), self->on_questions_of(next->run));
    next->run->start(request);
  });
}

base::Result<std::size_t> Jobs::Impl::resume(CallPath& path, base::Loops& loops, const FindPrincipal& find) {
  const auto all = unfinished.waiting();
  std::size_t resumed = 0;
  for (std::size_t first = 0; first < all.size(); first += kResumeBatch) {
    std::vector<std::pair<std::shared_ptr<Next>, std::future<base::Result<store::Receipt>>>> batch;
    {
      const auto snapshot = TRY(documents.snapshot());
      for (std::size_t i = first; i < std::min(first + kResumeBatch, all.size()); ++i) {
        auto next = prepare(all[i], *snapshot, path, loops.next(), find);
        if (!next) {
          if (auto taken = unfinished.take(all[i].job.account, all[i].job.id))
            end_waiting(*std::move(taken), Status::kFailed, cannot_go_on(next.error()));
        } else if (unfinished.run_again((*next)->run)) {
          auto written = write_down(**next);
          batch.emplace_back(*std::move(next), std::move(written));
        }
      }
    }
    for (auto& [next, future] : batch) {
      const auto written = future.get();
      if (written && written->accepted()) {
        start(next);
        ++resumed;
      } else if (written) {
        unfinished.remove(next->run->id());  // It has ended.
      } else {
        unfinished.put_back(next->waiting);
      }
    }
  }
  return resumed;
}

}  // namespace toolrack::call::jobs
