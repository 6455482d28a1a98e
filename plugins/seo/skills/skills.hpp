/// The skills of the tool, as coroutines; seo.cpp registers them.
#pragma once

#include <toolrack/plugin.hpp>

namespace toolrack::seo {

Task analyze_page(Call call);
Task check_sitemap(Call call);
Task keyword_density(Call call);
Task keyword_ideas(Call call);
Task rankings(Call call);

}  // namespace toolrack::seo
