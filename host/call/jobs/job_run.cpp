#include "call/jobs/job_run.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <cmath>
#include <utility>

#include "base/error_json.hpp"
#include "base/utf8.hpp"
#include "call/content.hpp"
#include "call/jobs/job_store.hpp"
#include "call/reply.hpp"
#include "services/log/log.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;
namespace log = services::log;

constexpr std::size_t kMaxNoteBytes = 1'000;
/// An error beyond this is kept without its particulars, because a record is one document.
constexpr std::size_t kMaxErrorBytes = 256 << 10;
constexpr std::size_t kMaxMessageBytes = 64 << 10;

std::string shown(std::string_view text, std::size_t max_bytes) {
  return std::string(base::truncate_utf8(base::replace_invalid_utf8(text), max_bytes));
}

void write_parts(json::Writer& writer, std::string_view name, const std::vector<registry::Part>& parts) {
  json::key(writer, name);
  writer.StartArray();
  for (const auto& part : parts) write_content(writer, part);
  writer.EndArray();
}

/// What a caller who reads content is shown beside the output, or in its place.
void write_shown(json::Writer& writer, const CallOutcome& outcome) {
  json::key(writer, "shown");
  writer.StartObject();
  if (!outcome.files.empty()) write_parts(writer, "files", outcome.files);
  if (const auto& whole = outcome.whole_output) {
    json::key(writer, "text");
    json::put(writer, whole->text);
    json::key(writer, "whole_output");
    write_content(writer, *whole);
    json::key(writer, "has_schema");
    writer.Bool(outcome.skill != nullptr && !outcome.skill->output_schema.empty());
  }
  writer.EndObject();
}

/// An object of `result`, the reply of a call that succeeded, `content` of one that failed, `shown` and `partials`;
/// empty when there is none of them.
std::string kept_result(const CallOutcome& outcome, const std::string& partials_json) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  if (outcome.ok()) {
    json::key(writer, "result");
    write_reply(writer, outcome);
    if (!outcome.files.empty() || outcome.whole_output) write_shown(writer, outcome);
  } else if (!outcome.result.parts.empty()) {
    write_parts(writer, "content", outcome.result.parts);
  }
  if (partials_json != "[]") {
    json::key(writer, "partials");
    json::raw(writer, partials_json, rapidjson::kArrayType);
  }
  writer.EndObject();
  const auto text = json::view(buffer);
  return text == "{}" ? std::string() : std::string(text);
}

}  // namespace

void interrupt(Job& job, const base::Error* reason) {
  job.status = Status::kFailed;
  auto error = reason != nullptr
                   ? *reason
                   : base::Error(base::ErrorCode::kInternal,
                                 "the gateway ended while the job ran; whether the skill has acted is unknown",
                                 "See whether it has acted, then call again. It is not run a second time by itself.");
  job.error_json = base::error_json(std::move(error).with_name("interrupted"));
}

JobRun::JobRun(Job job, CallPath& path, base::Loop& loop, const base::Clock& clock, std::uint64_t ticket,
               std::shared_ptr<RunKeeper> keeper, std::unique_ptr<JobAnswers> answers)
    : job_(std::move(job)),
      path_(path),
      loop_(loop),
      clock_(clock),
      keeper_(std::move(keeper)),
      ticket_(ticket),
      questions_(std::make_shared<JobQuestions>(loop, job_.runs)),
      answers_(std::move(answers)) {
  can_go_on_.store(keeper_ != nullptr && keeper_->note().can_go_on());
}

void JobRun::begin(OnEnd on_end, OnQuestions on_questions) {
  on_end_ = std::move(on_end);
  on_questions_ = std::move(on_questions);
  note_change();
  has_begun_.store(true);
}

void JobRun::start(const CallRequest& request) {
  if (reason()) {  // Before it began.
    CallOutcome outcome;
    outcome.request_id = job_.request_id;
    outcome.result.error.emplace(base::ErrorCode::kCancelled, "the job was told to end before it went on");
    return done(outcome);
  }
  const auto self = shared_from_this();  // The end may be the last that is heard of us.
  ticket_ = path_.start(loop_, request, *this);
}

void JobRun::go_on_from(std::optional<Progress> progress, std::string partials) {
  const base::Lock lock(mutex_);
  progress_ = std::move(progress);
  partials_ = std::move(partials);
}

std::optional<Progress> JobRun::progress() const {
  const base::Lock lock(mutex_);
  return progress_;
}

std::string JobRun::partials_json() const {
  const base::Lock lock(mutex_);
  return fmt::format("[{}]", partials_);
}

void JobRun::cancel(Reason reason) {
  {
    const base::Lock lock(mutex_);
    if (reason_ && *reason_ >= reason) return;
    reason_ = reason;
  }
  boost::asio::post(loop_.context(), [self = shared_from_this()] { self->path_.cancel(self->loop_, self->ticket_); });
}

std::optional<JobRun::Reason> JobRun::reason() const {
  const base::Lock lock(mutex_);
  return reason_;
}

