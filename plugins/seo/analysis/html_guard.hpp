/// Prepares markup for the HTML parser: keeps hostile or broken nesting from costing quadratic time, and leaves out
/// <noscript>, which the parser does not know to be text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace toolrack::seo {

struct NestingLimits {
  std::size_t depth = 512;       ///< Open elements; browsers stop at the same number.
  std::size_t formatting = 64;   ///< Open <b>, <font>, ...: the parser repeats all of them in every new paragraph.
  std::size_t attributes = 256;  ///< Of one tag: the parser compares each with all before it.
};

struct GuardedHtml {
  std::optional<std::string>
      text;  ///< The markup without the tags that went too far; nothing when nothing was left out.
  std::size_t dropped_tags = 0;
  std::size_t depth = 0;  ///< Deepest nesting met, as estimated without parsing.
};

/// One linear pass that follows the tokenizer closely and the tree builder roughly. Text is never dropped, only tags
/// and attributes.
/// The end tag of a <noscript> stays; it means nothing alone.
GuardedHtml limit_nesting(std::string_view html, const NestingLimits& limits = {});

}  // namespace toolrack::seo
