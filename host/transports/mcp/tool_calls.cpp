#include "transports/mcp/tool_calls.hpp"

#include <fmt/format.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>

#include <cmath>
#include <optional>
#include <utility>

#include "base/json.hpp"
#include "call/questions/asking.hpp"
#include "operations/use_tool.hpp"
#include "transports/mcp/client_questions.hpp"
#include "transports/mcp/input_required.hpp"
#include "transports/mcp/notifications.hpp"
#include "transports/mcp/offer_result.hpp"
#include "transports/mcp/task_json.hpp"
#include "transports/mcp/tool_result.hpp"

namespace toolrack::mcp {
namespace {

/// More often than this progress is not told, but for its end.
constexpr std::int64_t kProgressIntervalNs = 50'000'000;

}  // namespace

class ToolCalls::Call final : public call::CallSink {
 public:
  explicit Call(ToolCalls& owner) : owner_(owner) {}

  void begin(base::Loop& loop, const call::CallRequest& request, const Message& message, const Caller& caller,
             Answer&& answer) {
    loop_ = &loop;
    if (request.asking != nullptr && request.asking->waits) [[unlikely]]
      asking_session_.assign(caller.session);
    id_.assign(message.id);
    request_id_.assign(request.request_id);
    progress_token_.assign(message.progress_token);
    revision_ = caller.revision;
    takes_task_ = caller.takes_task;
    write_ = caller.form.write;
    if (write_ != nullptr) subject_.assign(caller.form.subject);
    answer_.emplace(std::move(answer));
    last_progress_ = -1;
    last_progress_ns_ = 0;
  }

  /// The call goes on: it can be cancelled until it is done.
  void await(base::Loop& loop, std::uint64_t ticket, const Message& message, std::string_view session) {
    if (revision_ >= Revision::k20260728) {
      answer_->on_disconnect([&calls = owner_.calls_, &loop, ticket] { calls.cancel(loop, ticket); });
    } else if (!session.empty()) {
      session_.assign(session);
      id_key_ = message.id_key();
      owner_.running_.add(session_, id_key_, ticket);
      if (owner_.poll_after_.count() > 0 && answer_->can_let_go()) let_go_later(loop);
    }
  }

  void done(call::CallOutcome& outcome) noexcept override {
    if (!session_.empty()) owner_.running_.remove(session_, id_key_);
    session_.clear();
    poll_timer_.reset();
    if (questions_ != nullptr) [[unlikely]] {
      if (outcome.ok()) questions_->call_succeeded();
      questions_.reset();
    }
    auto answer = std::move(*answer_);
    answer_.reset();
    if (answer.is_observed()) answer.observation().note_outcome(outcome);
    if (!outcome.ok()) [[unlikely]] {
      if (const auto refusal = refused(outcome)) {
        const auto text = error_message(id_, *refusal);
        owner_.free_.push_back(this);
        return answer.message(refusal->http_status, text);
      }
    }
    auto& response = owner_.response_;
    if (outcome.suspended != nullptr) [[unlikely]]
      write_input_required(response.begin(id_), *outcome.suspended);
    else
      (write_ != nullptr ? write_ : &write_call_result)(response.begin(id_), outcome, revision_);
    owner_.free_.push_back(this);  // The answer may bring the next request, which takes it again.
    answer.message(200, response.end());
    response.trim();
  }

  void ask(registry::Question question, Answered answered) noexcept override {
    if (questions_ == nullptr) {
      questions_ = std::make_unique<ClientQuestions>(owner_.requests_, *loop_, *answer_, revision_, asking_session_);
      answer_->on_disconnect([this] {
        if (questions_ != nullptr) questions_->client_left();
      });
    }
    questions_->ask(std::move(question), std::move(answered));
  }

  void accepted(const call::AcceptedJob& job) noexcept override {
    if (!session_.empty()) owner_.running_.remove(session_, id_key_);
    session_.clear();
    poll_timer_.reset();
    auto answer = std::move(*answer_);
    answer_.reset();
    const auto text =
        result_message(id_, takes_task_ ? created_task_result(job, request_id_)
                                        : operation_result(operations::accepted_json(job.id, request_id_), revision_));
    owner_.free_.push_back(this);
    answer.message(200, text);
  }

