#include "skills/arguments.hpp"
#include "skills/fetch.hpp"
#include "skills/skills.hpp"

#include <utility>

namespace toolrack::seo {

Task analyze_page(Call call) {
  const Arguments arguments(call.input());
  Reply why;
  const auto url = page_url(arguments.text("url"), why);
  if (!url) co_return why;
  FetchOptions options;
  options.user_agent = arguments.text("user_agent", kUserAgent);
  options.max_bytes = arguments.number("max_bytes", options.max_bytes);
  // Whose robots.txt group counts: the crawler named, else the one that is played, else Google's.
  std::string token = "googlebot";
  if (arguments.has("user_agent")) token = product_token(options.user_agent);
  if (arguments.has("crawler")) token = product_token(arguments.text("crawler"));

  call.progress(0, 3, "fetching the page");
  FetchResult result = co_await fetch(call, url->without_fragment(), options);
  if (result.failure) co_return std::move(*result.failure);

  RobotsReport robots;
  const auto final_url = parse_url(result.fetched.url);
  if (arguments.flag("check_robots", true) && final_url) {
    call.progress(1, 3, "reading robots.txt");
    robots = co_await fetch_robots(call, *final_url, token, options);
    if (call.cancelled()) co_return Reply::error(TR_CANCELLED, {}, {});
  }
  robots.product_token = token;

  call.progress(2, 3, "analyzing");
  auto work = [&result, &robots] { return to_json(analyze(std::move(result.fetched), std::move(robots))); };
  std::string report = co_await call.blocking(work);
  co_return Reply::json(std::move(report));
}

}  // namespace toolrack::seo
