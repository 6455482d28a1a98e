#include "call/jobs/job_questions.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <utility>

#include "call/questions/question_check.hpp"

namespace toolrack::call::jobs {

void JobQuestions::add(registry::Question question, CallSink::Answered answered) {
  auto identity = call::to_json(question);
  if (run_ > 1) question.key += fmt::format("@{}", run_);
  const base::Lock lock(mutex_);
  open_.push_back({.question = std::move(question), .identity = std::move(identity), .answered = std::move(answered)});
}

void JobQuestions::close() {
  is_closed_ = true;
  const base::Lock lock(mutex_);
  open_.clear();
}

std::vector<registry::Question> JobQuestions::open() const {
  const base::Lock lock(mutex_);
  std::vector<registry::Question> all;
  all.reserve(open_.size());
  for (const auto& one : open_) all.push_back(one.question);
  return all;
}

bool JobQuestions::is_empty() const {
  const base::Lock lock(mutex_);
  return open_.empty();
}

base::Result<JobQuestions::Taken> JobQuestions::take(const base::json::Value& answers) {
  Taken taken;
  const base::Lock lock(mutex_);
  std::vector<std::pair<Open*, registry::Asked>> good;
  for (auto& one : open_)
    if (const auto* given = base::json::find(answers, one.question.key))
      good.emplace_back(&one, TRY(read_answer(one.question, *given)));
  for (auto& [one, asked] : good) {
    taken.kept.push_back({.question = std::move(one->identity), .answer = call::to_json(asked)});
    taken.answers.emplace_back(std::exchange(one->answered, nullptr), std::move(asked));
  }
  std::erase_if(open_, [](const Open& one) { return one.answered == nullptr; });
  return taken;
}

void JobQuestions::tell(std::vector<std::pair<CallSink::Answered, registry::Asked>> answers) {
  boost::asio::post(loop_.context(), [self = shared_from_this(), answers = std::move(answers)]() mutable {
    for (auto& [answered, asked] : answers) {
      if (self->is_closed_) return;  // Perhaps by what the one before has brought about.
      answered(std::move(asked));
    }
  });
}

}  // namespace toolrack::call::jobs
