/// toolrack.ask/1: questions for the person or the model behind a call. Who answers, and when, is the call path's to
/// say (registry::Asker).
#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <array>
#include <string>
#include <utility>

#include "registry/questions.hpp"
#include "sources/native/abi_text.hpp"
#include "sources/native/host_services.hpp"
#include "sources/native/module.hpp"
#include "sources/native/start_operation.hpp"

namespace toolrack::sources::native {
namespace {

using base::ErrorCode;
using registry::Asked;
using registry::Question;

struct Kind {
  std::uint32_t bit;
  std::string_view name;
};
/// By TR_ASK_*.
constexpr std::array<Kind, 5> kKinds{{{0, ""},
                                      {registry::kCanAskForm, "a form"},
                                      {registry::kCanAskUrl, "a URL to open"},
                                      {registry::kCanSample, "sampling"},
                                      {registry::kCanListRoots, "its roots"}}};

OperationResult cannot_ask(std::string_view what) {
  return OperationResult::from(base::Error(ErrorCode::kUnimplemented,
                                           fmt::format("the caller of this call cannot be asked for {}", what),
                                           "tr_invocation.flags says what it can be asked; do without, or pass this "
                                           "error on: the client is told which capability it lacks.")
                                   .with_name("cannot_ask"));
}

OperationResult result_of(Asked asked) {
  OperationResult result;
  switch (asked.how) {
    case Asked::How::kAnswered:
      result.body = std::make_unique<std::string>(std::move(asked.body_json));
      break;
    case Asked::How::kDeclined:
      result.status = TR_USER_DECLINED;
      result.code = "declined";
      result.message = "The person said no.";
      break;
    case Asked::How::kDismissed:
      result.status = TR_USER_DISMISSED;
      result.code = "dismissed";
      result.message = "The person closed the question.";
      break;
    case Asked::How::kSuspended:
    case Asked::How::kFailed:
      result = OperationResult::from(asked.error.value_or(base::Error(ErrorCode::kInternal, "the question failed")));
      break;
  }
  return result;
}

class AskOperation final : public Operation {
 public:
  using Operation::Operation;

  bool holds_question() const noexcept override { return false; }

  /// In the frame that asks, so that all it asks is known when the call is suspended.
  void begin(registry::Asker& asker, Question question) {
    if (question.kind != registry::QuestionKind::kSample)
      lacking_ = kKinds[static_cast<std::size_t>(question.kind)].bit;
    if (asker.waits()) {
      boost::asio::post(call().loop().context(), [self = Self(this)] {
        self->is_held_ = !self->has_ended();
        if (self->is_held_) self->call().hold_deadline();
      });
    }
    asker.ask(std::move(question), [self = Self(this)](Asked asked) { self->answered(std::move(asked)); });
  }

 private:
  using Self = boost::intrusive_ptr<AskOperation>;

  void answered(Asked asked) {
    if (asked.how == Asked::How::kSuspended) return call().suspend(OperationPtr(this));
    if (has_ended()) return;
    if (asked.error && asked.error->code() == ErrorCode::kUnimplemented) call().note_cannot_ask(lacking_);
    let_go();
    end(result_of(std::move(asked)));
  }
  void on_cancel() override {
    let_go();
    Operation::on_cancel();
  }
  void let_go() {
    if (std::exchange(is_held_, false)) call().go_on();
  }

  bool is_held_ = false;                                   // Of the loop's thread.
  std::uint32_t lacking_ = registry::kCanSampleWithTools;  // When the call path says that it cannot be asked.
};

tr_op ask(const tr_host* host, tr_call handle, const tr_question* in, tr_done done, void* user) noexcept {
  constexpr std::string_view kFunction = "ask";
  const auto refuse = [&](OperationResult why) {
    return end_operation(host, handle, kFunction, done, user, std::move(why));
  };
  const auto refuse_as = [&](std::string message) {
    return refuse(OperationResult::from(
        base::Error(ErrorCode::kInvalidRequest, std::move(message)).with_name("invalid_question")));
  };
  if (in == nullptr || in->struct_size < sizeof(tr_question))
    return refuse_as("the question is smaller than ABI 1.0 says");
  if (in->type < TR_ASK_FORM || in->type > TR_ASK_ROOTS)
    return refuse(OperationResult::from(
        {ErrorCode::kUnimplemented, fmt::format("questions of type {} are not known", in->type)}));
  for (const auto text : {in->key, in->message, in->params_json, in->url})
    if (!is_text(text)) return refuse_as("its key, message, params or URL is no UTF-8 text");
  const auto& kind = kKinds[in->type];
  registry::Asker* asker = nullptr;
  const auto target = Instance::of(host).find(handle, kFunction);
  if (target && !target.call->is_instance() && target.call->is_open()) {
    const auto& invocation = target.call->invocation();
    if ((invocation.can_ask & kind.bit) != 0) asker = invocation.asker;
    if (asker == nullptr) target.call->note_cannot_ask(kind.bit);
  }
  if (asker == nullptr) return refuse(cannot_ask(kind.name));
  return start_operation<AskOperation>(host, handle, kFunction, done, user, [&](AskOperation& operation) {
    operation.begin(*asker, {.kind = static_cast<registry::QuestionKind>(in->type),
                             .key = std::string(view(in->key)),
                             .message = std::string(view(in->message)),
                             .params_json = std::string(view(in->params_json)),
                             .url = std::string(view(in->url))});
  });
}

}  // namespace

const tr_ask_api& ask_service() noexcept {
  static constexpr tr_ask_api kTable{sizeof(tr_ask_api), ask};
  return kTable;
}

}  // namespace toolrack::sources::native
