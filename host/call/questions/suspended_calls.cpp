#include "call/questions/suspended_calls.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include "base/shown_text.hpp"
#include "services/log/log.hpp"

namespace toolrack::call {
namespace {

using base::Error;
using base::ErrorCode;
using base::Result;
namespace log = services::log;

/// Operations of a commit, which the store holds to a number.
constexpr std::ptrdiff_t kForgottenAtOnce = 500;
constexpr std::string_view kRecordPurpose = "toolrack suspended record 1";
constexpr std::string_view kCallAgain = "Make the same call without state and answers: it asks again.";

/// What a state says when it is opened.
struct OpenedState {
  SuspendedCall::Id id{};
  base::Seal::Key record_key{};
  std::int64_t expires_ns = 0;
};
constexpr std::size_t kStateBytes =
    sizeof OpenedState::id + sizeof OpenedState::record_key + sizeof OpenedState::expires_ns;

std::string state_bytes(const OpenedState& state) {
  std::string bytes;
  bytes.append(state.id.data(), state.id.size());
  bytes.append(reinterpret_cast<const char*>(state.record_key.data()), state.record_key.size());
  bytes.append(reinterpret_cast<const char*>(&state.expires_ns), sizeof state.expires_ns);
  return bytes;
}

std::optional<OpenedState> state_from(const std::optional<std::string>& bytes) {
  if (!bytes || bytes->size() != kStateBytes) return std::nullopt;
  OpenedState state;
  const auto* from = bytes->data();
  std::memcpy(state.id.data(), from, state.id.size());
  std::memcpy(state.record_key.data(), from += state.id.size(), state.record_key.size());
  std::memcpy(&state.expires_ns, from + state.record_key.size(), sizeof state.expires_ns);
  return state;
}

tl::unexpected<Error> invalid_state(std::string_view state, std::string_view fault,
                                    std::string_view remedy = kCallAgain) {
  constexpr std::size_t kShown = 12;  // Enough to find it by, and of no use to anybody.
  return tl::unexpected(Error(ErrorCode::kInvalidRequest,
                              fmt::format("the state {} {}", base::shown(state, kShown), fault), std::string(remedy))
                            .with_name("invalid_request_state"));
}

}  // namespace

Result<std::size_t> SuspendedCalls::recover() {
  store::Commit commit;
  auto left = TRY(read_suspended(store_, commit));
  base::Lock lock(mutex_);
  for (auto& [head, sealed] : left) {
    if (head.expires_ns <= clock_.unix_ns() || (sealed.empty() && !head.is_running)) {
      delete_suspended(commit, head);
      continue;
    }
    const auto id = head.id;
    Entry entry{.head = std::move(head), .call = nullptr, .sealed = {}, .is_stored = {}};
    if (!entry.head.is_running) entry.sealed = std::move(sealed);
    entry.bytes = entry.sealed.size();
    entry.is_stored = std::make_shared<std::atomic<bool>>(true);
    bytes_ += entry.bytes;
    entries_.emplace(id, std::move(entry));
  }
  forget(std::move(commit));
  return entries_.size();
}

Result<std::string> SuspendedCalls::keep(std::unique_ptr<SuspendedCall> call, std::function<void()> kept) {
  OpenedState state{.expires_ns = clock_.unix_ns() + kLifetimeNs};
  randombytes_buf(state.id.data(), state.id.size());
  randombytes_buf(state.record_key.data(), state.record_key.size());
  const auto sealed = base::Seal(state.record_key, kRecordPurpose).close(to_bytes(*call));

  base::Lock lock(mutex_);
  drop_expired();
  store::Commit commit;
  const auto replaced = entries_.find(call->id);
  const bool replaces = replaced != entries_.end();
  if (replaces) drop(replaced, commit);
  make_room(call->account, commit);
  // One that was let in once goes on.
  if (const auto size = call->bytes(); !replaces && bytes_ + size > kMostBytes) {
    forget(std::move(commit));
    return base::fail(ErrorCode::kUnavailable, "too many calls wait for answers already", "Try again in some minutes.");
  }
  call->id = state.id;
  Entry entry{
      .head = {.id = state.id, .binding = call->binding, .account = call->account, .expires_ns = state.expires_ns},
      .call = nullptr,
      .sealed = {},
      .bytes = call->bytes(),
      .is_stored = std::make_shared<std::atomic<bool>>(true)};
  put_suspended(commit, entry.head, sealed);
  entry.call = std::move(call);
  bytes_ += entry.bytes;
  const auto is_stored = entry.is_stored;
  entries_.emplace(state.id, std::move(entry));
  store_.submit(std::move(commit), [is_stored, kept = std::move(kept)](const Result<store::Receipt>& written) {
    if (!written) {
      is_stored->store(false);
      log::write(log::Level::kWarning, "a call that waits for answers is not on disk, and is lost with a restart",
                 {{"reason", written.error().message()}});
    }
    kept();
  });
  return seal_.close(state_bytes(state));
}

Result<std::unique_ptr<SuspendedCall>> SuspendedCalls::take(std::string_view text, const base::Sha256& binding) {
  const auto state = state_from(seal_.open(text));
  if (!state) return invalid_state(text, "is not one that was given out here");
  const auto late_ns = clock_.unix_ns() - state->expires_ns;
  if (late_ns >= 0)
    return invalid_state(text,
                         fmt::format("has expired {} seconds ago: it is good for 15 minutes", late_ns / 1'000'000'000));
  base::Lock lock(mutex_);
  const auto found = entries_.find(state->id);
  if (found == entries_.end())
    return invalid_state(text, fmt::format("was used already, or has made room for newer ones: it is good for one "
                                           "answer, and {} of an account wait",
                                           kMostOfAccount));
  auto& entry = found->second;
  if (entry.head.binding != binding)
    return invalid_state(text, "belongs to another caller, or to a call with other arguments",
                         "Send it with the key, the method and the arguments of the call that was answered with it.");
  if (entry.is_taken)
    return invalid_state(text, "is being used: another request goes on with it",
                         "Wait for the answer to that request.");
  if (entry.head.is_running)
    return invalid_state(text,
                         "was being used when the gateway ended; whether the skill has acted since its question is "
                         "unknown",
                         "See whether it has acted, then make the same call without state and answers.");
  if (entry.call == nullptr) {
    const auto bytes = base::Seal(state->record_key, kRecordPurpose).open(entry.sealed);
    auto call = bytes ? suspended_call_from(*bytes)
                      : Result<SuspendedCall>(base::fail(ErrorCode::kStoreFailed, "the record cannot be opened"));
    if (!call) {
      store::Commit commit;
      drop(found, commit);
      forget(std::move(commit));
      return invalid_state(text, "cannot be used any more: what the call did until its question cannot be read");
    }
    call->id = state->id;
    call->binding = entry.head.binding;
    call->account = entry.head.account;
    entry.call = std::make_unique<SuspendedCall>(*std::move(call));
    entry.sealed.clear();
    entry.sealed.shrink_to_fit();
  }
  entry.is_taken = true;
  bytes_ -= std::exchange(entry.bytes, 0);
  return std::move(entry.call);
}

void SuspendedCalls::begin_run(const SuspendedCall::Id& id, std::function<void(Result<void>)> noted) {
  {
    base::Lock lock(mutex_);
    const auto found = entries_.find(id);
    if (found != entries_.end() && found->second.is_stored->load()) {
      auto& head = found->second.head;
      head.is_running = true;
      store::Commit commit;
      put_head(commit, head);
      return store_.submit(std::move(commit), [noted = std::move(noted)](const Result<store::Receipt>& written) {
        noted(written ? Result<void>() : tl::unexpected(written.error()));
      });
    }
  }
  noted({});  // Nothing of it outlives this process.
}

void SuspendedCalls::put_back(std::unique_ptr<SuspendedCall> call) {
  base::Lock lock(mutex_);
  const auto found = entries_.find(call->id);
  if (found == entries_.end()) return;
  auto& entry = found->second;
  entry.is_taken = false;
  entry.bytes = call->bytes();
  entry.call = std::move(call);
  bytes_ += entry.bytes;
  if (!std::exchange(entry.head.is_running, false)) return;
  store::Commit commit;
  put_head(commit, entry.head);
  forget(std::move(commit));
}

void SuspendedCalls::finish(const SuspendedCall::Id& id) {
  base::Lock lock(mutex_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  store::Commit commit;
  drop(found, commit);
  forget(std::move(commit));
}

void SuspendedCalls::sweep() {
  base::Lock lock(mutex_);
  drop_expired();
}

/// Changes that nobody waits for, in any number. What is left behind when the store takes none is forgotten by a later
/// start.
void SuspendedCalls::forget(store::Commit changes) {
  for (auto from = changes.begin(); from != changes.end();) {
    const auto to = from + std::min<std::ptrdiff_t>(changes.end() - from, kForgottenAtOnce);
    store::Commit commit(std::make_move_iterator(from), std::make_move_iterator(to));
    from = to;
    store_.submit(std::move(commit), [](const Result<store::Receipt>& written) {
      if (!written)
        log::write(log::Level::kWarning, "calls that waited for answers are still on disk as they were",
                   {{"reason", written.error().message()}});
    });
  }
}

SuspendedCalls::Entries::iterator SuspendedCalls::drop(Entries::iterator entry, store::Commit& commit) {
  delete_suspended(commit, entry->second.head);
  bytes_ -= entry->second.bytes;
  return entries_.erase(entry);
}

void SuspendedCalls::drop_expired() {
  const auto now = clock_.unix_ns();
  store::Commit commit;
  for (auto each = entries_.begin(); each != entries_.end();)
    each = each->second.is_taken || each->second.head.expires_ns > now ? std::next(each) : drop(each, commit);
  forget(std::move(commit));
}

void SuspendedCalls::make_room(const std::string& account, store::Commit& commit) {
  std::size_t count = 0;
  auto oldest = entries_.end();
  for (auto each = entries_.begin(); each != entries_.end(); ++each) {
    const auto& entry = each->second;
    if (entry.is_taken || entry.head.account != account) continue;
    ++count;
    if (oldest == entries_.end() || entry.head.expires_ns < oldest->second.head.expires_ns) oldest = each;
  }
  if (count >= kMostOfAccount) drop(oldest, commit);
}

std::size_t SuspendedCalls::count() const {
  base::Lock lock(mutex_);
  return static_cast<std::size_t>(
      std::ranges::count_if(entries_, [](const auto& each) { return !each.second.is_taken; }));
}

}  // namespace toolrack::call
