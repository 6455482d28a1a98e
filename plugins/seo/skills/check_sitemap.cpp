#include "analysis/gunzip.hpp"
#include "analysis/json_out.hpp"
#include "analysis/sitemap.hpp"
#include "skills/arguments.hpp"
#include "skills/fetch.hpp"
#include "skills/skills.hpp"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>
#include <vector>

namespace toolrack::seo {
namespace {

/// One file, as reported.
struct File {
  std::string url;
  int status = 0;
  SitemapDocument document;
  std::size_t bytes = 0;  // Unpacked.
  bool is_compressed = false;
  bool is_cut = false;
  std::vector<std::string> issues;
};

struct Sample {
  std::string url;
  int status = 0;
  std::string location, error;
};

struct SitemapReport {
  std::string url, found_by;
  std::vector<File> files;
  std::size_t listed_files = 0;
  std::vector<Sample> samples;
  Issues issues;
};

/// What the coroutine carries along.
struct Plan {
  FetchOptions options;
  std::size_t max_files = 10;
  std::size_t samples = 5;
  std::int64_t now_unix_seconds = 0;
};

struct Waiting {
  std::string url;
  bool is_child = false;
};

void add_with_name(Issues& all, const Issues& of_file, File& file) {
  for (const Issue& issue : of_file.sorted()) {
    file.issues.emplace_back(issue.kind->id);
    all.add(issue, file.url);
  }
}

/// Unpacks and judges a file that came with status 200.
void judge_file(Fetched& fetched, const Plan& plan, bool is_child, File& file, Issues& issues) {
  std::string bytes = std::move(fetched.body);
  file.is_cut = fetched.is_cut;
  if (is_gzip(bytes)) {
    file.is_compressed = true;
    Unpacked unpacked = gunzip(bytes, SitemapDocument::kMaxBytes + 1);
    if (!unpacked.error.empty() && !fetched.is_cut) issues.add("sitemap.damaged_gzip", unpacked.error);
    file.is_cut = file.is_cut || unpacked.is_cut || !unpacked.error.empty();
    bytes = std::move(unpacked.bytes);
  }
  file.bytes = bytes.size();
  if (fetched.is_cut) issues.add("sitemap.cut", fetched.cut_reason);
  for (const auto& [name, value] : fetched.headers) {
    if (name == "content-type" && starts_with_ignoring_case(trim(value), "text/html"))
      issues.add("sitemap.content_type", value);
  }
  SitemapOptions options;
  options.now_unix_seconds = plan.now_unix_seconds;
  options.samples = plan.samples;
  options.is_cut = file.is_cut;
  file.document = read_sitemap(bytes, *parse_url(file.url), options, issues);
  if (is_child && file.document.kind == SitemapKind::kIndex) issues.add("sitemap.nested_index");
}

/// As many of the files' samples as were asked for, spread over all files.
std::vector<std::string> choose_samples(const std::vector<File>& files, std::size_t wanted) {
  std::vector<std::string> all;
  for (const File& file : files) all.insert(all.end(), file.document.samples.begin(), file.document.samples.end());
  if (all.size() <= wanted) return all;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < wanted; ++i) out.push_back(all[i * all.size() / wanted]);
  return out;
}

void judge_sample(const Sample& sample, Issues& issues) {
  if (sample.status >= 300 && sample.status < 400) {
    issues.add("sitemap.url_redirects",
               sample.url + " answers " + std::to_string(sample.status) + " to " + sample.location);
  } else if (sample.status == 0) {
    issues.add("sitemap.url_broken", sample.url + ": " + sample.error);
  } else if (sample.status < 200 || sample.status >= 400) {
    issues.add("sitemap.url_broken", sample.url + " answers " + std::to_string(sample.status));
  }
}

std::string to_json(const SitemapReport& report) {
  JsonOut out;
  std::size_t urls = 0;
  for (const File& file : report.files) {
    if (file.document.kind != SitemapKind::kIndex) urls += file.document.entries;
  }
  bool is_valid = true;
  for (const Issue& issue : report.issues.sorted()) is_valid = is_valid && issue.kind->severity != Severity::kError;
  out.object().field("url", report.url).field("found_by", report.found_by).field("valid", is_valid);
  out.field("score", report.issues.score()).field("urls", urls);
  out.field("sitemaps_listed", report.listed_files).field("sitemaps_read", report.files.size());
  out.array("sitemaps");
  for (const File& file : report.files) {
    out.object().field("url", file.url).field("status", file.status).field("kind", name_of(file.document.kind));
    out.field("entries", file.document.entries).field("bytes", file.bytes).field("compressed", file.is_compressed);
    out.field("truncated", file.is_cut).field("with_lastmod", file.document.with_lastmod);
    if (!file.document.newest_lastmod.empty()) out.field("newest_lastmod", file.document.newest_lastmod);
    out.strings("issues", file.issues).end_object();
  }
  out.end_array().array("samples");
  for (const Sample& sample : report.samples) {
    out.object().field("url", sample.url).field("status", sample.status);
    if (!sample.location.empty()) out.field("location", shorten(sample.location, 500));
    if (!sample.error.empty()) out.field("error", shorten(sample.error, 300));
    out.end_object();
  }
  out.end_array().array("issues");
  for (const Issue& issue : report.issues.sorted()) {
    out.object().field("id", issue.kind->id).field("severity", name_of(issue.kind->severity));
    out.field("title", issue.kind->title).field("evidence", issue.evidence).field("count", issue.count);
    out.field("weight", issue.kind->weight).field("fix", issue.kind->fix).end_object();
  }
  out.end_array().end_object();
  return out.text();
}

/// The sitemaps that robots.txt names; the usual places when it names none.
Async<std::vector<Waiting>> discover(Call call, Url site, FetchOptions options, std::string& found_by) {
  std::vector<Waiting> out;
  const RobotsReport robots = co_await fetch_robots(call, site, "googlebot", options);
  if (robots.rules) {
    for (const std::string& sitemap : robots.rules->sitemaps()) {
      const auto url = resolve(site, sitemap);
      if (url && url->is_http()) out.push_back({url->without_fragment(), false});
    }
  }
  found_by = "robots.txt";
  if (out.empty()) {
    found_by = "usual place";
    out.push_back({site.origin() + "/sitemap.xml", false});
  }
  co_return out;
}

/// Asks for each address once, all at the same time, and reads no more than the beginning.
Async<std::vector<Sample>> visit(Call call, std::vector<std::string> urls, FetchOptions options) {
  constexpr std::uint64_t kEnough = 16 * 1024;
  std::vector<Op> pending;
  for (const std::string& url : urls) {
    HttpRequest request("GET", url);
    request.header("user-agent", options.user_agent).no_redirect().max_bytes(kEnough).timeout(options.timeout);
    pending.push_back(call.http(request));
  }
  std::vector<Sample> out;
  for (std::size_t i = 0; i < urls.size(); ++i) {
    const Reply reply = co_await pending[i];
    Sample sample;
    sample.url = urls[i];
    std::size_t replaced = 0;
    if (reply.status() == TR_OK) {
      sample.status = static_cast<int>(reply.number());
      sample.location = to_valid_utf8(reply.header("location"), replaced);
    } else {
      sample.error = reply.message().str();
    }
    out.push_back(std::move(sample));
  }
  co_return out;
}

}  // namespace

