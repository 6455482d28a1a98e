/// Reads the facts out of a parsed page.
#pragma once

#include "analysis/html.hpp"
#include "analysis/page.hpp"

namespace toolrack::seo {

/// One pass over the tree; the document may go afterwards.
Page collect(const HtmlDocument& document, const Url& url);

}  // namespace toolrack::seo
