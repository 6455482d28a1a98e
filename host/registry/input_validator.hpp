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
  std::string pointer;   ///< JSON Pointer into the value; "" is the value itself.
  std::string keyword;   ///< The schema keyword that said no.
  std::string message;   ///< Expected and actual, for people.
};

/// Immutable after construction; any thread.
class InputValidator {
 public:
  virtual ~InputValidator() = default;
  /// Every violation, capped at 32, in document order. Empty: valid.
  virtual std::vector<Violation> check(const base::json::Value& value) const = 0;
};

/// Compiles a schema (2020-12 and draft 7, as far as valijson goes; the schemas of bundled and signed tools).
/// kInvalidManifest names the place in the schema that cannot be used. Remote references are refused.
base::Result<std::shared_ptr<const InputValidator>> compile_schema(std::string_view schema_json);

/// kInvalidInput with details [{pointer, keyword, message}] of `violations`, its message naming the first.
base::Error to_error(const std::vector<Violation>& violations, std::string_view what);

}  // namespace toolrack::registry
