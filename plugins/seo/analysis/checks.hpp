/// Judgements about facts, by subject. Each adds what it finds to `issues`.
#pragma once

#include "analysis/analysis.hpp"

namespace toolrack::seo {

void check_transport(const Analysis& analysis, Issues& issues);
void check_charset(const Analysis& analysis, Issues& issues);
void check_document(const Analysis& analysis, const Page& page, Issues& issues);
void check_title_and_description(const Page& page, Issues& issues);
void check_indexing(const Analysis& analysis, const Page& page, Issues& issues);
void check_robots_txt(const Analysis& analysis, Issues& issues);
void check_canonical(const Page& page, Issues& issues);
void check_hreflang(const Page& page, Issues& issues);
void check_content(const Page& page, Issues& issues);
void check_structured_data(const Page& page, Issues& issues);
void check_weight(const Analysis& analysis, const Page& page, Issues& issues);

}  // namespace toolrack::seo
