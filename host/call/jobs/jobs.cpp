#include "call/jobs/jobs.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <utility>

#include "call/jobs/jobs_impl.hpp"
#include "call/jobs/webhooks.hpp"
#include "call/questions/question_words.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;
using base::ErrorCode;

/// How long the end of a job is kept back when the store does not take it, the first time and at most.
constexpr std::chrono::seconds kFirstPause{1}, kLongestPause{60};

}  // namespace

void Jobs::Impl::begin(const std::shared_ptr<JobRun>& run, store::Commit more, OnBegun begun) {
  const auto say = [&loop = run->loop()](OnBegun to, base::Result<Begun> what) {
    boost::asio::post(loop.context(), [to = std::move(to), what = std::move(what)]() mutable { to(std::move(what)); });
  };
  const auto most = [&] {
    const base::Lock lock(mutex_);
    return settings_.per_account;
  }();
  if (auto added = unfinished.add(run, most); !added)
    return say(std::move(begun), tl::unexpected(std::move(added).error()));
  store.create(
      run->job(), std::move(more),
      [self = shared_from_this(), run, say, begun = std::move(begun)](base::Result<store::Receipt> written) mutable {
        if (!written || !written->accepted()) {
          self->unfinished.remove(run->id());
          return say(std::move(begun),
                     tl::unexpected(written ? base::Error(ErrorCode::kInternal, "a job's id was given twice")
                                            : std::move(written).error()));
        }
        boost::asio::post(run->loop().context(), [self, run, begun = std::move(begun)] {
          run->begin(self->on_end_of(run), self->on_questions_of(run));
          begun(Begun{.id = run->id(),
                      .created_unix_ns = run->job().created_ns,
                      .keep_ns = self->keep_ns(),
                      .sink = run.get()});
        });
      });
}

JobRun::OnEnd Jobs::Impl::on_end_of(const std::shared_ptr<JobRun>& run) {
  // Weak, because the table holds the run, and the run this.
  return [weak_self = weak_from_this(), weak_run = std::weak_ptr(run)](JobRun::End end) {
    const auto self = weak_self.lock();
    const auto one = weak_run.lock();
    if (self == nullptr || one == nullptr) return;
    if (end.is_set_aside) {
      ++self->set_aside_;
      return self->unfinished.remove(one->id());
    }
    self->end(end.job);
    self->finish(one, std::make_shared<const JobRun::End>(std::move(end)), kFirstPause);
  };
}

JobRun::OnQuestions Jobs::Impl::on_questions_of(const std::shared_ptr<JobRun>& run) {
  // Weak, as above.
  return [weak_self = weak_from_this(), account = run->account(), id = run->id()](bool has_asked) {
    const auto self = weak_self.lock();
    if (self == nullptr) return;
    if (has_asked) self->unfinished.wake(id);
    self->tell_listener(account, id);
  };
}

void Jobs::Impl::set_listener(Listener listener) {
  const base::Lock lock(listener_mutex_);
  listener_ = std::move(listener);
}

void Jobs::Impl::tell_listener(std::string_view account, std::string_view id) {
  const base::Lock lock(listener_mutex_);
  if (listener_) listener_(account, id);
}

void Jobs::Impl::end(Job& job) {
  const base::Lock lock(mutex_);
  job.ended_ns = clock.unix_ns();
  job.expires_ns = job.ended_ns + std::chrono::nanoseconds(settings_.keep).count();
}

std::int64_t Jobs::Impl::keep_ns() {
  const base::Lock lock(mutex_);
  return std::chrono::nanoseconds(settings_.keep).count();
}

void Jobs::Impl::finished(const Job& ended) {
  count(ended.status);
  if (!ended.webhook.empty() && webhooks != nullptr) webhooks->look();
  tell_listener(ended.account, ended.id);
  unfinished.remove(ended.id);
}

/// Until it is written, the job is told to run: what is told must survive.
void Jobs::Impl::finish(const std::shared_ptr<JobRun>& run, std::shared_ptr<const JobRun::End> end,
                        std::chrono::seconds pause) {
  store.finish(end->job, end->result_json, end->more,
               [self = shared_from_this(), run, end, pause](const base::Result<store::Receipt>& written) {
                 // Refused: an earlier try did reach the disk although the store had to report a failure.
                 if (written) return self->finished(end->job);
                 boost::asio::post(run->loop().context(), [self, run, end, pause] {
                   const auto timer = std::make_shared<boost::asio::steady_timer>(run->loop().context(), pause);
                   timer->async_wait([self, run, end, pause, timer](boost::system::error_code error) {
                     if (!error) self->finish(run, end, std::min(2 * pause, kLongestPause));
                   });
                 });
               });
}

