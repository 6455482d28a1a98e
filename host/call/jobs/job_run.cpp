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

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;

/// Parts beyond this are not kept; the skill is told that nobody listens.
constexpr std::size_t kMaxPartialBytes = 1 << 20;
constexpr std::size_t kMaxNoteBytes = 1'000;
/// An error beyond this is kept without its particulars, because a record is one document.
constexpr std::size_t kMaxErrorBytes = 256 << 10;
constexpr std::size_t kMaxMessageBytes = 64 << 10;

std::string shown(std::string_view text, std::size_t max_bytes) {
  return std::string(base::truncate_utf8(base::replace_invalid_utf8(text), max_bytes));
}

}  // namespace

void interrupt(Job& job) {
  job.status = Status::kFailed;
  job.error_json =
      base::error_json(base::Error(base::ErrorCode::kInternal,
                                   "the gateway ended while the job ran; whether the skill has acted is unknown",
                                   "See whether it has acted, then call again. It is not run a second time by itself.")
                           .with_name("interrupted"));
}

JobRun::JobRun(Job job, CallPath& path, base::Loop& loop, std::uint64_t ticket)
    : job_(std::move(job)), path_(path), loop_(loop), ticket_(ticket) {}

void JobRun::begin(OnEnd on_end) {
  on_end_ = std::move(on_end);
  has_begun_.store(true);
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
    if (reason_) return;
    reason_ = reason;
  }
  boost::asio::post(loop_.context(), [&path = path_, &loop = loop_, ticket = ticket_] { path.cancel(loop, ticket); });
}

void JobRun::progress(double done, double total, std::string_view note) noexcept {
  // JSON has no infinity, and a skill may divide by nothing.
  if (!std::isfinite(done) || !std::isfinite(total)) return;
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

void JobRun::take_error(Job& ended, const base::Error& error) {
  std::optional<Reason> reason;
  {
    const base::Lock lock(mutex_);
    reason = reason_;
  }
  const bool is_cancelled = error.code() == base::ErrorCode::kCancelled;
  if (is_cancelled && reason == Reason::kInterrupted) return interrupt(ended);
  ended.status = is_cancelled && reason ? Status::kCancelled : Status::kFailed;
  ended.error_json = base::error_json(error);
  if (ended.error_json.size() > kMaxErrorBytes)
    ended.error_json = base::error_json(
        base::Error(error.code(), shown(error.message(), kMaxMessageBytes), shown(error.hint(), kMaxMessageBytes))
            .with_type(error.type())
            .with_name(shown(error.name(), kMaxNoteBytes)));
}

void JobRun::done(CallOutcome& outcome) noexcept {
  auto ended = job_;
  ended.progress = progress();
  json::Buffer reply;
  if (outcome.ok()) {
    json::Writer writer(reply);
    write_reply(writer, outcome);
    ended.status = Status::kCompleted;
  } else {
    take_error(ended, *outcome.result.error);
  }
  const auto partials = partials_json();
  std::string result;
  if (reply.GetSize() != 0) result = fmt::format(R"("result":{},)", json::view(reply));
  if (partials != "[]") result += fmt::format(R"("partials":{},)", partials);
  if (!result.empty()) result = fmt::format("{{{}}}", std::string_view(result).substr(0, result.size() - 1));
  if (result.size() > kMaxResultBytes) {
    take_error(ended, base::Error(base::ErrorCode::kInvalidOutput,
                                  fmt::format("{}.{} has made {} bytes, and of a job {} are kept", ended.tool,
                                              ended.skill, result.size(), kMaxResultBytes),
                                  "Ask for less, have the skill answer with files, or call with \"async\": false.")
                          .with_name("result_too_large"));
    result.clear();
  }
  // The end may be the last that is heard of us.
  const auto on_end = std::exchange(on_end_, nullptr);
  on_end(std::move(ended), std::move(result));
}

}  // namespace toolrack::call::jobs
