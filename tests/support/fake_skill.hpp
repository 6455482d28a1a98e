/// Handlers that behave in one way each, and tools made of them.
#pragma once

#include <gtest/gtest.h>
#include <boost/asio/post.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/loop.hpp"
#include "base/mutex.hpp"
#include "base/pool.hpp"
#include "registry/handler.hpp"
#include "registry/header_annotations.hpp"
#include "registry/input_validator.hpp"
#include "registry/tool.hpp"
#include "support/patience.hpp"

namespace toolrack::testing {

inline registry::Outcome success(std::string output_json) {
  registry::Outcome outcome;
  outcome.output_json = base::LentBytes::own(std::move(output_json));
  return outcome;
}
inline registry::Outcome failure(base::Error error) {
  registry::Outcome outcome;
  outcome.error = std::move(error);
  return outcome;
}

/// Counts that a test waits for; any thread.
class Count {
 public:
  void add() {
    base::Lock lock(mutex_);
    ++value_;
    changed_.notify_all();
  }
  int value() const {
    base::Lock lock(mutex_);
    return value_;
  }
  /// False when it does not get there in time.
  [[nodiscard]] bool wait_for(int wanted, std::chrono::milliseconds limit = toolrack::test::kPatience) const {
    const auto end = std::chrono::steady_clock::now() + limit;
    base::Lock lock(mutex_);
    while (value_ < wanted) {
      const auto left = end - std::chrono::steady_clock::now();
      if (left.count() <= 0) return false;
      lock.wait_for(changed_, left);
    }
    return true;
  }

 private:
  mutable base::Mutex mutex_;
  mutable std::condition_variable changed_;
  int value_ TR_GUARDED_BY(mutex_) = 0;
};

/// Answers within `invoke`, with whatever `answer` makes of the input; by default the input itself.
class InstantSkill final : public registry::Handler {
 public:
  using Answer = std::function<registry::Outcome(const registry::Invocation&)>;
  InstantSkill() : answer_([](const auto& invocation) { return success(std::string(invocation.input_json)); }) {}
  explicit InstantSkill(Answer answer) : answer_(std::move(answer)) {}
  explicit InstantSkill(std::string output) : answer_([output](const auto&) { return success(output); }) {}
  explicit InstantSkill(const base::Error& error) : answer_([error](const auto&) { return failure(error); }) {}

  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    invoked.add();
    completion.complete(answer_(invocation));
    return 0;
  }
  void cancel(std::uint64_t) override {}
  Count invoked;

 private:
  const Answer answer_;
};

/// Answers with its input, from another thread by way of the call's loop.
class LaterSkill final : public registry::Handler {
 public:
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    invoked.add();
    pool_.post([&loop = *invocation.loop, &completion, input = std::string(invocation.input_json)] {
      boost::asio::post(loop.context(), [&completion, input] { completion.complete(success(input)); });
    });
    return ++ticket_;
  }
  void cancel(std::uint64_t) override { cancelled.add(); }
  Count invoked, cancelled;

 private:
  base::Pool pool_{"later-skill", 2};
  std::atomic<std::uint64_t> ticket_{0};
};

/// Stays until it is cancelled, then ends as cancelled; a stubborn one stays even then, until `release`.
class WaitingSkill final : public registry::Handler, public std::enable_shared_from_this<WaitingSkill> {
 public:
  explicit WaitingSkill(bool is_stubborn = false) : is_stubborn_(is_stubborn) {}

  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    std::uint64_t ticket = 0;
    {
      base::Lock lock(mutex_);
      ticket = ++last_ticket_;
      open_[ticket] = {invocation.loop, &completion};
    }
    invoked.add();
    return ticket;
  }
  void cancel(std::uint64_t ticket) override {
    cancelled.add();
    if (!is_stubborn_) end(ticket, failure(when_cancelled));
  }
  /// Completes every call that still waits, with `output`, on its loop.
  void release(const std::string& output = R"({"late":true})") {
    std::map<std::uint64_t, Open> all;
    {
      base::Lock lock(mutex_);
      all.swap(open_);
    }
    for (auto& [ticket, one] : all)
      // The completion may give up the last reference to us.
      boost::asio::post(one.loop->context(), [self = shared_from_this(), completion = one.completion, output] {
        completion->complete(success(output));
        self->completed.add();
      });
  }
  Count invoked, cancelled, completed;
  /// What it ends with; set before the first call.
  base::Error when_cancelled{base::ErrorCode::kCancelled, "the handler was cancelled"};

 private:
  struct Open {
    base::Loop* loop;
    registry::Completion* completion;
  };
  void end(std::uint64_t ticket, registry::Outcome outcome) {
    const auto self = shared_from_this();
    registry::Completion* completion = nullptr;
    {
      base::Lock lock(mutex_);
      const auto found = open_.find(ticket);
      if (found == open_.end()) return;
      completion = found->second.completion;
      open_.erase(found);
    }
    completion->complete(std::move(outcome));
    completed.add();
  }
  const bool is_stubborn_;
  base::Mutex mutex_;
  std::map<std::uint64_t, Open> open_ TR_GUARDED_BY(mutex_);
  std::uint64_t last_ticket_ TR_GUARDED_BY(mutex_) = 0;
};

