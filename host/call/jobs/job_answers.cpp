#include "call/jobs/job_answers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <utility>

#include "base/json.hpp"
#include "call/jobs/job_store.hpp"
#include "call/jobs/run_note.hpp"
#include "call/questions/question_check.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;

/// Quoting may double what is kept.
constexpr json::Limits kKeptAnswers{.max_bytes = 4 * kMaxAnswerBytes, .max_depth = 4, .max_values = 100'000};

/// [[question, answer], ...].
std::string to_text(const std::vector<KeptAnswer>& answers) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartArray();
  for (const auto& one : answers) {
    writer.StartArray();
    json::put(writer, one.question);
    json::put(writer, one.answer);
    writer.EndArray();
  }
  writer.EndArray();
  return std::string(json::view(buffer));
}

}  // namespace

void put_answers(store::Commit& commit, std::string_view job_id, const std::vector<KeptAnswer>& answers) {
  if (!answers.empty()) put_blob(commit, job_id, Blob::kAnswers, to_text(answers));
}

base::Result<std::vector<KeptAnswer>> read_answers(store::Snapshot& snapshot, std::string_view job_id) {
  std::vector<KeptAnswer> answers;
  const auto text = TRY(read_blob(snapshot, job_id, Blob::kAnswers));
  if (text.empty()) return answers;
  const auto is_pair = [](const json::Value& one) {
    return one.IsArray() && one.Size() == 2 && one[0].IsString() && one[1].IsString();
  };
  const auto document = json::parse(text, kKeptAnswers);
  if (!document || !document->IsArray() || !std::ranges::all_of(document->GetArray(), is_pair))
    return base::fail(base::ErrorCode::kStoreFailed, fmt::format("the answers of job {} cannot be read", job_id));
  for (const auto& one : document->GetArray())
    answers.push_back({std::string(json::view(one[0])), std::string(json::view(one[1]))});
  return answers;
}

JobAnswers::JobAnswers(store::Store& store, std::string job_id, std::vector<KeptAnswer> earlier)
    : store_(store), job_id_(std::move(job_id)), answers_(std::move(earlier)) {}

std::optional<registry::Asked> JobAnswers::find(const registry::Question& question) const {
  const base::Lock lock(mutex_);
  if (answers_.empty()) return std::nullopt;
  const auto found = std::ranges::find(answers_, call::to_json(question), &KeptAnswer::question);
  if (found == answers_.end()) return std::nullopt;
  return asked_from(found->answer);
}

base::Result<void> JobAnswers::add(std::vector<KeptAnswer> answers) {
  const auto promise = std::make_shared<std::promise<base::Result<store::Receipt>>>();
  {
    const base::Lock lock(mutex_);
    auto all = answers_;
    std::ranges::move(answers, std::back_inserter(all));
    const auto text = to_text(all);
    if (text.size() > kMaxAnswerBytes)
      return base::fail(
          base::ErrorCode::kInvalidRequest,
          fmt::format("the answers of job {} have {} bytes, and {} are kept", job_id_, text.size(), kMaxAnswerBytes));
    answers_ = std::move(all);
    // Under the lock, so that the store gets the longer list last. Full pieces are put again: there are two.
    store::Commit commit{expect_unfinished(job_id_)};
    put_blob(commit, job_id_, Blob::kAnswers, text);
    store_.submit(std::move(commit),
                  [promise](base::Result<store::Receipt> written) { promise->set_value(std::move(written)); });
  }
  TRY(promise->get_future().get());
  return {};
}

}  // namespace toolrack::call::jobs
