/// Decides whether a value satisfies a skill's schema, and says everything that is wrong with it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::registry {

struct Violation {
  std::string pointer;               ///< JSON Pointer into the value; "" is the value itself.
  std::string keyword;               ///< The schema keyword that said no.
  std::string message;               ///< Expected and actual, for people.
  std::string expected{}, actual{};  ///< The parts of the message; empty when what is wrong has no such parts.
};

/// Immutable after construction; any thread.
class InputValidator {
 public:
  virtual ~InputValidator() = default;
  /// Every violation, capped at 32, in document order: a value before what is inside it. Empty: valid.
  virtual std::vector<Violation> check(const base::json::Value& value) const = 0;
};

/// Does `format` decide, or does it only describe?
enum class Formats : std::uint8_t {
  kAssert,    ///< For what callers send: they hear of a wrong date before anything is done or paid.
  kAnnotate,  ///< For results: one that has been computed is not thrown away for the spelling of a date.
};

/// Compiles a schema of 2020-12 or draft 7 (`$schema` decides; without it 2020-12). Safe with strangers' schemas and
/// values: linear patterns (RE2), bounded work and depth, no references out of the document. The content keywords are
/// annotations. kInvalidManifest names the place in the schema that cannot be used: what is malformed, patterns that
/// RE2 cannot run, references that would never end or lead out of the document, $dynamicRef and $recursiveRef.
base::Result<std::shared_ptr<const InputValidator>> compile_schema(const base::json::Value& schema,
                                                                   Formats formats = Formats::kAssert);
base::Result<std::shared_ptr<const InputValidator>> compile_schema(std::string_view schema_json,
                                                                   Formats formats = Formats::kAssert);

/// [{pointer, keyword, message, expected, actual}], for the details of an error; empty parts are left out.
std::string to_json(const std::vector<Violation>& violations);

/// An error with `to_json(violations)` as details, its message naming the first: `<what> at /a/0: expected ...`.
base::Error to_error(const std::vector<Violation>& violations, std::string_view what,
                     base::ErrorCode code = base::ErrorCode::kInvalidInput);

}  // namespace toolrack::registry
