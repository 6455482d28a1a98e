#include "skills/fetch.hpp"

#include "analysis/headers.hpp"
#include "analysis/text.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace toolrack::seo {
namespace {

/// Keeps what arrives, so that a transfer that breaks off leaves something to analyze.
class Keeper final : public HttpSink {
 public:
  explicit Keeper(std::uint64_t max_bytes) : max_bytes_(max_bytes) {}

  Flow head(const Reply& reply) noexcept override {
    status = static_cast<int>(reply.number());
    for (const tr_field& field : reply.fields()) headers.emplace_back(view(field.name).str(), view(field.value).str());
    return Flow::kMore;
  }
  Flow chunk(std::string_view bytes) noexcept override {
    const std::size_t room = max_bytes_ - body.size();
    body.append(bytes.substr(0, room));
    is_full = is_full || bytes.size() > room;
    return is_full ? Flow::kStop : Flow::kMore;
  }

  int status = 0;  // 0: no headers came.
  Properties headers;
  std::string body;
  bool is_full = false;

 private:
  const std::uint64_t max_bytes_;
};

bool is_redirect(int status) noexcept {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

std::string location_of(const Properties& headers) {
  for (const auto& [name, value] : headers) {
    if (equals_ignoring_case(name, "location")) {
      std::size_t replaced = 0;
      return to_valid_utf8(value, replaced);
    }
  }
  return {};
}

/// The host's failure, with the URL in front. Cancellation stays what it is.
Reply failure_of(const Reply& reply, const std::string& url) {
  if (reply.status() == TR_CANCELLED || reply.status() == TR_SUSPENDED) return reply;
  const Reply told = Reply::provider(reply);
  std::string message = shorten(url, 500) + " could not be fetched";
  if (!told.message().empty()) message += ": " + told.message();
  std::string hint = told.hint();
  if (hint.empty()) hint = "Check the URL and that its server answers, then try again.";
  Reply out = Reply::error(told.status(), told.code().empty() ? std::string("seo.unreachable") : told.code().str(),
                           std::move(message), std::move(hint));
  out.add_flags(told.outcome_flags());
  out.retry_after(told.retry_after());
  return out;
}

}  // namespace

Async<FetchResult> fetch(Call call, std::string url, FetchOptions options) {
  FetchResult out;
  Fetched& fetched = out.fetched;
  fetched.requested_url = url;
  std::set<std::string> seen;
  for (;;) {
    fetched.url = url;
    seen.insert(url);
    HttpRequest request("GET", url);
    request.header("user-agent", options.user_agent).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    request.no_redirect().max_bytes(options.max_bytes).timeout(options.timeout);
    Keeper keeper(options.max_bytes);
    const Reply reply = co_await call.stream(request, keeper);
    if (keeper.status == 0 && reply.status() == TR_OK) keeper.status = static_cast<int>(reply.number());
    const bool broke_off = reply.status() != TR_OK && !keeper.is_full;
    if (keeper.status == 0 || (broke_off && call.cancelled())) {
      out.failure = failure_of(reply, url);
      co_return out;
    }
    fetched.status = keeper.status;
    fetched.headers = std::move(keeper.headers);
    fetched.body = std::move(keeper.body);
    fetched.is_cut = keeper.is_full || broke_off || (reply.result_flags() & TR_RESULT_CUT) != 0;
    if (fetched.is_cut) {
      fetched.cut_reason =
          broke_off ? reply.message().str() : "the limit is " + std::to_string(options.max_bytes) + " bytes";
    }
    if (!is_redirect(fetched.status)) co_return out;

    const std::string location = location_of(fetched.headers);
    const auto base = parse_url(url);
    const auto target = base && !trim(location).empty() ? resolve(*base, location) : std::nullopt;
    if (!target || !target->is_http()) {
      fetched.redirect_end = RedirectEnd::kNoTarget;
      co_return out;
    }
    Hop hop;
    hop.url = url;
    hop.status = fetched.status;
    hop.location = location;
    fetched.redirects.push_back(std::move(hop));
    url = target->without_fragment();
    if (seen.contains(url)) {
      fetched.redirect_end = RedirectEnd::kLoop;
      co_return out;
    }
    if (fetched.redirects.size() > options.max_redirects) {
      fetched.redirect_end = RedirectEnd::kTooMany;
      co_return out;
    }
  }
}

Async<RobotsReport> fetch_robots(Call call, Url page, std::string product_token, FetchOptions options) {
  options.max_bytes = RobotsTxt::kMaxBytes + 1024;
  options.timeout = std::min(options.timeout, std::chrono::milliseconds(10'000));
  options.max_redirects = 5;
  const std::string url = page.origin() + "/robots.txt";
  const FetchResult result = co_await fetch(call, url, options);
  int status = result.fetched.status;
  std::string error;
  if (result.failure) {
    status = 0;
    error = result.failure->message().str();
  } else if (result.fetched.redirect_end != RedirectEnd::kArrived) {
    // RFC 9309 section 2.3.1.2: a robots.txt behind endless redirects counts as not there.
    status = 404;
  }
  co_return judge_robots(url, status, result.fetched.body, error, product_token, page);
}

std::optional<Url> page_url(std::string_view text, Reply& why) {
  auto url = parse_url(text);
  if (url && url->is_http()) return url;
  why = Reply::error(TR_INVALID_ARGUMENT, "seo.bad_url",
                     "\"" + shorten(text, 300) + "\" is no absolute http or https URL",
                     "Pass the whole address, such as https://example.com/page.");
  return std::nullopt;
}

}  // namespace toolrack::seo
