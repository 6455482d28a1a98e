/// A compiled pattern of a schema. Private to the registry.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "registry/schema_ecma.hpp"
#include "registry/schema_work.hpp"

namespace toolrack::registry::schema {

/// Immutable; any thread. Matches in time that grows with the text, never with the ways to match it.
class Pattern {
 public:
  static tl::expected<Pattern, PatternFault> compile(std::string_view ecma);

  /// Does it match anywhere in `text`? Pays for the text by the size of the pattern.
  bool matches(std::string_view text, Work& work) const;
  /// As the schema has it.
  const std::string& text() const noexcept { return text_; }

 private:
  Pattern(std::string_view text, std::unique_ptr<const re2::RE2> program);

  std::string text_;
  std::unique_ptr<const re2::RE2> program_;
  std::int64_t cost_;  ///< Steps for kBytes of text.
};

}  // namespace toolrack::registry::schema
