/// An HTML document as a tree, parsed by gumbo within limits of memory and time.
#pragma once

#include "analysis/arena.hpp"

#include <gumbo.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace toolrack::seo {

struct ParseLimits {
  std::size_t max_bytes = std::size_t{1} << 30;  ///< Of memory for the tree.
  double max_cpu_seconds = 4;                    ///< Of this thread.
};

/// Owns the tree and the text it points into. Immutable after parse(); read it by any one thread.
class HtmlDocument {
 public:
  /// `utf8` is well-formed. nullptr when a limit was reached: no browser would show such a page either.
  static std::unique_ptr<HtmlDocument> parse(std::string utf8, const ParseLimits& limits = {});

  /// The document node.
  const GumboNode& root() const noexcept { return *root_; }
  /// Tags left out because they nested too deeply.
  std::size_t dropped_tags() const noexcept { return dropped_tags_; }

 private:
  HtmlDocument(std::string text, const ParseLimits& limits) : text_(std::move(text)), arena_(limits.max_bytes) {}

  std::string text_;
  Arena arena_;
  const GumboNode* root_ = nullptr;
  std::size_t dropped_tags_ = 0;
};

/// The value of an attribute, nullptr data when it is absent. HTML attributes only, names in lower case.
std::string_view attribute(const GumboElement& element, const char* name) noexcept;
bool has_attribute(const GumboElement& element, const char* name) noexcept;
/// Whether it is this element of HTML, not of SVG or MathML.
bool is_html(const GumboNode& node, GumboTag tag) noexcept;

/// Visits `root` and all below in document order without recursion: enter(node) returns whether to go into its
/// children; leave(node) follows for every node that was entered, after its children.
template <class Enter, class Leave>
void walk(const GumboNode& root, Enter enter, Leave leave) {
  const auto children_of = [](const GumboNode& node) -> const GumboVector* {
    switch (node.type) {
      case GUMBO_NODE_DOCUMENT:
        return &node.v.document.children;
      case GUMBO_NODE_ELEMENT:
      case GUMBO_NODE_TEMPLATE:
        return &node.v.element.children;
      default:
        return nullptr;
    }
  };
  const GumboNode* node = &root;
  bool goes_in = enter(*node);
  for (;;) {
    const GumboVector* children = children_of(*node);
    if (goes_in && children != nullptr && children->length > 0) {
      node = static_cast<const GumboNode*>(children->data[0]);
      goes_in = enter(*node);
      continue;
    }
    for (;;) {
      leave(*node);
      if (node == &root) return;
      const GumboVector* siblings = children_of(*node->parent);
      const std::size_t next = node->index_within_parent + 1;
      if (next < siblings->length) {
        node = static_cast<const GumboNode*>(siblings->data[next]);
        goes_in = enter(*node);
        break;
      }
      node = node->parent;
    }
  }
}

}  // namespace toolrack::seo
