/// What a check of `toolrack lint` has to say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace toolrack::lint {

enum class Severity : std::uint8_t {
  kWarning,  ///< A gateway serves it; people or models will have less of it.
  kError,    ///< A broken promise, or a file that no gateway serves.
};

struct Finding {
  Severity severity = Severity::kError;
  std::string check;                       ///< "cancel"; a row of docs/lint.md.
  std::string where;                       ///< "skill search", "/skills/0/description", or empty: the file.
  std::string message;                     ///< What happened.
  std::string remedy = {};                 ///< What to do about it; may be empty.
  std::optional<std::uint64_t> seed = {};  ///< What --reproduce takes to see it again.

  friend bool operator==(const Finding&, const Finding&) = default;
};

/// One check of one skill, or of the whole file.
struct CheckResult {
  std::string check;
  std::string skill = {};    ///< Empty: of the whole file.
  std::uint64_t runs = 0;    ///< How many calls, loads or texts were looked at.
  std::string skipped = {};  ///< Why it says nothing; empty: it was done.
  std::vector<Finding> findings = {};
};

}  // namespace toolrack::lint
