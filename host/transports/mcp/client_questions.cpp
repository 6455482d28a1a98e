#include "transports/mcp/client_questions.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <algorithm>
#include <utility>

#include "base/json.hpp"
#include "call/questions/question_check.hpp"
#include "call/questions/question_words.hpp"
#include "transports/mcp/notifications.hpp"

namespace toolrack::mcp {
namespace {

namespace json = base::json;
using base::Error;
using base::ErrorCode;
using registry::Asked;

/// What clients answer when the person refuses to let their model be asked.
constexpr std::int64_t kRejected = -1;

Error client_is_gone() {
  return Error(ErrorCode::kUnavailable, "the client that was to be asked has left").with_name("client_left");
}

Error is_in_batch() {
  return Error(ErrorCode::kUnimplemented, "a call in a batch cannot be asked: nothing precedes the batch's answers",
               "Send this call as a request of its own.")
      .with_name("cannot_ask");
}

/// Of a response with `error`.
base::Result<Asked> read_error(const registry::Question& question, const json::Value& error) {
  const auto code = json::find_int(error, "code").value_or(0);
  if (code == kRejected) return Asked{.how = Asked::How::kDeclined, .body_json = {}};
  const auto said = fmt::format("the client answered {} with error {}: {}", call::method_of(question), code,
                                json::find_string(error, "message").value_or(""));
  if (code == kMethodNotFound) return tl::unexpected(Error(ErrorCode::kUnimplemented, said).with_name("cannot_ask"));
  return tl::unexpected(Error(ErrorCode::kUnavailable, said).with_name("question_failed"));
}

}  // namespace

ClientQuestions::ClientQuestions(ClientRequests& requests, base::Loop& loop, Answer& answer, Revision revision,
                                 std::string_view session)
    : requests_(requests), loop_(loop), answer_(answer), revision_(revision), session_(session) {}

ClientQuestions::~ClientQuestions() {
  for (const auto& one : open_) {
    requests_.remove(one->id);
    answer_.event(fmt::format(
        R"({{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{},"reason":"the call has ended"}}}})",
        json::quote(one->id)));
  }
}

void ClientQuestions::ask(registry::Question question, call::CallSink::Answered answered) {
  if (answer_.is_of_batch()) return fail_later(std::move(answered), is_in_batch());
  auto one = std::make_unique<Open>(Open{.id = {}, .question = std::move(question), .answered = {}});
  auto* const key = one.get();
  one->id =
      requests_.add(session_, loop_, [this, key](const json::Value& response) { on_response(key->id, response); });
  const auto sent = answer_.request(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})",
                                                json::quote(one->id), call::method_of(one->question),
                                                call::params_of(one->question, revision_ >= Revision::k20251125,
                                                                revision_ == Revision::k20251125 ? one->id : "")));
  if (!sent) {
    requests_.remove(one->id);
    return fail_later(std::move(answered), client_is_gone());
  }
  one->answered = std::move(answered);
  open_.push_back(std::move(one));
}

void ClientQuestions::fail_later(call::CallSink::Answered answered, Error error) {
  boost::asio::post(loop_.context(),
                    [answered = std::move(answered), error = std::move(error)] { answered(tl::unexpected(error)); });
}

void ClientQuestions::client_left() {
  for (auto& one : std::exchange(open_, {})) {
    requests_.remove(one->id);
    fail_later(std::move(one->answered), client_is_gone());
  }
}

void ClientQuestions::on_response(const std::string& id, const json::Value& response) {
  const auto found = std::ranges::find(open_, id, [](const auto& one) -> const std::string& { return one->id; });
  if (found == open_.end()) return;
  const auto one = std::move(*found);
  open_.erase(found);
  const auto* error = json::find(response, "error");
  const auto* result = json::find(response, "result");
  if (error != nullptr) return one->answered(read_error(one->question, *error));
  static const json::Value nothing;
  auto asked = call::read_answer(one->question, result == nullptr ? nothing : *result);
  if (one->question.kind == registry::QuestionKind::kUrl && asked && asked->how == Asked::How::kAnswered)
    agreed_.push_back(one->id);
  one->answered(std::move(asked));
}

void ClientQuestions::call_succeeded() {
  if (revision_ != Revision::k20251125) return;
  for (const auto& id : std::exchange(agreed_, {}))
    answer_.event(notification("notifications/elicitation/complete", R"("elicitationId":)" + json::quote(id)));
}

}  // namespace toolrack::mcp
