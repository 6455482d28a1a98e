#include "analysis/collector.hpp"
#include "analysis/json_out.hpp"
#include "analysis/keywords.hpp"
#include "skills/arguments.hpp"
#include "skills/fetch.hpp"
#include "skills/skills.hpp"

#include <optional>
#include <utility>

namespace toolrack::seo {
namespace {

void write_keyword(JsonOut& out, const Keyword& keyword) {
  out.object().field("phrase", keyword.phrase).field("count", keyword.count).field("density", keyword.density);
  out.field("in_title", keyword.is_in_title).field("in_h1", keyword.is_in_h1);
  out.field("in_description", keyword.is_in_description).field("in_url", keyword.is_in_url).end_object();
}

std::string to_json(const KeywordReport& report, std::string_view source, std::string_view url, bool is_cut) {
  JsonOut out;
  out.object().field("source", source);
  if (!url.empty()) out.field("url", url);
  out.field("language", report.language).field("words", report.total_words).field("unique_words", report.unique_words);
  out.field("truncated", is_cut).object("keywords");
  constexpr std::string_view kNames[] = {"one_word", "two_words", "three_words"};
  for (std::size_t i = 0; i < 3; ++i) {
    out.array(kNames[i]);
    for (const Keyword& keyword : report.by_length[i]) write_keyword(out, keyword);
    out.end_array();
  }
  out.end_object().array("phrases");
  for (const Keyword& keyword : report.phrases) write_keyword(out, keyword);
  out.end_array().end_object();
  return out.text();
}

/// What the words are taken from: a page that was fetched, or markup or text that was given.
struct Material {
  std::string kind, url, content;
  std::string content_type;  // Of a page.
  bool is_cut = false;
};

/// The words' source; nothing when the markup cannot be parsed.
std::optional<KeywordSource> source_of(Material material) {
  std::size_t replaced = 0;
  if (material.kind == "text") {
    KeywordSource source;
    source.text = to_valid_utf8(material.content, replaced);
    return source;
  }
  const bool is_page = material.kind == "url";
  std::string text =
      is_page ? decode_page(material.content, material.content_type).utf8 : to_valid_utf8(material.content, replaced);
  const auto document = HtmlDocument::parse(std::move(text));
  if (!document) return std::nullopt;
  const auto url = parse_url(is_page ? material.url : "http://html.invalid/");
  KeywordSource source = keyword_source(collect(*document, *url));
  if (!is_page) source.url.clear();
  return source;
}

Reply refuse(std::string code, std::string message, std::string hint) {
  return Reply::error(TR_INVALID_ARGUMENT, std::move(code), std::move(message), std::move(hint));
}

}  // namespace

Task keyword_density(Call call) {
  const Arguments arguments(call.input());
  if (arguments.has("url") + arguments.has("text") + arguments.has("html") != 1) {
    co_return refuse("seo.one_source", "Exactly one of url, text and html is needed.", "Leave out the others.");
  }
  Material material;
  if (arguments.has("url")) {
    Reply why;
    const auto url = page_url(arguments.text("url"), why);
    if (!url) co_return why;
    FetchOptions options;
    options.user_agent = arguments.text("user_agent", kUserAgent);
    options.max_bytes = arguments.number("max_bytes", options.max_bytes);
    FetchResult result = co_await fetch(call, url->without_fragment(), options);
    if (result.failure) co_return std::move(*result.failure);
    Fetched& fetched = result.fetched;
    if (fetched.redirect_end != RedirectEnd::kArrived || fetched.status < 200 || fetched.status >= 300) {
      co_return Reply::error(
          TR_TOOL_ERROR, "seo.status", fetched.url + " answers " + std::to_string(fetched.status),
          "Pass the address of a page that answers with 200; analyze_page tells what is wrong here.");
    }
    material.kind = "url";
    material.url = fetched.url;
    material.content = std::move(fetched.body);
    for (const auto& [name, value] : fetched.headers) {
      if (equals_ignoring_case(name, "content-type") && material.content_type.empty()) material.content_type = value;
    }
    material.is_cut = fetched.is_cut;
  } else {
    material.kind = arguments.has("text") ? "text" : "html";
    material.content = arguments.text(material.kind.c_str());
  }
  const std::string kind = material.kind;
  const std::string url = material.url;
  const bool is_cut = material.is_cut;
  const auto work = [&arguments, &material]() -> std::optional<KeywordReport> {
    auto source = source_of(std::move(material));
    if (!source) return std::nullopt;
    if (arguments.has("language")) source->language = arguments.text("language");
    return count_keywords(*source, arguments.texts("phrases"), arguments.number("top", 10));
  };
  const std::optional<KeywordReport> report = co_await call.blocking(work);
  if (!report) {
    co_return Reply::error(TR_TOOL_ERROR, "seo.too_complex", "The markup is too complex to be parsed.",
                           "Pass the page's text instead.");
  }
  co_return Reply::json(to_json(*report, kind, url, is_cut));
}

}  // namespace toolrack::seo