/// Tells its progress in the given steps, then answers {}; after the call has returned from `invoke`.
class ProgressSkill final : public registry::Handler {
 public:
  struct Step {
    double done, total;
    std::string note;
  };
  explicit ProgressSkill(std::vector<Step> steps) : steps_(std::move(steps)) {}
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    wanted_progress = invocation.wants_progress;
    boost::asio::post(invocation.loop->context(), [this, &completion] {
      for (const auto& step : steps_) completion.progress(step.done, step.total, step.note);
      completion.complete(success("{}"));
    });
    return 1;
  }
  void cancel(std::uint64_t) override {}
  std::atomic<bool> wanted_progress{false};

 private:
  const std::vector<Step> steps_;
};

/// Writes a line of each given level, then answers {}; after the call has returned from `invoke`.
class LogSkill final : public registry::Handler {
 public:
  struct Line {
    std::uint8_t level;
    std::string text, fields_json;
  };
  explicit LogSkill(std::vector<Line> lines) : lines_(std::move(lines)) {}
  std::uint64_t invoke(const registry::Invocation& invocation, registry::Completion& completion) override {
    boost::asio::post(invocation.loop->context(), [this, least = invocation.caller_log_level, &completion] {
      for (const auto& line : lines_)
        if (line.level >= least) completion.log(line.level, line.text, line.fields_json);
      completion.complete(success("{}"));
    });
    return 1;
  }
  void cancel(std::uint64_t) override {}

 private:
  const std::vector<Line> lines_;
};

/// One skill of a fake tool; the members have the manifest's meaning.
struct FakeSkill {
  std::string name;
  std::shared_ptr<registry::Handler> handler;
  std::string input = R"({"type":"object"})";
  std::string output;
  base::Money price;
  std::vector<registry::ClassLimit> limits;
  std::chrono::milliseconds timeout{30'000};
  bool confirm = false;
  std::vector<std::string> providers;  ///< "slug" or "slug:micro-dollars"; each becomes one of the tool's.
  bool read_only = false;
  double estimated_seconds = 0;
  std::chrono::seconds cache_ttl{0};
  base::Money cached_price;
  bool approval = false;
  bool resumable = false, idempotent = false;
  bool async = false, job_only = false, asks_first = false;
};

inline void add_backend(registry::Tool& tool, registry::Skill& skill, const std::string& words) {
  const auto colon = words.find(':');
  const auto slug = words.substr(0, colon);
  if (tool.find_provider(slug) == nullptr)
    tool.providers.push_back({.slug = slug,
                              .base_url = "https://" + slug + ".example",
                              .credential = "",
                              .cost_json = "",
                              .options_json = ""});
  skill.backends.push_back({.provider = slug,
                            .price = colon == std::string::npos
                                         ? skill.price
                                         : base::Money::from_micros(std::stol(words.substr(colon + 1)))});
}

/// A tool of owner "test" whose flat names are <slug>_<skill>.
inline std::shared_ptr<const registry::Tool> make_tool(std::string slug, std::vector<FakeSkill> skills,
                                                       std::string version = "1.0.0",
                                                       std::vector<std::string> granted_tools = {},
                                                       std::uint32_t max_concurrency = 0) {
  auto tool = std::make_shared<registry::Tool>();
  tool->granted_tools = std::move(granted_tools);
  tool->max_concurrency = max_concurrency;
  tool->owner = "test";
  tool->slug = tool->prefix = slug;
  tool->version = std::move(version);
  tool->title = "Fake " + slug;
  tool->description = "A tool of the tests.";
  tool->status = "stable";
  tool->source = "native";
  tool->bundled = true;
  const auto compiled = [](const std::string& schema) {
    auto validator = registry::compile_schema(schema);
    EXPECT_TRUE(validator) << validator.error().message();
    return validator.value_or(nullptr);
  };
  for (auto& fake : skills) {
    registry::Skill skill;
    skill.index = static_cast<std::uint32_t>(tool->skills.size());
    skill.name = fake.name;
    skill.flat_name = slug + "_" + fake.name;
    skill.title = fake.name;
    skill.description = "A skill of the tests.";
    skill.input_schema = fake.input;
    skill.header_arguments = registry::read_header_annotations(*base::json::parse(fake.input), "").arguments;
    skill.output_schema = fake.output;
    skill.has_object_output = fake.output.find(R"("type":"object")") != std::string::npos;
    skill.price = fake.price;
    skill.limits = std::move(fake.limits);
    skill.timeout = fake.timeout;
    skill.approval = fake.approval;
    skill.confirm = fake.confirm;
    skill.read_only = fake.read_only;
    skill.resumable = fake.resumable;
    skill.idempotent = fake.idempotent;
    skill.async = fake.async || fake.job_only;
    skill.job_only = fake.job_only;
    skill.asks_first = fake.asks_first;
    skill.estimated_seconds = fake.estimated_seconds;
    skill.cache_ttl = fake.cache_ttl;
    skill.cached_price = fake.cached_price;
    for (const auto& words : fake.providers) add_backend(*tool, skill, words);
    skill.input_validator = compiled(fake.input);
    if (!fake.output.empty()) skill.output_validator = compiled(fake.output);
    skill.handler = std::move(fake.handler);
    tool->skills.push_back(std::move(skill));
  }
  for (auto& skill : tool->skills) skill.tool = tool.get();
  return tool;
}

}  // namespace toolrack::testing
