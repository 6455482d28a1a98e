/// Whose place in the list is asked for.
#pragma once

#include "analysis/url.hpp"

#include <optional>
#include <string_view>

namespace toolrack::seo {

/// A site ("example.com": it and all below it) or one page of it ("https://example.com/shoes"). A leading www., the
/// scheme, a closing slash and a fragment make no difference.
class Target {
 public:
  /// Nothing when `text` is neither.
  static std::optional<Target> of(std::string_view text);
  bool is(std::string_view url) const;

 private:
  explicit Target(Url url, bool is_page) : url_(std::move(url)), is_page_(is_page) {}

  Url url_;
  bool is_page_;
};

}  // namespace toolrack::seo
