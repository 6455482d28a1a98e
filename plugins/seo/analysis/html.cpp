#include "analysis/html.hpp"

#include "analysis/html_guard.hpp"

#include <csetjmp>
#include <ctime>
#include <utility>

namespace toolrack::seo {
namespace {

double thread_cpu_seconds() noexcept {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// What gumbo allocates from. gumbo knows no failure, so the way out of a parse that goes too far is a jump over its
/// frames; they are C and own nothing but arena memory, which goes with the document.
struct Budget {
  Arena& arena;
  double deadline;
  unsigned calls = 0;
  std::jmp_buf give_up;

  void* allocate(std::size_t bytes) noexcept {
    void* const piece = arena.allocate(bytes);
    if (piece == nullptr) std::longjmp(give_up, 1);
    if (++calls % 4096 == 0 && thread_cpu_seconds() > deadline) std::longjmp(give_up, 1);
    return piece;
  }
};

/// The document node, nullptr when the budget is used up. Nothing here has a destructor: see Budget.
const GumboNode* parse_within(Budget& budget, const char* text, std::size_t size) noexcept {
  GumboOptions options = kGumboDefaultOptions;
  options.allocator = [](void* data, std::size_t bytes) { return static_cast<Budget*>(data)->allocate(bytes); };
  options.deallocator = [](void* data, void* piece) { static_cast<Budget*>(data)->arena.release(piece); };
  options.userdata = &budget;
  options.max_errors = 0;
  if (setjmp(budget.give_up) != 0) return nullptr;
  return gumbo_parse_with_options(&options, text, size)->document;
}

}  // namespace

std::unique_ptr<HtmlDocument> HtmlDocument::parse(std::string utf8, const ParseLimits& limits) {
  GuardedHtml guarded = limit_nesting(utf8);
  if (guarded.text) utf8 = std::move(*guarded.text);
  std::unique_ptr<HtmlDocument> document(new HtmlDocument(std::move(utf8), limits));
  document->dropped_tags_ = guarded.dropped_tags;
  Budget budget{document->arena_, thread_cpu_seconds() + limits.max_cpu_seconds, 0, {}};
  document->root_ = parse_within(budget, document->text_.data(), document->text_.size());
  if (document->root_ == nullptr) return nullptr;
  return document;
}

std::string_view attribute(const GumboElement& element, const char* name) noexcept {
  const GumboAttribute* const found = gumbo_get_attribute(&element.attributes, name);
  return found == nullptr ? std::string_view() : std::string_view(found->value);
}

bool has_attribute(const GumboElement& element, const char* name) noexcept {
  return gumbo_get_attribute(&element.attributes, name) != nullptr;
}

bool is_html(const GumboNode& node, GumboTag tag) noexcept {
  return (node.type == GUMBO_NODE_ELEMENT || node.type == GUMBO_NODE_TEMPLATE) && node.v.element.tag == tag &&
         node.v.element.tag_namespace == GUMBO_NAMESPACE_HTML;
}

}  // namespace toolrack::seo
