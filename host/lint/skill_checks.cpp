#include "lint/skill_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "lint/mutations.hpp"
#include "lint/rig.hpp"
#include "lint/value_maker.hpp"
#include "registry/input_validator.hpp"

namespace toolrack::lint {
namespace {

namespace json = base::json;
using registry::Skill;

constexpr std::size_t kShownInput = 300;

std::string shown(const std::string& input) {
  return input.size() <= kShownInput ? input
                                     : fmt::format("{}... ({} bytes)", input.substr(0, kShownInput), input.size());
}

bool is_valid(const Skill& skill, const std::string& input) {
  const auto parsed = json::parse(input);
  return parsed && (skill.input_validator == nullptr || skill.input_validator->check(*parsed).empty());
}

/// An input that callers may send, by seed: an example of the manifest, or one made from the schema. Null: neither is
/// there.
std::optional<std::string> input_for(const Skill& skill, std::uint64_t seed) {
  constexpr int kTries = 60;
  const auto schema = json::parse(skill.input_schema);
  std::mt19937_64 random(seed);
  const bool is_example = !skill.examples.empty() && random() % 4 == 0;
  for (int i = 0; !is_example && schema && i < kTries; ++i) {
    auto made = ValueMaker(*schema, random()).make();
    if (is_valid(skill, made)) return made;
  }
  if (skill.examples.empty()) return std::nullopt;
  return skill.examples[random() % skill.examples.size()].input_json;
}

/// Without one, the check has nothing to do, and says so.
std::optional<std::string> input_or_skip(const Skill& skill, std::uint64_t seed, Notes& notes) {
  auto input = input_for(skill, seed);
  if (!input) notes.skip("no valid input could be made from the schema; give the skill `examples`");
  return input;
}

bool is_known(tr_status status) {
  return (status >= TR_OK && status <= TR_UNAUTHENTICATED) || (status >= TR_PAYMENT_REQUIRED && status <= TR_SUSPENDED);
}

void note_faults(const Rig& rig, Notes& notes) {
  for (const auto& fault : rig.faults()) notes.add(fault);
}

/// Is what a finished call says what the manifest promised?
void check_outcome(const Skill& skill, const testing::Outcome& outcome, Notes& notes) {
  if (!is_known(outcome.status)) notes.add(fmt::format("it ends with the unknown status {}", outcome.status));
  if (outcome.status != TR_OK) {
    const bool is_told = outcome.status == TR_SUSPENDED || outcome.status == TR_CANCELLED;  // The caller knows why.
    if (outcome.message.empty() && outcome.output.empty() && !is_told)
      notes.add(fmt::format("it fails with status {} and says nothing", outcome.status),
                "Give the outcome a message: it is all that callers see.", Severity::kWarning);
    return;
  }
  if (skill.output_validator == nullptr) return;
  const auto output = json::parse(outcome.output.empty() ? "null" : outcome.output);
  if (!output) return;  // Not JSON: the host has said so.
  const auto violations = skill.output_validator->check(*output);
  if (!violations.empty())
    notes.add(fmt::format("its output breaks its schema at \"{}\": {}", violations.front().pointer,
                          violations.front().message));
}

/// False: there is nothing to look at, and `notes` has it.
bool has_started(const Rig& rig, Notes& notes) {
  if (rig.has_started()) return true;
  note_faults(rig, notes);
  notes.skip("it does not start: " + rig.refusal());
  return false;
}

void note_own_threads(Notes& notes) {
  notes.skip("it completes calls from threads of its own, which this host of one thread cannot follow");
}

/// Ends the call, and the plugin. False: it has no end, and further runs would say the same.
bool finish(Rig& rig, const Skill& skill, std::size_t call, Notes& notes) {
  const bool is_done = rig.finish();
  if (rig.has_own_threads()) {
    note_own_threads(notes);
    return false;
  }
  if (is_done) check_outcome(skill, rig.outcome(call), notes);
  rig.close();
  note_faults(rig, notes);
  return is_done;
}

void check_runs(const Bench& bench, const Skill& skill, Notes& notes) {
  for (std::uint64_t seed = bench.seed; seed < bench.seed + bench.runs; ++seed) {
    const auto input = input_or_skip(skill, seed, notes);
    if (!input) return;
    notes.begin("with the input " + shown(*input), seed);
    Rig rig(bench.subject, bench.entry, {.seed = seed});
    if (!has_started(rig, notes)) return;
    const auto call = rig.begin(skill, *input);
    if (!finish(rig, skill, call, notes)) return;
  }
}

/// A mutation that the schema lets through; null: every one that was tried would have been refused.
std::optional<std::string> odd_input_for(const Skill& skill, std::uint64_t seed) {
  constexpr int kTries = 40;
  const auto input = input_for(skill, seed).value_or("{}");
  std::mt19937_64 random(seed);
  for (int i = 0; i < kTries; ++i) {
    auto mutated = mutate(input, random());
    if (mutated != input && is_valid(skill, mutated)) return mutated;
  }
  return std::nullopt;
}

void check_odd_inputs(const Bench& bench, const Skill& skill, Notes& notes) {
  for (std::uint64_t seed = bench.seed; seed < bench.seed + bench.runs; ++seed) {
    const auto input = odd_input_for(skill, seed);
    if (!input) continue;
    notes.begin("with the input " + shown(*input), seed);
    Rig rig(bench.subject, bench.entry, {.seed = seed});
    if (!has_started(rig, notes)) return;
    const auto call = rig.begin(skill, *input);
    if (!finish(rig, skill, call, notes)) return;
  }
}

/// How many events the call has when nobody stops it; null when it has no end.
std::optional<std::size_t> count_events(const Bench& bench, const Skill& skill, const std::string& input,
                                        const RigOptions& options) {
  Rig rig(bench.subject, bench.entry, options);
  if (!rig.has_started()) return std::nullopt;
  rig.begin(skill, input);
  if (!rig.finish()) return std::nullopt;
  return rig.events();
}

void check_cancel(const Bench& bench, const Skill& skill, Notes& notes) {
  constexpr std::size_t kMostFrames = 40;
  const auto seeds = std::max<std::uint64_t>(1, bench.runs / 10);
  for (std::uint64_t seed = bench.seed; seed < bench.seed + seeds; ++seed) {
    const auto input = input_or_skip(skill, seed, notes);
    if (!input) return;
    const RigOptions options{.seed = seed, .far_end = seed % 2 == 0 ? FarEnd::kFine : FarEnd::kVaries};
    notes.begin("with the input " + shown(*input), seed);
    const auto events = count_events(bench, skill, *input, options);
    if (!events) return;  // `runs` tells why.
    for (std::size_t after = 0; after <= std::min(*events, kMostFrames); ++after) {
      notes.begin(fmt::format("cancelled after {} of {} events, with the input {}", after, *events, shown(*input)),
                  seed);
      Rig rig(bench.subject, bench.entry, options);
      const auto call = rig.begin(skill, *input);
      for (std::size_t i = 0; i < after && rig.step(); ++i) {
      }
      rig.cancel(call);
      if (!finish(rig, skill, call, notes)) return;
    }
    notes.begin("with a deadline that has passed, and the input " + shown(*input), seed);
    Rig rig(bench.subject, bench.entry, options);
    const auto call = rig.begin(skill, *input, std::chrono::nanoseconds(1));
    if (!finish(rig, skill, call, notes)) return;
  }
}

/// Runs the call once more with a person who is there or not, and says yes, no, or nothing.
void check_questions(const Bench& bench, const Skill& skill, Notes& notes) {
  const auto seeds = std::max<std::uint64_t>(1, bench.runs / 10);
  for (std::uint64_t seed = bench.seed; seed < bench.seed + seeds; ++seed) {
    const auto input = input_or_skip(skill, seed, notes);
    if (!input) return;
    std::vector<testing::SeenQuestion> asked;
    for (const bool session : {false, true}) {
      for (const auto person : {Person::kAnswers, Person::kDeclines, Person::kDismisses}) {
        if (session && asked.empty()) continue;
        notes.begin("with the input " + shown(*input), seed);
        Rig rig(bench.subject, bench.entry,
                {.seed = seed, .far_end = FarEnd::kFine, .person = person, .session = session});
        if (!has_started(rig, notes)) return;
        if (session) rig.answer_before(asked);
        const auto call = rig.begin(skill, *input);
        if (!finish(rig, skill, call, notes)) return;
        if (asked.empty()) asked = rig.outcome(call).questions;
      }
      if (asked.empty()) break;
    }
  }
}

/// How the call ends with structs of such sizes; null when it has no end, or the plugin does not start.
std::optional<testing::Outcome> outcome_with(const Bench& bench, const Skill& skill, const std::string& input,
                                             const RigOptions& options, Notes& notes) {
  Rig rig(bench.subject, bench.entry, options);
  if (!rig.has_started()) return std::nullopt;
  const auto call = rig.begin(skill, input);
  if (!finish(rig, skill, call, notes)) return std::nullopt;
  return rig.outcome(call);
}

/// Hosts of other versions have structs of other sizes; the call ends as it does on ours.
void check_sizes(const Bench& bench, const Skill& skill, Notes& notes) {
  constexpr std::array kOthers{Sizes::kFirst, Sizes::kShortHost, Sizes::kLongInvocation};
  const auto seeds = std::max<std::uint64_t>(1, bench.runs / 10);
  for (std::uint64_t seed = bench.seed; seed < bench.seed + seeds; ++seed) {
    const auto input = input_or_skip(skill, seed, notes);
    if (!input) return;
    RigOptions options{.seed = seed, .far_end = FarEnd::kFine};
    notes.begin("with the input " + shown(*input), seed);
    const auto today = outcome_with(bench, skill, *input, options, notes);
    if (!today) return;  // `life` and `runs` tell why.
    for (const auto sizes : kOthers) {
      if (sizes == Sizes::kFirst && bench.entry->min_host_minor > 0) continue;
      notes.begin(fmt::format("{}, with the input {}", describe(sizes), shown(*input)), seed);
      options.sizes = sizes;
      const auto other = outcome_with(bench, skill, *input, options, notes);
      if (other && other->status == today->status) continue;
      notes.add(fmt::format("{} it {}, and not with status {}", describe(sizes),
                            other ? fmt::format("ends with status {}", other->status) : "does not start or end",
                            today->status),
                "Read what struct_size says is there, with TR_HAS and TR_CAN, and no other size.");
      return;
    }
  }
}

/// What a call says when nobody else is there; null when the time, chance or the order of events has a part in it.
std::optional<std::string> alone(const Bench& bench, const Skill& skill, const std::string& input, std::uint64_t seed) {
  constexpr std::uint64_t kOrders = 4;
  std::optional<std::string> first;
  for (std::uint64_t i = 0; i < kOrders; ++i) {
    Rig rig(bench.subject, bench.entry, {.seed = seed + i * 1'000'003, .far_end = FarEnd::kFine});
    if (!rig.has_started()) return std::nullopt;
    rig.let_pass(std::chrono::seconds(7 * i));
    const auto call = rig.begin(skill, input);
    if (!rig.finish() || rig.outcome(call).status != TR_OK) return std::nullopt;
    if (first && *first != rig.outcome(call).output) return std::nullopt;
    first = rig.outcome(call).output;
  }
  return first;
}

void check_crowd(const Bench& bench, const Skill& skill, Notes& notes) {
  constexpr std::size_t kCalls = 64, kCompared = 16;
  const auto seeds = std::max<std::uint64_t>(1, bench.runs / 10);
  for (std::uint64_t seed = bench.seed; seed < bench.seed + seeds; ++seed) {
    std::vector<std::string> inputs;
    std::vector<std::optional<std::string>> answers;
    for (std::size_t i = 0; i < kCalls; ++i) {
      const auto input = input_or_skip(skill, seed + i, notes);
      if (!input) return;
      notes.begin("alone, with the input " + shown(*input), seed);
      inputs.push_back(*input);
      if (i < kCompared) answers.push_back(alone(bench, skill, *input, seed));
    }
    notes.begin(fmt::format("{} calls at once", kCalls), seed);
    Rig rig(bench.subject, bench.entry, {.seed = seed, .far_end = FarEnd::kFine});
    if (!has_started(rig, notes)) return;
    std::vector<std::size_t> calls;
    for (const auto& input : inputs) {
      calls.push_back(rig.begin(skill, input));
      if (seed % 2 == 0 && calls.size() % 3 == 0) rig.step();  // Or all have begun before the first goes on.
    }
    if (!rig.finish()) {
      if (rig.has_own_threads()) return note_own_threads(notes);
      return note_faults(rig, notes);
    }
    for (std::size_t i = 0; i < kCompared; ++i) {
      const auto& outcome = rig.outcome(calls[i]);
      if (!answers[i] || outcome.output == *answers[i]) continue;
      notes.add(
          fmt::format("calls get in each other's way: with the input {} it answers {} alone, and {} beside others",
                      shown(inputs[i]), shown(*answers[i]), shown(outcome.output)),
          "Keep what belongs to a call in the call, not in the plugin or in static variables.");
      break;
    }
    rig.close();
    note_faults(rig, notes);
  }
}

constexpr std::array kSkillChecks{
    SkillCheck{"runs", "inputs made from the schema, events in random order, far ends that fail", check_runs},
    SkillCheck{"odd_inputs", "mutated inputs that the schema still lets through", check_odd_inputs},
    SkillCheck{"cancel", "cancelled after each event, and a deadline that has passed", check_cancel},
    SkillCheck{"questions", "every question answered, declined and dismissed, with a session and without",
               check_questions},
    SkillCheck{"sizes", "structs of older and later hosts, in front of memory that cannot be read", check_sizes},
    SkillCheck{"crowd", "sixty-four calls at once: the first sixteen answer what each answers alone", check_crowd},
};

}  // namespace

std::span<const SkillCheck> skill_checks() noexcept { return kSkillChecks; }

}  // namespace toolrack::lint
