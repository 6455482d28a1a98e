#include "call/questions/questions.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "call/questions/question_check.hpp"

namespace toolrack::call {
namespace {

using base::Error;
using base::ErrorCode;
using registry::Asked;
using registry::Question;
using services::recorder::Recording;

/// Of one attempt. A person who is asked more has stopped reading.
constexpr std::size_t kMostQuestions = 64;
constexpr Recording::Bounds kBounds{.operations = 10'000, .bytes = kMaxSuspendedBytes};

std::uint32_t bit_of(registry::QuestionKind kind) { return registry::kCanAskForm << (static_cast<unsigned>(kind) - 1); }

Asked failed(Error error) { return {.how = Asked::How::kFailed, .body_json = {}, .error = std::move(error)}; }

Error cannot_ask() {
  return Error(ErrorCode::kUnimplemented,
               "the request with which the call goes on says that its caller cannot be asked this")
      .with_name("cannot_ask");
}

Error too_large() {
  return Error(ErrorCode::kInvalidRequest,
               "what the skill did until its question is more than the 1 MiB that is kept of it",
               "Ask before much is fetched, or put what is large into an asset.")
      .with_name("record_too_large");
}

}  // namespace

Questions::Questions(base::Loop& loop, const Asking& asking, CallSink& sink, std::function<void(bool)> while_waiting)
    : state(asking.state),
      loop_(loop),
      kinds_(asking.kinds),
      told_kinds_(asking.told_kinds),
      waits_(asking.waits),
      sink_(&sink),
      while_waiting_(std::move(while_waiting)) {}

void Questions::begin_attempt() {
  {
    base::Lock lock(mutex_);
    keys_.clear();
    open_.clear();
  }
  if (waits_ && earlier == nullptr) return;
  recording_ = std::make_shared<Recording>(
      earlier == nullptr ? std::vector<services::recorder::Operation>() : earlier->operations, kBounds);
}

bool Questions::has_asked() {
  base::Lock lock(mutex_);
  return earlier != nullptr || !keys_.empty();
}

std::vector<Question> Questions::open() {
  base::Lock lock(mutex_);
  return open_;
}

void Questions::close() { sink_ = nullptr; }

const Asking& Questions::of_job() {
  of_job_.told_kinds = kinds();
  of_job_.answered = earlier == nullptr ? std::vector<KeptAnswer>() : answers_in(earlier->operations);
  return of_job_;
}

void Questions::go_on_as_job(CallSink& sink) noexcept {
  waits_ = true;
  sink_ = &sink;
}

void Questions::ask(Question question, Done done) {
  if (auto checked = check_question(question, kinds()); !checked) return done(failed(std::move(checked).error()));
  const char* fault = nullptr;
  {
    base::Lock lock(mutex_);
    if (std::ranges::find(keys_, question.key) != keys_.end())
      fault = "it was asked already; each question of a call has a key of its own";
    else if (keys_.size() >= kMostQuestions)
      fault = "the call has asked 64 questions already";
    else
      keys_.push_back(question.key);
  }
  if (fault != nullptr)
    return done(failed(
        Error(ErrorCode::kInvalidRequest, fmt::format("the question \"{}\" cannot be asked: {}", question.key, fault))
            .with_name("invalid_question")));
  if (recording_ != nullptr) return ask_by_record(std::move(question), std::move(done));
  if (!can_ask(question)) return done(failed(cannot_ask()));
  ask_and_wait(std::move(question), std::move(done));
}

bool Questions::can_ask(const Question& question) const noexcept { return (kinds_ & bit_of(question.kind)) != 0; }

void Questions::ask_and_wait(Question question, Done done) {
  boost::asio::post(loop_.context(),
                    [self = shared_from_this(), question = std::move(question), done = std::move(done)]() mutable {
                      if (self->sink_ == nullptr) return;  // The end of the call has ended the question, too.
                      self->while_waiting_(true);
                      self->sink_->ask(std::move(question), [self, done = std::move(done)](base::Result<Asked> asked) {
                        if (self->sink_ != nullptr) self->while_waiting_(false);
                        done(asked ? *std::move(asked) : failed(std::move(asked).error()));
                      });
                    });
}

void Questions::ask_by_record(Question question, Done done) {
  const auto number = recording_->begin(kAskService, to_json(question));
  if (!number) return done(failed(number.error()));
  if (recording_->is_answered(*number)) {
    return recording_->deliver_in_turn(
        loop_, *number, [done = std::move(done), reply = recording_->find(*number).reply] { done(asked_from(reply)); });
  }
  if (!can_ask(question)) return done(failed(cannot_ask()));
  if (waits_) return ask_and_wait(std::move(question), std::move(done));
  if (recording_->is_overfull()) return done(failed(too_large()));
  {
    base::Lock lock(mutex_);
    open_.push_back(std::move(question));
  }
  done({.how = Asked::How::kSuspended, .body_json = {}});
}

}  // namespace toolrack::call
