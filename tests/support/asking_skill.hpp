/// A skill that asks what its input says, and answers with what it was told.
#pragma once

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "registry/handler.hpp"
#include "registry/once.hpp"
#include "registry/questions.hpp"
#include "support/fake_skill.hpp"

namespace toolrack::testing {

/// Input: {"ask": ["form:who", "sample:model", "roots:dirs", "url:page"], "together"?: true}. One after another unless
/// together; "hold": true has a later run wait at its end until it is cancelled. Output: {"run", "call", "said": [...],
/// "step": what once says of the key "step", "why": the last question that failed}.
class AskingSkill final : public registry::Handler {
 public:
  static constexpr auto kSchema = R"({"type":"object","properties":{"name":{"type":"string"}},"required":["name"]})";
  static constexpr auto kSampling =
      R"({"messages":[{"role":"user","content":{"type":"text","text":"Capital?"}}],"maxTokens":100})";

  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    invoked.add();
    auto run = std::make_shared<Run>(invocation, completion, held);
    boost::asio::post(invocation.loop->context(), [run] { run->begin(); });
    base::Lock lock(mutex_);
    runs_.push_back(run);
    return runs_.size();
  }
  void cancel(std::uint64_t ticket) override {
    cancelled.add();
    base::Lock lock(mutex_);
    const auto run = runs_.at(ticket - 1);
    boost::asio::post(run->loop.context(), [run] {
      run->finish(failure({base::ErrorCode::kCancelled, "the handler was cancelled"}));
    });
  }
  Count invoked, cancelled, held;

 private:
  struct Run : std::enable_shared_from_this<Run> {
    Run(const registry::Invocation& one, registry::Completion& to, Count& holds)
        : invocation(one), completion(to), held(holds), loop(*one.loop), document(*base::json::parse(one.input_json)) {}

    void begin() {
      if (const auto* list = base::json::find(document, "ask"))
        for (const auto& each : list->GetArray()) asks.emplace_back(base::json::view(each));
      is_together = base::json::find_bool(document, "together").value_or(false);
      const auto begun = invocation.once->begin_step("step");
      step = !begun                                         ? std::string(begun.error().name())
             : begun->found == registry::Once::Found::kDone ? "found " + begun->value
                                                            : "did it";
      if (begun && begun->found == registry::Once::Found::kNew)
        static_cast<void>(
            invocation.once->end_step("step", registry::Once::Ending::kDone, fmt::format("of run {}", invocation.run)));
      if (asks.empty()) return answer();
      for (std::size_t i = 0; i < (is_together ? asks.size() : 1); ++i) ask(i);
      if (is_suspended) finish_suspended();
    }
    void ask(std::size_t i) {
      const auto colon = asks[i].find(':');
      const auto kind = asks[i].substr(0, colon);
      registry::Question question{.key = asks[i].substr(colon + 1), .message = "Please."};
      std::uint32_t bit = registry::kCanAskForm;
      if (kind == "form") {
        question.params_json = kSchema;
      } else if (kind == "sample") {
        question.kind = registry::QuestionKind::kSample;
        question.params_json = kSampling;
        bit = registry::kCanSample;
      } else if (kind == "roots") {
        question.kind = registry::QuestionKind::kRoots;
        bit = registry::kCanListRoots;
      } else {
        question.kind = registry::QuestionKind::kUrl;
        question.url = "https://example.com/agree";
        bit = registry::kCanAskUrl;
      }
      if (invocation.asker == nullptr || (invocation.can_ask & bit) == 0) {
        auto outcome = failure(base::Error(base::ErrorCode::kUnimplemented, "cannot ask").with_name("cannot_ask"));
        outcome.cannot_ask = bit;
        return finish(std::move(outcome));
      }
      invocation.asker->ask(std::move(question),
                            [self = shared_from_this(), i](registry::Asked asked) { self->told(i, std::move(asked)); });
    }
    void told(std::size_t i, registry::Asked asked) {
      using How = registry::Asked::How;
      if (is_finished) return;
      if (asked.how == How::kSuspended) {
        is_suspended = true;
        if (!is_together || i > 0)
          boost::asio::post(loop.context(), [self = shared_from_this()] { self->finish_suspended(); });
        return;
      }
      said.resize(asks.size());
      said[i] = asked.how == How::kAnswered    ? asked.body_json
                : asked.how == How::kDeclined  ? "declined"
                : asked.how == How::kDismissed ? "dismissed"
                                               : std::string(asked.error->name());
      if (asked.how == How::kFailed) why = fmt::format("{} {}", asked.error->message(), asked.error->hint());
      ++answered;
      if (answered == asks.size()) return answer();
      if (!is_together) ask(i + 1);
    }
    void finish_suspended() {
      registry::Outcome outcome;
      outcome.is_suspended = true;
      finish(std::move(outcome));
    }
    void answer() {
      if (invocation.run > 0 && base::json::find_bool(document, "hold").value_or(false)) return held.add();
      std::string list;
      for (const auto& text : said) list += (list.empty() ? "" : ",") + base::json::quote(text);
      finish(success(fmt::format(R"({{"run":{},"call":{},"said":[{}],"step":{},"why":{}}})", invocation.run,
                                 base::json::quote(invocation.call_id), list, base::json::quote(step),
                                 base::json::quote(why))));
    }
    void finish(registry::Outcome outcome) {
      if (!std::exchange(is_finished, true)) completion.complete(std::move(outcome));
    }

    const registry::Invocation& invocation;
    registry::Completion& completion;
    Count& held;
    base::Loop& loop;
    const base::json::Document document;
    std::vector<std::string> asks, said;
    std::string step, why;
    std::size_t answered = 0;
    bool is_together = false, is_suspended = false, is_finished = false;
  };

  base::Mutex mutex_;
  std::vector<std::shared_ptr<Run>> runs_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::testing
