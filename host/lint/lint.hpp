/// `toolrack lint FILE`: does a plugin keep the promises of the ABI and of its own manifest?
///
/// The plugin runs on the test host of the SDK, which is strict, seeded and made of fakes: no request leaves the
/// machine. Each check of each skill is a process of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "lint/report.hpp"

namespace toolrack::lint {

struct Options {
  std::string file;
  std::string settings_json = "{}";        ///< The operator's settings of the tool, an object.
  std::string against;                     ///< An older version's plugin or manifest; empty: none.
  std::vector<std::string> only;           ///< Names of checks; empty: all.
  std::optional<std::uint64_t> reproduce;  ///< Only the run of this seed.
  std::uint64_t runs = 100;                ///< Of each skill in `runs`; the other checks take a part of it.
  bool in_process = false;
  bool only_failed = false;  ///< The report leaves out what found nothing.
};

/// kInvalidRequest: a check that there is not, or settings that are no object. A file that nobody can load is not an
/// error but a finding.
base::Result<Report> run(const Options& options);

/// Names of all checks, in their order.
std::vector<std::string> check_names();

}  // namespace toolrack::lint
