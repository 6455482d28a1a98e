// The plugin: names its skills, nothing else. What they do is in skills/, how pages are judged in analysis/,
// what is asked of search services in search/.
#include "skills/skills.hpp"

#include <toolrack/plugin.hpp>

namespace {

namespace tr = toolrack;

class Seo final : public tr::Plugin {
 public:
  explicit Seo(const tr::Host& host) : Plugin(host) {
    skill<&Seo::analyze_page>("analyze_page");
    skill<&Seo::check_sitemap>("check_sitemap");
    skill<&Seo::keyword_density>("keyword_density");
    skill<&Seo::keyword_ideas>("keyword_ideas");
    skill<&Seo::rankings>("rankings");
  }

 private:
  tr::Task analyze_page(tr::Call call) { return tr::seo::analyze_page(call); }
  tr::Task check_sitemap(tr::Call call) { return tr::seo::check_sitemap(call); }
  tr::Task keyword_density(tr::Call call) { return tr::seo::keyword_density(call); }
  tr::Task keyword_ideas(tr::Call call) { return tr::seo::keyword_ideas(call); }
  tr::Task rankings(tr::Call call) { return tr::seo::rankings(call); }
};

}  // namespace

TOOLRACK_PLUGIN(Seo)