/// Of one that does not run: what is kept of the run before. Its progress and runs go into `job`, its partials come
/// back.
base::Result<std::string> Jobs::Impl::describe_kept(Job& job) {
  const auto snapshot = TRY(documents.snapshot());
  const auto note = TRY(find_note(*snapshot, job.id));
  if (!note) return std::string();
  job.progress = note->progress;
  job.runs = note->runs;
  const auto partials = TRY(read_blob(*snapshot, job.id, Blob::kPartials, note->partial_pieces));
  return partials.empty() ? std::string() : fmt::format(R"({{"partials":[{}]}})", partials);
}

void Jobs::Impl::describe_run(const JobRun& run, Job& job) {
  job.status = run.is_asking() ? Status::kInputRequired : Status::kRunning;
  job.progress = run.progress();
  job.runs = run.job().runs;
}

void Jobs::Impl::set_settings(const JobSettings& settings) {
  const base::Lock lock(mutex_);
  settings_ = settings;
}

/// Those that go on when the gateway starts again are stopped as soon as there are no others to be patient with.
Jobs::Stopped Jobs::Impl::end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace) {
  static_cast<void>(unfinished.wait_until_ended(UnfinishedJobs::Which::kThoseThatCannotGoOn, patience));
  const auto runs = unfinished.runs();
  for (const auto& run : runs) run->cancel(JobRun::Reason::kStopping);
  static_cast<void>(unfinished.wait_until_ended(UnfinishedJobs::Which::kAll, grace));
  auto going_on = set_aside_.load();
  for (const auto& left : unfinished.runs()) going_on += left->can_go_on() ? 1 : 0;  // The next start sees to those.
  return {.interrupted = runs.size() - std::min(runs.size(), going_on), .set_aside = going_on};
}

Jobs::Jobs(store::Store& store, const base::Clock& clock, base::Metrics& metrics, JobSettings settings)
    : impl_(std::make_shared<Impl>(store, clock, metrics, settings)) {}

Jobs::~Jobs() = default;

base::Result<Jobs::Recovered> Jobs::recover() {
  auto left = TRY(impl_->store.finish_leftovers([this](Job& job, const base::Error* reason) {
    interrupt(job, reason);
    impl_->end(job);
    impl_->count(job.status);
  }));
  for (auto& [job, note] : left.waiting) impl_->unfinished.add({.job = std::move(job), .note = std::move(note)});
  return Recovered{.interrupted = left.ended, .waiting = left.waiting.size()};
}

base::Result<std::size_t> Jobs::resume(CallPath& path, base::Loops& loops, const FindPrincipal& find) {
  return impl_->resume(path, loops, find);
}

void Jobs::set_settings(const JobSettings& settings) { impl_->set_settings(settings); }

void Jobs::set_listener(Listener listener) { impl_->set_listener(std::move(listener)); }

void Jobs::set_webhooks(Webhooks& webhooks) { impl_->webhooks = &webhooks; }

base::Result<void> Jobs::check_webhook(std::string_view url) const {
  if (impl_->webhooks == nullptr) return base::fail(ErrorCode::kUnavailable, "this gateway tells no webhooks");
  return impl_->webhooks->check(url);
}

void Jobs::begin(CallPath& path, base::Loop& loop, std::uint64_t ticket, const CallRequest& request,
                 const registry::Skill& skill, OnBegun begun) {
  Job job;
  job.id = make_job_id();
  job.account = (*request.principal)->account;
  job.tool = skill.tool->slug;
  job.version = skill.tool->version;
  job.skill = skill.name;
  job.request_id = request.request_id;
  job.webhook = request.webhook;
  job.created_ns = impl_->clock.unix_ns();
  store::Commit more;
  std::shared_ptr<RunKeeper> keeper;
  std::unique_ptr<JobAnswers> answers;
  if (skill.resumable) {
    RunNote note;
    note.runs = job.runs = 1;  // It may have acted from the moment that it is durable.
    note.is_repeatable = skill.is_repeatable();
    note.has_callers_keys = request.provider_keys != nullptr;
    if (!note.has_callers_keys) {
      note.request_pieces = put_blob(more, job.id, Blob::kRequest, to_kept(request, skill));
      auto answered = request.asking == nullptr ? std::vector<KeptAnswer>() : request.asking->answered;
      put_answers(more, job.id, answered);
      answers = std::make_unique<JobAnswers>(impl_->documents, job.id, std::move(answered));
    }
    put_note(more, job.id, note);
    keeper = std::make_shared<RunKeeper>(impl_->documents, loop, job.id, std::move(note));
  }
  impl_->begin(
      std::make_shared<JobRun>(std::move(job), path, loop, impl_->clock, ticket, std::move(keeper), std::move(answers)),
      std::move(more), std::move(begun));
}

