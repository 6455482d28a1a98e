/// From what a server sent to what is wrong with it. Pure: no network, no clock, no state.
#pragma once

#include "analysis/charset.hpp"
#include "analysis/issues.hpp"
#include "analysis/page.hpp"
#include "analysis/robots_txt.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace toolrack::seo {

/// One response that sent us elsewhere.
struct Hop {
  std::string url;
  int status = 0;
  std::string location;  ///< As sent.
};

enum class RedirectEnd { kArrived, kLoop, kTooMany, kNoTarget };

/// A page as it came over the wire, content encodings undone.
struct Fetched {
  std::string requested_url;
  std::vector<Hop> redirects;
  RedirectEnd redirect_end = RedirectEnd::kArrived;
  std::string url;  ///< Of the last response.
  int status = 0;
  Properties headers;  ///< Of the last response, names in lower case, values as sent.
  std::string body;
  bool is_cut = false;     ///< The body goes on beyond what was read.
  std::string cut_reason;  ///< Why: the limit, or how the transfer broke off.
};

/// What became of robots.txt.
struct RobotsReport {
  bool is_checked = false;
  std::string url;
  int status = 0;     ///< 0: no answer.
  std::string error;  ///< Why there was none.
  std::optional<RobotsTxt> rules;
  std::string product_token;
  RobotsVerdict verdict;
};

/// RFC 9309 section 2.3.1: 2xx rules apply, 4xx everything is allowed, everything else nothing is.
RobotsReport judge_robots(std::string robots_url, int status, std::string_view body, std::string error,
                          std::string_view product_token, const Url& page);

struct Analysis {
  Fetched fetched;  ///< Without its body.
  std::size_t decoded_bytes = 0;
  RobotsReport robots;
  bool is_html = false;
  DecodedText charset;       ///< Without its text.
  std::optional<Page> page;  ///< Nothing when there was no HTML to parse.
  bool is_indexable = false;
  std::vector<std::string> index_obstacles;  ///< Ids of the issues that keep it out of the index.
  Issues issues;
};

Analysis analyze(Fetched fetched, RobotsReport robots);

/// The skill's output; well-formed UTF-8 whatever came in.
std::string to_json(const Analysis& analysis);

}  // namespace toolrack::seo
