/// Regular expressions as JSON Schema has them (ECMAScript with the `u` flag), told in RE2's words. Private to the
/// registry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace toolrack::registry::schema {

struct PatternFault {
  enum class Kind : std::uint8_t {
    kMalformed,  ///< No ECMAScript.
    kBeyondRe2,  ///< ECMAScript that cannot be matched in linear time: look-around and back-references.
  };
  Kind kind;
  std::string why;
};

/// What differs is rewritten: \s and . by ECMAScript's lists of white space and line ends, \cX, \uXXXX with surrogate
/// pairs, \u{...}, \p{...} by its long names, (?<name>...), [] and [^]. What both understand stays. What only RE2
/// understands ((?i), \A, \Q, (?P<n>), POSIX classes) is refused or means what ECMAScript says. RE2 still has to
/// compile the result, which finds the faults left.
tl::expected<std::string, PatternFault> to_re2(std::string_view ecma);

}  // namespace toolrack::registry::schema
