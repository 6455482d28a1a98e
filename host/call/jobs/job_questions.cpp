#include "call/jobs/job_questions.hpp"

#include <fmt/format.h>
#include <boost/asio/post.hpp>

#include <utility>

#include "call/questions/question_check.hpp"

namespace toolrack::call::jobs {

void JobQuestions::add(registry::Question question, CallSink::Answered answered) {
  if (run_ > 1) question.key += fmt::format("@{}", run_);
  const base::Lock lock(mutex_);
  open_.push_back({.question = std::move(question), .answered = std::move(answered)});
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

base::Result<std::size_t> JobQuestions::answer(const base::json::Value& answers) {
  std::vector<std::pair<CallSink::Answered, registry::Asked>> answered;
  {
    const base::Lock lock(mutex_);
    std::vector<std::pair<std::size_t, registry::Asked>> good;
    for (std::size_t i = 0; i < open_.size(); ++i)
      if (const auto* given = base::json::find(answers, open_[i].question.key))
        good.emplace_back(i, TRY(read_answer(open_[i].question, *given)));
    for (auto& [i, asked] : good) answered.emplace_back(std::move(open_[i].answered), std::move(asked));
    std::erase_if(open_, [](const Open& one) { return one.answered == nullptr; });
  }
  const auto count = answered.size();
  if (count == 0) return count;
  boost::asio::post(loop_.context(), [self = shared_from_this(), answered = std::move(answered)]() mutable {
    for (auto& [tell, asked] : answered) {
      if (self->is_closed_) return;  // Perhaps by what the one before has brought about.
      tell(std::move(asked));
    }
  });
  return count;
}

}  // namespace toolrack::call::jobs
