/// Findings as text for people and as JSON for programs.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "lint/finding.hpp"

namespace toolrack::lint {

/// {severity, check, where?, message, remedy?, seed?}.
std::string to_json(const Finding& finding);
/// Null: it is not one.
std::optional<Finding> finding_from_json(std::string_view json);

/// Everything that was looked at.
struct Report {
  std::string file;
  std::string title;  ///< "acme/search 1.2.0, 3 skills"; empty when the file could not be read.
  std::vector<CheckResult> results;

  bool has_errors() const noexcept;
};

/// {file, tool?, ok, checks: [{check, skill?, runs, skipped?, findings}]}.
std::string to_json(const Report& report);
/// A line a check, and under it what it found and how to see it again.
std::string to_text(const Report& report);

}  // namespace toolrack::lint
