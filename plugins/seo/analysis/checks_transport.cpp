#include "analysis/checks.hpp"
#include "analysis/headers.hpp"
#include "analysis/text.hpp"

#include <algorithm>

namespace toolrack::seo {

void check_transport(const Analysis& analysis, Issues& issues) {
  const Fetched& fetched = analysis.fetched;
  const std::string status = std::to_string(fetched.status);
  switch (fetched.redirect_end) {
    case RedirectEnd::kLoop:
      issues.add("http.redirect_loop",
                 fetched.redirects.back().url + " leads back to " + fetched.redirects.back().location);
      break;
    case RedirectEnd::kTooMany:
      issues.add("http.too_many_redirects", "gave up after " + std::to_string(fetched.redirects.size()) + " redirects");
      break;
    case RedirectEnd::kNoTarget:
      issues.add("http.redirect_broken", fetched.url + " answers " + status + " with Location \"" +
                                             std::string(header(fetched.headers, "location")) + "\"");
      break;
    case RedirectEnd::kArrived:
      if (fetched.status < 200 || fetched.status >= 300)
        issues.add("http.status_error", fetched.url + " answers " + status);
      break;
  }
  if (fetched.redirects.size() > 1) {
    issues.add("http.redirect_chain",
               std::to_string(fetched.redirects.size()) + " redirects from " + fetched.requested_url);
  }
  for (std::size_t i = 0; i < fetched.redirects.size(); ++i) {
    const Hop& hop = fetched.redirects[i];
    const std::string_view next =
        i + 1 < fetched.redirects.size() ? std::string_view(fetched.redirects[i + 1].url) : fetched.url;
    if (hop.status == 302 || hop.status == 303 || hop.status == 307) {
      issues.add("http.redirect_temporary", hop.url + " answers " + std::to_string(hop.status));
    }
    if (scheme_of(hop.url) == "https" && scheme_of(next) == "http") {
      issues.add("http.redirect_downgrade", hop.url + " redirects to " + std::string(next));
    }
  }
  if (scheme_of(fetched.url) == "http") issues.add("http.not_https", fetched.url);
  if (fetched.redirect_end != RedirectEnd::kArrived || fetched.status < 200 || fetched.status >= 300) return;
  const std::string_view type = header(fetched.headers, "content-type");
  if (trim(type).empty()) issues.add("content.type_missing");
  if (fetched.is_cut) {
    issues.add("http.body_cut", std::to_string(analysis.decoded_bytes) + " bytes were read" +
                                    (fetched.cut_reason.empty() ? "" : ": " + fetched.cut_reason));
  }
  if (analysis.decoded_bytes == 0) {
    issues.add("http.empty_body");
  } else if (!analysis.is_html) {
    issues.add("content.not_html", trim(type).empty() ? "no Content-Type, and the body is no HTML" : type);
  }
}

void check_charset(const Analysis& analysis, Issues& issues) {
  const DecodedText& charset = analysis.charset;
  if (!charset.unknown_label.empty()) issues.add("charset.unknown", charset.unknown_label);
  if (charset.source == "default" || charset.source == "utf-8 content") {
    issues.add("charset.undeclared", "read as " + charset.encoding);
  }
  const std::string_view by_meta = encoding_name(charset.meta_label);
  if (!by_meta.empty() && by_meta != charset.encoding && charset.source != "meta") {
    issues.add("charset.conflict", (charset.source == "bom" ? "byte order mark: " : "header: ") + charset.encoding +
                                       ", meta: " + charset.meta_label);
  }
  if (charset.replaced > 0) {
    issues.add("charset.invalid_bytes", std::to_string(charset.replaced) + " sequences are no " + charset.encoding,
               charset.replaced);
  }
  if (charset.encoding != "UTF-8") issues.add("charset.legacy", charset.encoding);
}

void check_weight(const Analysis& analysis, const Page& page, Issues& issues) {
  constexpr std::size_t kLargeHtml = 2'000'000;
  constexpr std::size_t kManyResources = 60;
  constexpr std::size_t kHeavyInline = 50'000;
  if (analysis.decoded_bytes > kLargeHtml) {
    issues.add("weight.html_large", std::to_string(analysis.decoded_bytes) + " bytes");
  }
  const std::size_t inline_bytes = page.weight.inline_script_bytes + page.weight.inline_style_bytes;
  if (inline_bytes > kHeavyInline && inline_bytes * 2 > analysis.decoded_bytes) {
    issues.add("weight.inline_heavy",
               std::to_string(inline_bytes) + " of " + std::to_string(analysis.decoded_bytes) + " bytes");
  }
  const std::size_t resources = page.weight.external_scripts + page.weight.stylesheets;
  if (resources > kManyResources) issues.add("weight.many_resources", std::to_string(resources) + " files");
  if (page.insecure_resource_count > 0) {
    issues.add("security.mixed_content", page.insecure_resources.front(), page.insecure_resource_count);
  }
}

}  // namespace toolrack::seo
