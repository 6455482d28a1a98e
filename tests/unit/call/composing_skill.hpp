/// A skill that calls what its input says, and answers with what came of it.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "call_fixture.hpp"
#include "registry/caller.hpp"

namespace toolrack::call {

/// Input: {"calls": [{"skill", "input"?, "options"?, "timeout_ms"?} ...], "parallel"?: true, "then"?: "fail", "leave"
/// or "cancel"}. One call after another unless parallel; "leave" completes with the first still running, "cancel"
/// cancels it. Output: {"replies": [{"error", "message", "output", "rest", "acted"} ...]}.
class ComposingSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    auto run = std::make_shared<Run>(invocation, completion, asked);
    run->input = testing::parsed(invocation.input_json);
    boost::asio::post(invocation.loop->context(), [run] { run->begin(); });
    return 1;
  }
  /// The call path tells the calls of a skill by itself; this skill ends when they have.
  void cancel(std::uint64_t) override { cancelled.add(); }

  testing::Count asked, cancelled;  ///< Calls it has made; times it was told to end.

 private:
  struct Run;
  struct Sink final : registry::NestedSink {
    explicit Sink(std::shared_ptr<Run> owner) : run(std::move(owner)) {}
    void done(registry::NestedReply given) noexcept override {
      reply = fmt::format(R"({{"error":{},"message":{},"output":{},"rest":{},"acted":{}}})",
                          given.error ? base::json::quote(given.error->name()) : "null",
                          given.error ? base::json::quote(given.error->message()) : "null",
                          given.output_json.empty() ? "null" : given.output_json,
                          given.rest_json.empty() ? "null" : given.rest_json, given.may_have_acted);
      // What comes next must not happen inside call_tool, nor after the invocation has gone.
      if (auto owner = std::exchange(run, nullptr)) owner->note_done();
    }
    std::shared_ptr<Run> run;
    std::string reply;
    std::uint64_t ticket = 0;
  };
  struct Run : std::enable_shared_from_this<Run> {
    Run(const registry::Invocation& one, registry::Completion& to, testing::Count& asks)
        : invocation(one), completion(to), asked(asks), loop(*one.loop) {}

    void begin() {
      const auto& list = input["calls"];
      total = list.Size();
      then = testing::at(input, "/then");
      const bool is_parallel = base::json::find_bool(input, "parallel").value_or(false);
      if (total == 0) return finish();
      for (rapidjson::SizeType i = 0; i < (is_parallel ? total : 1); ++i) start(i);
      if (then == "leave") return finish();
      if (then == "cancel") invocation.caller->cancel_tool(sinks[0]->ticket);
    }
    void start(rapidjson::SizeType i) {
      const auto& call = input["calls"][i];
      const auto text = [&](const char* key) {
        const auto* value = base::json::find(call, key);
        return value == nullptr ? std::string() : base::json::dump(*value);
      };
      const auto given = text("input"), options = text("options");
      sinks.push_back(std::make_unique<Sink>(shared_from_this()));
      auto& sink = *sinks.back();
      sink.ticket = invocation.caller->call_tool({.skill = *base::json::find_string(call, "skill"),
                                                  .input_json = given,
                                                  .options_json = options,
                                                  .timeout_ms = base::json::find_int(call, "timeout_ms").value_or(0)},
                                                 sink);
      asked.add();
    }
    void note_done() {
      ++ended;
      boost::asio::post(loop.context(), [self = shared_from_this()] { self->go_on(); });
    }
    void go_on() {
      if (is_finished) return;
      if (sinks.size() < total) return start(static_cast<rapidjson::SizeType>(sinks.size()));
      if (ended == total) finish();
    }
    void finish() {
      is_finished = true;
      std::string replies;
      for (const auto& sink : sinks)
        if (!sink->reply.empty()) replies += (replies.empty() ? "" : ",") + sink->reply;
      auto outcome = testing::success(fmt::format(R"({{"replies":[{}]}})", replies));
      if (then == "fail") outcome = testing::failure({base::ErrorCode::kToolError, "it did not work out"});
      completion.complete(std::move(outcome));
    }

    const registry::Invocation& invocation;
    registry::Completion& completion;
    testing::Count& asked;
    base::Loop& loop;
    base::json::Document input;
    std::vector<std::unique_ptr<Sink>> sinks;
    std::size_t total = 0, ended = 0;
    std::string then;
    bool is_finished = false;
  };
};

}  // namespace toolrack::call
