/// Runs a check in a process of its own, so that a plugin that crashes or hangs ends the check and not the linter.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "lint/finding.hpp"

namespace toolrack::lint {

/// What a check writes down as it goes; kept in memory that outlives its process. One thread.
class Notes {
 public:
  /// `check`, `skill` and the check's process: see CheckResult.
  Notes(std::string check, std::string skill);
  ~Notes();
  Notes(const Notes&) = delete;
  Notes& operator=(const Notes&) = delete;

  /// The next call, load or text is looked at: `what`, for the case that it is the last, and the seed that repeats it.
  void begin(std::string_view what, std::uint64_t seed);
  /// Once each: what says the same but for its numbers is left out.
  void add(const std::string& message, std::string remedy = {}, Severity severity = Severity::kError);
  /// There is nothing to look at, because ...
  void skip(std::string_view why);

  /// What was written, here or in the check's process.
  CheckResult take();
  /// "in run 17: skill search, input {...}".
  std::string place() const;
  std::uint64_t seed() const noexcept;

  /// The check came to its end: by the exit status alone, a plugin that calls _exit(0) looks the same.
  void finish() noexcept;
  bool is_finished() const noexcept;

 private:
  struct Shared;
  const std::string check_, skill_;
  Shared* const shared_;  // A page of its own, shared with children.
  const int findings_;    // A file in memory; a line of JSON each.
};

struct ChildOptions {
  bool in_process = false;  ///< For debuggers: no process of its own, and no patience to lose.
  std::chrono::seconds patience{60};
};

/// What `work` wrote, and, when its process ended some other way than by returning, a finding that says how and where.
CheckResult run_check(const std::string& check, const std::string& skill, const std::function<void(Notes&)>& work,
                      const ChildOptions& options);

}  // namespace toolrack::lint