base::Result<Job> Jobs::find(std::string_view account, std::string_view id) {
  auto job = TRY(impl_->store.find(id));
  if (!job || job->account != account) return tl::unexpected(job_not_found(id));
  return *std::move(job);
}

base::Result<JobView> Jobs::look(std::string_view account, std::string_view id) {
  // First what is in memory: one that ends meanwhile has its end in the store.
  const auto run = impl_->unfinished.find(account, id);
  JobView view{.job = TRY(find(account, id)), .result_json = {}, .questions = {}};
  auto& job = view.job;
  view.changed_ns = job.created_ns;
  view.kept_until_ns = impl_->clock.unix_ns() + impl_->keep_ns();
  if (is_over(job.status)) {
    view.result_json = TRY(impl_->store.result(job));
    view.changed_ns = job.ended_ns;
    view.kept_until_ns = job.expires_ns;
  } else if (run != nullptr && run->has_begun()) {
    Impl::describe_run(*run, job);
    view.questions = run->questions();
    job.status =
        view.questions.empty() ? Status::kRunning : Status::kInputRequired;  // As they say, whatever came between.
    view.changed_ns = run->changed_ns();
    if (auto partials = run->partials_json(); partials != "[]")
      view.result_json = fmt::format(R"({{"partials":{}}})", partials);
  } else {
    view.result_json = TRY(impl_->describe_kept(job));
  }
  return view;
}

base::Result<std::string> Jobs::describe(std::string_view account, std::string_view id) {
  const auto view = TRY(look(account, id));
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  if (!view.job.webhook.empty()) {
    const auto delivery = TRY(impl_->deliveries.find(id));
    json::key(writer, "webhook");
    json::raw(writer, webhook_json(view.job, delivery ? &*delivery : nullptr));
  }
  if (!view.questions.empty()) {
    json::key(writer, "questions");
    write_questions(writer, view.questions);
  }
  writer.EndObject();
  auto more = std::string(json::view(buffer));
  if (more == "{}") {
    more = view.result_json;
  } else if (!view.result_json.empty()) {
    more.replace(more.size() - 1, 1, ",").append(view.result_json, 1);
  }
  return to_json(view.job, more);
}

base::Result<void> Jobs::answer(std::string_view account, std::string_view id, const json::Value& answers) {
  if (const auto run = impl_->unfinished.find(account, id)) return run->answer(answers);
  TRY(find(account, id));
  return {};
}

base::Result<std::vector<Job>> Jobs::list(std::string_view account, std::string_view after, std::size_t limit) {
  const auto runs = impl_->unfinished.runs();  // First what is in memory, as above.
  auto jobs = TRY(impl_->store.list(account, after, limit));
  for (auto& job : jobs) {
    if (is_over(job.status)) continue;
    const auto run = std::ranges::find(runs, job.id, [](const auto& one) -> const std::string& { return one->id(); });
    if (run != runs.end() && (*run)->has_begun()) Impl::describe_run(**run, job);
  }
  return jobs;
}

void Jobs::cancel(std::string_view account, std::string_view id) {
  if (auto waiting = impl_->unfinished.take(account, id))
    return impl_->end_waiting(
        *std::move(waiting), Status::kCancelled,
        base::Error(ErrorCode::kCancelled, "the account cancelled the job before it went on after a restart"));
  if (const auto run = impl_->unfinished.find(account, id)) run->cancel(JobRun::Reason::kWanted);
}

void Jobs::await_end(std::string_view account, std::string_view id, std::chrono::milliseconds patience,
                     base::Loop& loop, std::function<void()> ready) {
  impl_->unfinished.await_end(account, id, patience, loop, std::move(ready));
}

base::Result<std::size_t> Jobs::sweep() { return impl_->store.sweep(impl_->clock.unix_ns()); }

void Jobs::stop_taking() { impl_->unfinished.stop(); }

Jobs::Stopped Jobs::end_running(std::chrono::milliseconds patience, std::chrono::milliseconds grace) {
  return impl_->end_running(patience, grace);
}

}  // namespace toolrack::call::jobs
