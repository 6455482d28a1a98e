/// One call as a FakeHost keeps it: what the plugin was given, and what it did.
#pragma once

#include <toolrack/testing/fake_reply.hpp>
#include <toolrack/testing/outcome.hpp>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace toolrack::testing {

/// How a call is made. Built by chaining.
class CallOptions {
 public:
  /// TR_SKILL unless said otherwise.
  CallOptions& kind(std::uint32_t tr_kind) {
    kind_ = tr_kind;
    return *this;
  }
  CallOptions& index(std::uint32_t in_manifest) {
    index_ = in_manifest;
    return *this;
  }
  /// TR_CALL_*; default: everything but TR_CALL_JOB.
  CallOptions& flags(std::uint32_t tr_call_flags) {
    flags_ = tr_call_flags;
    return *this;
  }
  CallOptions& deadline_in(std::chrono::nanoseconds time) {
    deadline_in_ns_ = time.count();
    return *this;
  }
  CallOptions& backend(std::string provider, std::string base_url, std::string options_json = "{}") {
    provider_ = std::move(provider);
    base_url_ = std::move(base_url);
    options_ = std::move(options_json);
    return *this;
  }
  /// The call is a job of a skill that the manifest calls resumable: save_checkpoint() keeps.
  CallOptions& job() {
    flags_ |= TR_CALL_JOB;
    return *this;
  }
  /// What an earlier run of the job kept.
  CallOptions& checkpoint(std::string state) {
    checkpoint_ = std::move(state);
    return *this;
  }
  /// The manifest says `mode: blocking`: Op::wait() works.
  CallOptions& blocking() {
    is_blocking_ = true;
    return *this;
  }
  /// What info(TR_INFO_...) answers.
  CallOptions& info(std::uint32_t what, std::string text) {
    info_[what] = std::move(text);
    return *this;
  }

 private:
  friend class FakeCall;
  std::uint32_t kind_ = TR_SKILL;
  std::uint32_t index_ = UINT32_MAX;
  std::uint32_t flags_ =
      TR_CALL_PARTIALS | TR_CALL_PROGRESS | TR_CALL_ASK_FORM | TR_CALL_ASK_URL | TR_CALL_SAMPLE | TR_CALL_ROOTS;
  std::int64_t deadline_in_ns_ = 0;
  bool is_blocking_ = false;
  std::string provider_, base_url_, options_, checkpoint_;
  std::map<std::uint32_t, std::string> info_;
};

/// A call over all its runs.
class FakeCall {
 public:
  FakeCall(std::string skill, std::string input, CallOptions options, std::int64_t now_ns)
      : outcome(),
        skill_(std::move(skill)),
        input_(std::move(input)),
        options_(std::move(options)),
        deadline_ns_(options_.deadline_in_ns_ == 0 ? 0 : now_ns + options_.deadline_in_ns_) {
    outcome.checkpoint = options_.checkpoint_;
  }

  /// Begins a run. What it returns stays until end_run(); every text is a block of its own without a 0 behind it, so
  /// that address sanitizers see who reads too far or too late.
  const tr_invocation* begin_run() {
    texts_.clear();
    invocation_.reset(new tr_invocation{});
    invocation_->struct_size = sizeof(tr_invocation);
    invocation_->kind = options_.kind_;
    invocation_->index = options_.index_;
    invocation_->flags = options_.flags_;
    invocation_->run = static_cast<std::uint32_t>(outcome.runs);
    invocation_->name = lend_copy(skill_);
    invocation_->args_json = lend_copy(input_);
    invocation_->deadline_ns = deadline_ns_;
    invocation_->checkpoint = lend_copy(outcome.checkpoint);
    if (!options_.provider_.empty()) {
      backend_.reset(new tr_backend{});
      backend_->struct_size = sizeof(tr_backend);
      backend_->flags = TR_BACKEND_LAST;
      backend_->provider = lend_copy(options_.provider_);
      backend_->base_url = lend_copy(options_.base_url_);
      backend_->credential = lend_copy("cred:" + options_.provider_);
      backend_->options_json = lend_copy(options_.options_);
      invocation_->backend = backend_.get();
    }
    ++outcome.runs;
    replay_at_.clear();
    values_at_ = 0;
    keys_asked.clear();
    is_told_to_unwind = false;
    return invocation_.get();
  }
  void end_run() {
    for (auto& [size, text] : texts_) std::memset(text.get(), 0xdd, size);
    texts_.clear();
    invocation_.reset();
    backend_.reset();
  }

  /// What an earlier run was told when it did the same thing the same number of times, and `remember` for later runs.
  const FakeReply* replay(const std::string& what) {
    const auto known = replies_.find(what);
    const std::size_t at = replay_at_[what]++;
    return known == replies_.end() || at >= known->second.size() ? nullptr : &known->second[at];
  }
  void remember(const std::string& what, const FakeReply& reply) { replies_[what].push_back(reply); }
  /// Times and random numbers come again in the same order.
  template <class Fresh>
  std::uint64_t value(Fresh fresh) {
    if (values_at_ == values_.size()) values_.push_back(fresh());
    return values_[values_at_++];
  }

  tr_str info(std::uint32_t what) {
    const auto text = options_.info_.find(what);
    return text == options_.info_.end() ? tr_str{} : lend_copy(text->second);
  }
  std::uint32_t flags() const noexcept { return options_.flags_; }
  bool is_blocking() const noexcept { return options_.is_blocking_; }
  const std::string& base_url() const noexcept { return options_.base_url_; }
  std::int64_t deadline_ns() const noexcept { return deadline_ns_; }

  enum class Step { kBegun, kStored, kLost };
  struct Once {
    Step step;
    std::string value;
  };

  Outcome outcome;
  bool is_finished = false;
  bool is_cancelled = false;
  bool is_given_up = false;  // Its author was told that it never completes.
  bool is_told_to_unwind = false;
  std::map<std::string, Once> once;
  std::vector<std::string> keys_asked;    // In this run.
  std::vector<std::string> keys_awaited;  // Answers that a further run needs.

 private:
  tr_str lend_copy(const std::string& text) {
    std::unique_ptr<char[]> copy(new char[text.size()]);
    std::memcpy(copy.get(), text.data(), text.size());
    texts_.emplace_back(text.size(), std::move(copy));
    return tr_str{texts_.back().second.get(), text.size()};
  }

  const std::string skill_, input_;
  const CallOptions options_;
  const std::int64_t deadline_ns_;
  std::unique_ptr<tr_invocation> invocation_;
  std::unique_ptr<tr_backend> backend_;
  std::vector<std::pair<std::size_t, std::unique_ptr<char[]>>> texts_;
  std::map<std::string, std::vector<FakeReply>> replies_;
  std::map<std::string, std::size_t> replay_at_;
  std::vector<std::uint64_t> values_;
  std::size_t values_at_ = 0;
};

}  // namespace toolrack::testing
