/// Decides whether a value satisfies a skill's schema, and says everything that is wrong with it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::registry {

struct Violation {
  std::string pointer;  ///< JSON Pointer into the value; "" is the value itself.
  std::string keyword;  ///< The schema keyword that said no.
  std::string message;  ///< Expected and actual, for people.
};

/// Immutable after construction; any thread.
class InputValidator {
 public:
  virtual ~InputValidator() = default;
  /// Every violation, capped at 32, in document order. Empty: valid.
  virtual std::vector<Violation> check(const base::json::Value& value) const = 0;
};

/// Compiles a schema of 2020-12 or draft 7 (`$schema` decides; without it 2020-12). Safe with strangers' schemas and
/// values: linear patterns (RE2), bounded work and depth, no references out of the document. `format` and the content
/// keywords are annotations. kInvalidManifest names the place in the schema that cannot be used: what is malformed,
/// patterns that RE2 cannot run, references that would never end, and the keywords that are not supported
/// (unevaluated*, $dynamicRef, nested $id).
base::Result<std::shared_ptr<const InputValidator>> compile_schema(const base::json::Value& schema);
base::Result<std::shared_ptr<const InputValidator>> compile_schema(std::string_view schema_json);

/// [{pointer, keyword, message}], for the details of an error.
std::string to_json(const std::vector<Violation>& violations);

/// An error with `to_json(violations)` as details, its message naming the first: `<what> at /a/0: expected ...`.
base::Error to_error(const std::vector<Violation>& violations, std::string_view what,
                     base::ErrorCode code = base::ErrorCode::kInvalidInput);

}  // namespace toolrack::registry
