/// URI templates (RFC 6570, levels 1 and 2), read backwards: which values make a template into a given URI.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace re2 {
class RE2;
}

namespace toolrack::registry {

/// Immutable; any thread. `{name}` stands for one or more characters other than `/`, `?`, `#` and U+0002; `{+name}` for
/// any;
/// `{#name}` for `#` and any. Matching takes time that grows with the URI, never with the ways to match it.
class UriTemplate {
 public:
  /// In the template's order: name → value, percent-decoded.
  using Values = std::vector<std::pair<std::string_view, std::string>>;
  static constexpr std::size_t kMaxVariables = 16;

  /// kInvalidRequest names what is wrong: operators and modifiers of higher levels, a variable twice, a brace alone.
  static base::Result<std::shared_ptr<const UriTemplate>> compile(std::string_view text);
  ~UriTemplate();
  UriTemplate(const UriTemplate&) = delete;
  UriTemplate& operator=(const UriTemplate&) = delete;

  /// Nothing when the URI is none of this family, or a value is no UTF-8 once it is decoded, or holds a zero byte. The
  /// names are views into the template.
  std::optional<Values> match(std::string_view uri) const;

  /// Stands for all URIs of the family: a template that matches it matches each of them. No URI itself, as it holds
  /// control characters.
  const std::string& sample() const noexcept { return sample_; }
  const std::vector<std::string>& variables() const noexcept { return variables_; }
  /// Characters outside of variables: of two templates that match, the one with more of them says more.
  std::size_t literal_size() const noexcept { return literal_size_; }

 private:
  UriTemplate() = default;

  std::string sample_;
  std::string prefix_;  ///< Before the first variable: most URIs are told apart by it.
  std::vector<std::string> variables_;
  std::size_t literal_size_ = 0;
  std::unique_ptr<const re2::RE2> pattern_;
};

}  // namespace toolrack::registry
