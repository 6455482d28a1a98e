/// Findings about one page, and the score they add up to.
#pragma once

#include "analysis/issue_kinds.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace toolrack::seo {

struct Issue {
  const IssueKind* kind;
  std::string evidence;   ///< What was seen where, shortened.
  std::size_t count = 1;  ///< How often.
};

std::string_view name_of(Severity severity) noexcept;

class Issues {
 public:
  /// Each kind once: a second call adds to the count and keeps the first evidence.
  void add(IssueId id, std::string_view evidence = {}, std::size_t count = 1);
  /// A finding of one of several documents; the evidence names it.
  void add(const Issue& issue, std::string_view document);
  bool has(IssueId id) const noexcept;

  /// Errors first, then by weight, then by name.
  std::vector<Issue> sorted() const;
  /// 100 minus the weights, at least 0.
  int score() const noexcept;

 private:
  void add(const IssueKind& kind, std::string_view evidence, std::size_t count);

  std::vector<Issue> all_;
};

}  // namespace toolrack::seo
