#include "call/questions/suspended_call.hpp"

#include <algorithm>
#include <utility>

#include "call/questions/question_check.hpp"

namespace toolrack::call {
namespace {

using base::Result;
using services::recorder::Operation;

Operation* find_open(std::vector<Operation>& operations, const std::string& request) {
  const auto found = std::ranges::find_if(operations, [&](const Operation& each) {
    return each.ended == 0 && each.service == kAskService && each.request == request;
  });
  return found == operations.end() ? nullptr : &*found;
}

}  // namespace

std::size_t SuspendedCall::bytes() const noexcept {
  std::size_t sum = sizeof *this + steps.bytes();
  for (const auto& each : operations) sum += sizeof each + each.request.size() + each.reply.size();
  for (const auto& each : open) sum += sizeof each + each.message.size() + each.params_json.size();
  return sum + nested.calls.size() * sizeof(NestedUse::Call);
}

Result<void> take_answers(SuspendedCall& call, const base::json::Value& answers) {
  std::vector<std::pair<const registry::Question*, registry::Asked>> read;
  for (const auto& question : call.open)
    if (const auto* answer = base::json::find(answers, question.key))
      read.emplace_back(&question, TRY(read_answer(question, *answer)));
  std::uint32_t last_end = 0;
  for (const auto& each : call.operations) last_end = std::max(last_end, each.ended);
  std::vector<std::string> answered;
  for (const auto& [question, asked] : read) {
    auto* const operation = find_open(call.operations, to_json(*question));
    if (operation == nullptr) continue;
    operation->reply = to_json(asked);
    operation->ended = ++last_end;
    answered.push_back(question->key);
  }
  std::erase_if(call.open, [&](const registry::Question& each) {
    return std::ranges::find(answered, each.key) != answered.end();
  });
  return {};
}

std::vector<KeptAnswer> answers_in(const std::vector<Operation>& operations) {
  std::vector<KeptAnswer> answers;
  for (const auto& each : operations)
    if (each.service == kAskService && each.ended != 0) answers.push_back({each.request, each.reply});
  return answers;
}

}  // namespace toolrack::call
