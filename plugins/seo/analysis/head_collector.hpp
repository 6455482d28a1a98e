/// The part of the facts that lives in <head>: titles, metas, links, scripts, styles, wherever in the page they stand.
#pragma once

#include "analysis/html.hpp"
#include "analysis/page.hpp"

namespace toolrack::seo {

class HeadCollector {
 public:
  /// Writes into `page`, which outlives it.
  explicit HeadCollector(Page& page) : page_(page) {}

  /// True when the element was one of its own and has no children worth a visit.
  bool take(const GumboNode& node, bool is_in_head);
  /// Notes the address of an image, script, ... that is fetched without TLS by a page that has it.
  void note_resource(std::string_view reference);

 private:
  void take_title(const GumboNode& node, bool is_in_head);
  void take_meta(const GumboElement& element);
  void take_link(const GumboElement& element, bool is_in_head);
  void take_script(const GumboNode& node);

  Page& page_;
};

}  // namespace toolrack::seo