  void progress(double done, double total, std::string_view note) noexcept override {
    const auto now = owner_.progress_clock_.monotonic_ns();
    // JSON has no infinity, and a skill may divide by nothing.
    if (!std::isfinite(done) || !std::isfinite(total)) return;
    if (progress_token_.empty() || done <= last_progress_) return;
    const bool is_last = total > 0 && done >= total;
    if (!is_last && now - last_progress_ns_ < kProgressIntervalNs) return;
    last_progress_ = done;
    last_progress_ns_ = now;
    auto json = fmt::format(
        R"({{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{},"progress":{})",
        progress_token_, done);
    if (total > 0) json += fmt::format(R"(,"total":{})", total);
    if (!note.empty() && revision_ >= Revision::k20250326)
      json += fmt::format(R"(,"message":{})", base::json::quote(note));
    answer_->event(json + "}}");
  }

  void log(std::uint8_t level, std::string_view logger, std::string_view text,
           std::string_view fields_json) noexcept override {
    answer_->event(log_notification(level, logger, text, fields_json));
  }

 private:
  /// Failures that are no results: those of reads, prompts and completions, and what suspending brought up.
  std::optional<RpcError> refused(const call::CallOutcome& outcome) const {
    if (auto refusal = refusal_of(outcome, revision_)) return refusal;
    if (write_ == nullptr || outcome.suspended != nullptr || outcome.ok()) return std::nullopt;
    auto error = offer_error(*outcome.result.error, subject_, revision_);
    error.http_status = 200;
    return error;
  }

  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                        boost::asio::io_context::executor_type>;

  /// Unless the answer is there before.
  void let_go_later(base::Loop& loop) {
    poll_timer_ = std::make_unique<Timer>(loop.context(), owner_.poll_after_);
    poll_timer_->async_wait([this, timer = poll_timer_.get()](const boost::system::error_code& error) {
      // What was due already when the answer came runs all the same: then it is another call's timer, or none.
      if (!error && timer == poll_timer_.get() && answer_) answer_->let_go();
    });
  }

  ToolCalls& owner_;
  Revision revision_ = Revision::k20260728;
  bool takes_task_ = false;
  WriteResult write_ = nullptr;  ///< As in Form.
  std::string subject_;          ///< As in Form.
  std::string id_;               ///< Raw JSON of the request's id.
  std::string request_id_;       ///< The gateway's own.
  std::string progress_token_;   ///< Raw JSON, or empty: nobody wants progress.
  std::string session_;          ///< Of a call that is listed as running there; else empty.
  std::string id_key_;           ///< The id in one spelling, as it is listed.
  std::optional<Answer> answer_;
  std::unique_ptr<Timer> poll_timer_;  ///< Null: the connection is held.
  base::Loop* loop_ = nullptr;
  std::string asking_session_;  ///< Of a legacy call that waits for answers; nobody looks at it in others.
  std::unique_ptr<ClientQuestions> questions_;  ///< Of such a call, once it has asked.
  double last_progress_ = -1;
  std::int64_t last_progress_ns_ = 0;
};

ToolCalls::ToolCalls(call::CallPath& calls, ClientRequests& requests, const base::Clock& progress_clock,
                     std::chrono::milliseconds poll_after)
    : calls_(calls), requests_(requests), progress_clock_(progress_clock), poll_after_(poll_after) {}

ToolCalls::~ToolCalls() = default;

ToolCalls::Call& ToolCalls::take() {
  if (free_.empty()) {
    free_.push_back(all_.emplace_back(std::make_unique<Call>(*this)).get());
    free_.reserve(all_.size());  // Giving one back must not fail.
  }
  auto& call = *free_.back();
  free_.pop_back();
  return call;
}

void ToolCalls::start(base::Loop& loop, const call::CallRequest& request, const Message& message, const Caller& caller,
                      Answer&& answer) {
  auto& call = take();
  call.begin(loop, request, message, caller, std::move(answer));
  if (const auto ticket = calls_.start(loop, request, call)) call.await(loop, ticket, message, caller.session);
}

}  // namespace toolrack::mcp
