#include "call/questions/suspended_calls.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "call/questions/question_check.hpp"

namespace toolrack::call {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
using services::recorder::Operation;

tl::unexpected<Error> invalid_state(std::string message) {
  return tl::unexpected(Error(ErrorCode::kInvalidRequest, std::move(message),
                              "Make the same call without state and answers: it asks again.")
                            .with_name("invalid_request_state"));
}

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

Result<std::string> SuspendedCalls::keep(std::unique_ptr<SuspendedCall> call) {
  call->expires_ns = clock_.monotonic_ns() + kLifetimeNs;
  Id id;
  randombytes_buf(id.data(), id.size());
  {
    base::Lock lock(mutex_);
    drop_expired();
    make_room(call->account);
    const auto size = call->bytes();
    if (bytes_ + size > kMostBytes)
      return base::fail(ErrorCode::kUnavailable, "too many calls wait for answers already",
                        "Try again in some minutes.");
    bytes_ += size;
    calls_.emplace(id, std::move(call));
  }
  return seal_.close({id.data(), id.size()});
}

void SuspendedCalls::drop_expired() {
  const auto now = clock_.monotonic_ns();
  for (auto each = calls_.begin(); each != calls_.end();) {
    if (each->second->expires_ns > now) {
      ++each;
      continue;
    }
    bytes_ -= each->second->bytes();
    each = calls_.erase(each);
  }
}

void SuspendedCalls::make_room(const std::string& account) {
  std::size_t count = 0;
  auto oldest = calls_.end();
  for (auto each = calls_.begin(); each != calls_.end(); ++each) {
    if (each->second->account != account) continue;
    ++count;
    if (oldest == calls_.end() || each->second->expires_ns < oldest->second->expires_ns) oldest = each;
  }
  if (count < kMostOfAccount) return;
  bytes_ -= oldest->second->bytes();
  calls_.erase(oldest);
}

Result<std::unique_ptr<SuspendedCall>> SuspendedCalls::take(std::string_view state, const base::Sha256& binding) {
  const auto opened = seal_.open(state);
  Id id{};
  if (!opened || opened->size() != id.size()) return invalid_state("the state is not one that was given out here");
  std::memcpy(id.data(), opened->data(), id.size());
  base::Lock lock(mutex_);
  drop_expired();
  const auto found = calls_.find(id);
  if (found == calls_.end())
    return invalid_state(
        "the state has expired, was used, or is being used: it is good for one answer within 15 minutes");
  if (found->second->binding != binding)
    return invalid_state("the state belongs to another caller, or to a call with other arguments");
  auto call = std::move(found->second);
  bytes_ -= call->bytes();
  calls_.erase(found);
  return call;
}

void SuspendedCalls::put_back(std::string_view state, std::unique_ptr<SuspendedCall> call) {
  const auto opened = seal_.open(state);
  Id id{};
  if (!opened || opened->size() != id.size()) return;
  std::memcpy(id.data(), opened->data(), id.size());
  base::Lock lock(mutex_);
  bytes_ += call->bytes();
  calls_.emplace(id, std::move(call));
}

std::size_t SuspendedCalls::count() const {
  base::Lock lock(mutex_);
  return calls_.size();
}

}  // namespace toolrack::call
