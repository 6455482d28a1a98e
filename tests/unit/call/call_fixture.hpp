/// Calls without a transport: started on a loop, waited for by the test.
#pragma once

#include <boost/asio/post.hpp>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "call/call_path.hpp"
#include "call/questions/asking.hpp"
#include "call/reply.hpp"
#include "support/fake_skill.hpp"
#include "support/http_client.hpp"
#include "support/patience.hpp"
#include "support/test_rack.hpp"

namespace toolrack::call {

/// What a test asks for; the rest of a CallRequest is filled in.
struct Ask {
  std::string skill = "echo";
  std::string input = "{}";
  bool dry_run = false, confirmed = false;
  std::optional<base::Money> max_price;
  std::int64_t timeout_ms = 0;
  accounts::PrincipalRef principal;  ///< Null: the local one.
  bool wants_progress = false;
  std::shared_ptr<const BackendPreference> backend = nullptr;
  CacheUse cache = CacheUse::kOn;
  std::string tool = "fake";
  registry::Kind kind = registry::Kind::kSkill;
  std::uint32_t can_ask = 0;  ///< What the caller can be asked.
  std::string state = {}, answers = {};
  bool waits = false;  ///< The sink takes questions.
  std::string traceparent = {};
};

/// What came of it, in values that outlive the call.
struct Ended {
  bool ok = false;
  std::vector<registry::Part> parts;
  std::string error, message, hint, details, output, explanation, backend, reply;
  int status = 0;
  base::Money raw_cost, cost;
  std::optional<bool> billed;
  std::optional<accounts::LimitState> limit;
  CacheNote cache;
  Timings timings;
  std::vector<double> progress;
  std::string state;               ///< Not empty: suspended.
  std::vector<std::string> asked;  ///< Keys.
};

/// A call on its way.
class Started final : public CallSink {
 public:
  void done(CallOutcome& outcome) noexcept override {
    Ended ended;
    ended.ok = outcome.ok();
    if (outcome.result.error) {
      ended.error = outcome.result.error->name();
      ended.message = outcome.result.error->message();
      ended.hint = outcome.result.error->hint();
      ended.details = outcome.result.error->details_json();
    }
    ended.parts = outcome.result.parts;
    ended.output = outcome.result.output_json.view();
    ended.explanation = outcome.explanation_json;
    ended.backend = outcome.backend;
    ended.status = http_status(outcome);
    ended.raw_cost = outcome.raw_cost;
    ended.cost = outcome.cost;
    ended.billed = outcome.billed;
    ended.limit = outcome.limit;
    ended.cache = outcome.cache;
    ended.timings = outcome.timings;
    ended.progress = progress_;
    if (outcome.suspended != nullptr) {
      ended.state = outcome.suspended->state;
      for (const auto& question : outcome.suspended->questions) ended.asked.push_back(question.key);
    }
    base::json::Buffer buffer;
    base::json::Writer writer(buffer);
    write_reply(writer, outcome);
    ended.reply = base::json::view(buffer);
    times_done.add();
    promise_.set_value(std::move(ended));  // A second one would throw, and end the program.
  }
  void progress(double done, double, std::string_view) noexcept override { progress_.push_back(done); }

  void ask(registry::Question question, Answered answered) noexcept override {
    questions.push_back(std::move(question));
    answers.push_back(std::move(answered));
    times_asked.add();
  }

  bool is_done() { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  /// At most kPatience.
  Ended wait() {
    if (future_.wait_for(toolrack::test::kPatience) == std::future_status::ready) return future_.get();
    ADD_FAILURE() << "the call did not end";
    return {};
  }
  testing::Count times_done, times_asked;
  std::vector<registry::Question> questions;  ///< Of the loop's thread, as are the answers.
  std::vector<Answered> answers;
  std::uint64_t ticket = 0;  ///< Set when the loop has started it.

 private:
  std::vector<double> progress_;
  std::promise<Ended> promise_;
  std::future<Ended> future_ = promise_.get_future();
};

class CallTest : public ::testing::Test {
 protected:
  explicit CallTest(testing::RackOptions options = {}) : rack_({}, options) {}
  ~CallTest() override { EXPECT_TRUE(becomes_idle()); }

  void serve(std::vector<testing::FakeSkill> skills) { rack_.publish({testing::make_tool("fake", std::move(skills))}); }

  /// Runs `task` on a loop and waits for it.
  template <typename Task>
  void on_loop(Task task) {
    std::promise<void> done;
    boost::asio::post(rack_.loops[0].context(), [&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  /// `start` has returned when this returns, and everything it borrowed is gone.
  std::shared_ptr<Started> start(const Ask& ask) {
    auto started = std::make_shared<Started>();
    on_loop([&] {
      auto input = std::make_unique<std::string>(ask.input);
      auto id = std::make_unique<std::string>("request-with-an-id-that-is-too-long-to-stay-inside-the-string");
      auto value = base::json::parse(*input);
      auto principal = std::make_unique<accounts::PrincipalRef>(ask.principal ? ask.principal : rack_.local);
      CallRequest request;
      request.principal = principal.get();
      request.kind = ask.kind;
      request.tool = ask.tool;
      request.skill = ask.skill;
      request.input_json = *input;
      request.input = &*value;
      request.dry_run = ask.dry_run;
      request.confirmed = ask.confirmed;
      request.max_price = ask.max_price;
      request.timeout_ms = ask.timeout_ms;
      request.request_id = *id;
      request.transport = "rest";
      request.traceparent = ask.traceparent;
      request.wants_progress = ask.wants_progress;
      request.backend = ask.backend;
      request.cache = ask.cache;
      auto answers = ask.answers.empty() ? std::nullopt : std::optional(base::json::parse(ask.answers).value());
      const Asking asking{.kinds = ask.can_ask,
                          .waits = ask.waits,
                          .method = "tools/call",
                          .state = ask.state,
                          .answers = answers ? &*answers : nullptr};
      if (asking.kinds != 0 || !asking.state.empty()) request.asking = &asking;
      started->ticket = rack_.calls.start(rack_.loops[0], request, *started);
      EXPECT_EQ(started->ticket == 0, started->times_done.value() == 1) << "0 means done";
    });
    return started;
  }
  Ended run(const Ask& ask) { return start(ask)->wait(); }
  void cancel(const Started& started) {
    on_loop([&] { rack_.calls.cancel(rack_.loops[0], started.ticket); });
  }
  /// No call is left, answered or not.
  bool becomes_idle() {
    const auto end = std::chrono::steady_clock::now() + toolrack::test::kPatience;
    while (rack_.calls.running() != 0) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }
  accounts::PrincipalRef limited(accounts::LimitSettings settings) {
    return std::make_shared<accounts::Principal>(
        accounts::Principal{.account = "acc_one",
                            .key_id = "k1",
                            .scopes = accounts::Scopes::standard(),
                            .limits = std::make_shared<accounts::KeyLimits>(settings)});
  }
  std::uint64_t recorded_calls(std::string_view account = "local") {
    std::uint64_t sum = 0;
    const auto rows = rack_.usage.summary(account, accounts::Period::kAll);
    for (const auto& row : *rows) sum += row.calls;
    return sum;
  }

  std::shared_ptr<testing::InstantSkill> echo_ = std::make_shared<testing::InstantSkill>();
  testing::Rack rack_;
};

inline base::Money micros(std::int64_t amount) { return base::Money::from_micros(amount); }

}  // namespace toolrack::call
