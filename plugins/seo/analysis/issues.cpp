#include "analysis/issues.hpp"

#include "analysis/text.hpp"

#include <algorithm>
#include <tuple>

namespace toolrack::seo {
namespace {

constexpr std::size_t kMaxEvidence = 300;

}  // namespace

std::string_view name_of(Severity severity) noexcept {
  switch (severity) {
    case Severity::kError:
      return "error";
    case Severity::kWarning:
      return "warning";
    case Severity::kNotice:
      return "notice";
  }
  return {};
}

void Issues::add(IssueId id, std::string_view evidence, std::size_t count) { add(id.kind(), evidence, count); }

void Issues::add(const Issue& issue, std::string_view document) {
  const std::string evidence =
      shorten(document, kMaxEvidence / 2) + (issue.evidence.empty() ? "" : ": " + issue.evidence);
  add(*issue.kind, evidence, issue.count);
}

void Issues::add(const IssueKind& kind, std::string_view evidence, std::size_t count) {
  for (Issue& issue : all_) {
    if (issue.kind == &kind) {
      issue.count += count;
      return;
    }
  }
  all_.push_back({&kind, shorten(evidence, kMaxEvidence), count});
}

bool Issues::has(IssueId id) const noexcept {
  return std::any_of(all_.begin(), all_.end(), [&](const Issue& issue) { return issue.kind == &id.kind(); });
}

std::vector<Issue> Issues::sorted() const {
  std::vector<Issue> out = all_;
  std::sort(out.begin(), out.end(), [](const Issue& a, const Issue& b) {
    return std::tuple(a.kind->severity, -a.kind->weight, a.kind->id) <
           std::tuple(b.kind->severity, -b.kind->weight, b.kind->id);
  });
  return out;
}

int Issues::score() const noexcept {
  int score = 100;
  for (const Issue& issue : all_) score -= issue.kind->weight;
  return std::max(score, 0);
}

}  // namespace toolrack::seo
