/// Between admission and the backend: an answer that was given before, or one that somebody waits for already.
///
/// Only skills with a `cache_ttl`, which read and do not act, come here. Whoever asks first leads: its call runs as any
/// other. Whoever asks the same meanwhile follows, and gets the leader's answer.
#include <boost/asio/post.hpp>

#include <algorithm>

#include "call/execution.hpp"
#include "call/nested_calls.hpp"
#include "call/questions/questions.hpp"

namespace toolrack::call {
namespace {

/// A question above this is not looked for.
constexpr std::size_t kMaxQuestionBytes = 64 << 10;

}  // namespace

/// Where the input is still there as it was parsed. Leaves the key empty when this call takes no part: it is a dry run,
/// its caller brought keys or chose backends, the answer has files, whose links end, or what its skill calls depends on
/// the caller.
void Execution::name_response() {
  if (skill_->cache_ttl.count() == 0 || request_.dry_run || request_.cache == CacheUse::kOff ||
      request_.provider_keys != nullptr || is_later_round() || request_.backend != nullptr || skill_->has_file_output ||
      request_.input_json.size() > kMaxQuestionBytes)
    return;
  if (!skill_->tool->granted_tools.empty() && !may_share_composed()) return;
  const auto& tool = *skill_->tool;
  response_key_.account = principal_->account;
  auto& question = response_key_.question;
  question = base::json::canonical(*request_.input);
  for (const std::string_view part :
       {std::string_view(skill_->name), std::string_view(tool.build_id), std::string_view(tool.version),
        std::string_view(tool.slug), std::string_view(tool.owner), request_.locale})
    question.append(1, '\n').append(part);
}

/// Of a skill that may call others. What those may cost, and whether they may act, is up to this caller. And calls that
/// wait for the calls of their skills, with others that wait for them, could wait for each other in a circle.
bool Execution::may_share_composed() const noexcept {
  return request_.nesting == nullptr && !request_.max_price && !request_.confirmed;
}

/// True: the call is answered, or waits for another one.
bool Execution::answer_from_cache() {
  if (request_.cache == CacheUse::kRefresh) {
    outcome_.cache.use = ServedBy::kRefresh;
    return false;
  }
  const auto now_ns = path_.deps_.clock.monotonic_ns();
  auto entered = path_.deps_.responses.enter(
      response_key_, now_ns, [this, ticket = ticket_](std::shared_ptr<const ResponseCache::Landing> landing) {
        boost::asio::post(loop_.context(), [this, ticket, landing = std::move(landing)] {
          if (ticket == ticket_) landed(*landing);
        });
      });
  switch (entered.found) {
    case ResponseCache::Found::kHit:
      answer_with(entered.response, ServedBy::kCache);
      return true;
    case ResponseCache::Found::kLead:
      outcome_.cache.use = ServedBy::kSkill;
      leads_ = true;
      return false;
    case ResponseCache::Found::kFollow:
      break;
  }
  pin();
  if (text_.empty()) keep_text();
  state_ = State::kFollowing;
  arm(now_ns + timeout_ns());
  return true;
}

void Execution::landed(const ResponseCache::Landing& landing) {
  timer_.cancel();
  state_ = State::kAdmitting;
  if (landing.response != nullptr) return answer_with(landing.response, ServedBy::kLeader);
  if (landing.error) return fail_with(*landing.error);
  go();
}

void Execution::answer_with(const CachedResponseRef& response, ServedBy use) {
  run_started_ns_ = path_.deps_.clock.monotonic_ns();
  outcome_.cache = {.use = use, .ttl_ns = std::max<std::int64_t>(response->expires_ns - run_started_ns_, 0)};
  outcome_.raw_cost = skill_->cached_price;
  outcome_.result.parts = response->parts;
  outcome_.result.meta_json = response->meta_json;
  borrow(response);
  // A charge is waited for, and the request's texts do not stay that long. A skill that runs keeps them in `run`.
  if (skill_->cached_price > base::Money() && text_.empty()) keep_text();
  settle();
}

void Execution::borrow(const CachedResponseRef& response) {
  outcome_.result.output_json = base::LentBytes(
      response->output_json, [](void* held) noexcept { delete static_cast<CachedResponseRef*>(held); },
      new CachedResponseRef(response));
}

/// After a call that succeeded: its answer as others may have it. Not one whose parts have gone out already, or that
/// was cut.
void Execution::make_response() {
  auto& result = outcome_.result;
  // What somebody answered is nobody else's answer.
  if (questions_ != nullptr && questions_->has_asked()) return;
  if (!outcome_.ok() || has_partials_ || result.truncated || result.files != nullptr) return;
  auto ttl_ns = std::chrono::nanoseconds(skill_->cache_ttl).count();
  if (result.ttl_ns > 0) ttl_ns = std::min(ttl_ns, result.ttl_ns);
  auto response =
      std::make_shared<CachedResponse>(CachedResponse{.output_json = std::string(result.output_json.view()),
                                                      .meta_json = result.meta_json,
                                                      .parts = result.parts,
                                                      .expires_ns = path_.deps_.clock.monotonic_ns() + ttl_ns});
  response_ = std::move(response);
  borrow(response_);
  outcome_.cache.ttl_ns = ttl_ns;
}

/// The call has ended, and is paid for when it had to be. Followers get the answer, or the error that the skill itself
/// made of their question; what only this caller brought about (it left, it was in haste) is not theirs.
void Execution::land() {
  ResponseCache::Landing landing;
  if (outcome_.ok() && response_ != nullptr) {
    outcome_.cache.is_stored = path_.deps_.responses.keep(response_key_, response_, outcome_.result.cache_public);
    landing.response = std::move(response_);
  } else if (completed_ && response_ == nullptr && nested_ == nullptr && !outcome_.ok() && !stop_reason_ &&
             outcome_.result.error->type() != base::ErrorType::kInternal) {
    landing.error = outcome_.result.error;
  }
  if (leads_) path_.deps_.responses.land(response_key_, std::move(landing));
  leads_ = false;
}

}  // namespace toolrack::call