Task check_sitemap(Call call) {
  const Arguments arguments(call.input());
  Reply why;
  const auto url = page_url(arguments.text("url"), why);
  if (!url) co_return why;
  Plan plan;
  plan.options.user_agent = arguments.text("user_agent", kUserAgent);
  plan.options.max_bytes = arguments.number("max_bytes", SitemapDocument::kMaxBytes + 1);
  plan.max_files = arguments.number("max_sitemaps", 10);
  plan.samples = arguments.number("sample", 5);
  plan.now_unix_seconds = std::chrono::duration_cast<std::chrono::seconds>(call.unix_time()).count();

  SitemapReport report;
  report.url = url->without_fragment();
  report.found_by = "given";
  std::deque<Waiting> waiting;
  if (url->path == "/" && !url->has_query) {
    call.progress(0, 0, "looking for sitemaps");
    const std::vector<Waiting> found = co_await discover(call, *url, plan.options, report.found_by);
    waiting.assign(found.begin(), found.end());
  } else {
    waiting.push_back({report.url, false});
  }

  std::set<std::string> known;
  for (const Waiting& each : waiting) known.insert(each.url);
  report.listed_files = waiting.size();
  while (!waiting.empty() && report.files.size() < plan.max_files) {
    const Waiting next = waiting.front();
    waiting.pop_front();
    call.progress(static_cast<double>(report.files.size()), 0, next.url);
    FetchResult result = co_await fetch(call, next.url, plan.options);
    if (call.cancelled()) co_return Reply::error(TR_CANCELLED, {}, {});
    if (result.failure && report.found_by == "given" && !next.is_child) co_return std::move(*result.failure);
    File file;
    file.url = result.fetched.url;
    file.status = result.failure ? 0 : result.fetched.status;
    Issues issues;
    const bool is_there = !result.failure && result.fetched.redirect_end == RedirectEnd::kArrived && file.status == 200;
    if (is_there) {
      auto work = [&] { judge_file(result.fetched, plan, next.is_child, file, issues); };
      co_await call.blocking(work);
    } else if (report.found_by == "usual place") {
      issues.add("sitemap.not_found", next.url + " answers " + std::to_string(file.status) + ", robots.txt names none");
    } else {
      issues.add("sitemap.unreachable", result.failure ? result.failure->message().str()
                                                       : next.url + " answers " + std::to_string(file.status));
    }
    add_with_name(report.issues, issues, file);
    if (!next.is_child) {
      report.listed_files += file.document.children.size();
      for (const std::string& child : file.document.children) {
        if (known.insert(child).second) waiting.push_back({child, true});
      }
    }
    report.files.push_back(std::move(file));
  }

  if (plan.samples > 0) {
    call.progress(static_cast<double>(report.files.size()), 0, "visiting some of the pages");
    std::vector<std::string> urls = choose_samples(report.files, plan.samples);
    report.samples = co_await visit(call, std::move(urls), plan.options);
    for (const Sample& sample : report.samples) judge_sample(sample, report.issues);
  }
  co_return Reply::json(to_json(report));
}

}  // namespace toolrack::seo