void JobRun::keep(registry::Checkpoint checkpoint, std::string_view backend, registry::Checkpoints::Kept kept) {
  const auto refuse = [&](std::string why, std::string remedy) {
    boost::asio::post(
        loop_.context(),
        [kept = std::move(kept), error = base::Error(base::ErrorCode::kUnimplemented, std::move(why), std::move(remedy))
                                             .with_name("checkpoint_not_kept")] { kept(tl::unexpected(error)); });
  };
  if (keeper_ == nullptr)
    return refuse("the skill is not run again after a restart, so nothing is kept of it",
                  "Say \"resumable\": true in the manifest.");
  if (keeper_->note().has_callers_keys)
    return refuse(
        "the call came with its caller's own provider keys, which are kept nowhere, so it does not go on "
        "after a restart",
        "Go on without a checkpoint.");
  RunKeeper::Kept what{.checkpoint = std::move(checkpoint), .progress = {}, .partials = {}, .backend = {}};
  what.backend = backend;
  {
    const base::Lock lock(mutex_);
    what.progress = progress_;
    what.partials = partials_;
  }
  keeper_->keep(std::move(what), [self = shared_from_this(), kept = std::move(kept)](base::Result<void> written) {
    if (written) self->can_go_on_.store(true);
    kept(std::move(written));
  });
}

void JobRun::progress(double done, double total, std::string_view note) noexcept {
  // JSON has no infinity, and a skill may divide by nothing.
  if (!std::isfinite(done) || !std::isfinite(total)) return;
  note_change();
  const base::Lock lock(mutex_);
  progress_ = Progress{.done = done, .total = total, .note = shown(note, kMaxNoteBytes)};
}

bool JobRun::partial(registry::Part part) noexcept {
  json::Buffer buffer;
  json::Writer writer(buffer);
  write_content(writer, part);
  const base::Lock lock(mutex_);
  if (partials_.size() + buffer.GetSize() > kMaxPartialBytes) return false;
  if (!partials_.empty()) partials_ += ',';
  partials_ += json::view(buffer);
  return true;
}

void JobRun::ask(registry::Question question, Answered answered) noexcept {
  if (auto told = answers_ == nullptr ? std::nullopt : answers_->find(question)) {
    std::vector<std::pair<Answered, registry::Asked>> again;
    again.emplace_back(std::move(answered), *std::move(told));
    return questions_->tell(std::move(again));
  }
  questions_->add(std::move(question), std::move(answered));
  note_change();
  on_questions_(true);
}

base::Result<void> JobRun::answer(const json::Value& answers) {
  auto taken = TRY(questions_->take(answers));
  if (taken.answers.empty()) return {};
  if (answers_ != nullptr)
    if (const auto kept = answers_->add(std::move(taken.kept)); !kept)
      log::write(log::Level::kWarning, "an answer to a job is not on disk, and is asked for again after a restart",
                 {{"job", job_.id}, {"reason", kept.error().message()}});
  questions_->tell(std::move(taken.answers));
  note_change();
  on_questions_(false);
  return {};
}

void JobRun::take_error(Job& ended, const base::Error& error) {
  const auto why = reason();
  const bool is_cancelled = error.code() == base::ErrorCode::kCancelled;
  if (is_cancelled && why == Reason::kStopping) {
    const auto in_the_way = keeper_ == nullptr ? std::nullopt : obstacle(keeper_->note());
    return interrupt(ended, in_the_way ? &*in_the_way : nullptr);
  }
  ended.status = is_cancelled && why ? Status::kCancelled : Status::kFailed;
  ended.error_json = base::error_json(error);
  if (ended.error_json.size() > kMaxErrorBytes)
    ended.error_json = base::error_json(
        base::Error(error.code(), shown(error.message(), kMaxMessageBytes), shown(error.hint(), kMaxMessageBytes))
            .with_type(error.type())
            .with_name(shown(error.name(), kMaxNoteBytes)));
}

/// As if the gateway had been killed at this moment, but that it does not count as that.
void JobRun::set_aside() {
  keeper_->set_aside([self = shared_from_this()](const base::Result<void>&) {
    self->end({.job = self->job_, .result_json = {}, .more = {}, .is_set_aside = true});
  });
}

void JobRun::end(End what) {
  const auto on_end = std::exchange(on_end_, nullptr);
  on_end(std::move(what));
}

void JobRun::done(CallOutcome& outcome) noexcept {
  ticket_ = 0;
  questions_->close();
  if (!outcome.ok() && can_go_on() && reason() == Reason::kStopping) return set_aside();
  auto ended = job_;
  ended.progress = progress();
  if (outcome.ok()) {
    ended.status = Status::kCompleted;
  } else if (const auto& error = *outcome.result.error;
             outcome.skill == nullptr && error.code() != base::ErrorCode::kCancelled) {  // What it called is gone.
    take_error(ended, base::Error(error.code(), "the job cannot go on after the restart: " + error.message(),
                                  "Call again what is there now.")
                          .with_name(std::string(error.name())));
  } else {
    take_error(ended, error);
    if (error.code() == base::ErrorCode::kUnimplemented) ended.cannot_ask = outcome.result.cannot_ask;
  }
  auto result = kept_result(outcome, partials_json());
  if (result.size() > kMaxResultBytes) {
    take_error(ended, base::Error(base::ErrorCode::kInvalidOutput,
                                  fmt::format("{}.{} has made {} bytes, and of a job {} are kept", ended.tool,
                                              ended.skill, result.size(), kMaxResultBytes),
                                  "Ask for less, have the skill answer with files, or call with \"async\": false.")
                          .with_name("result_too_large"));
    result.clear();
  }
  if (keeper_ != nullptr) keeper_->forget(outcome.charge);
  // Which may be the last that is heard of us.
  end({.job = std::move(ended), .result_json = std::move(result), .more = std::move(outcome.charge)});
}

}  // namespace toolrack::call::jobs
