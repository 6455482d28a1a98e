/// traceparent and tracestate -> a context, and what is passed on of it.
///
/// An input is a traceparent, a line break, a tracestate. What is read is compared with a regular expression of what
/// the recommendation allows, which shares no code with the parser.
#include <algorithm>
#include <regex>
#include <set>
#include <string>

#include "base/trace_context.hpp"
#include "fuzz/fuzz.hpp"

namespace toolrack::fuzz {
namespace {

void check_parent(std::string_view text) {
  static const std::regex known("00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}");
  static const std::regex later("[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-[^]*)?");
  std::match_results<std::string_view::const_iterator> match;
  const bool is_known = text.starts_with("00");
  const bool matches = !text.starts_with("ff") && text.size() < 512 &&
                       std::regex_match(text.begin(), text.end(), match, is_known ? known : later);
  const auto is_zero = [&](int group) {
    return std::all_of(match[group].first, match[group].second, [](char c) { return c == '0'; });
  };
  const auto read = base::parse_traceparent(text);
  if (text.size() < 512)
    require(read.has_value() == (matches && !is_zero(1) && !is_zero(2)), "it is one, or not", text);
  if (!read) return;
  const base::Traceparent written(*read);
  require(written.view().substr(2, 50) == text.substr(2, 50), "ids are passed on as they are", text);
  require(base::parse_traceparent(written.view()) == read, "what is written is read the same", written.view());
  const auto child = read->child();
  require(child.trace == read->trace && child.span != 0, "a child is in the same trace", text);
}

void check_state(std::string_view text) {
  static const std::regex member(
      "[a-z0-9][a-z0-9_\\-*/@]{0,255}=[\\x20-\\x2b\\x2d-\\x3c\\x3e-\\x7e]{0,255}"
      "[\\x21-\\x2b\\x2d-\\x3c\\x3e-\\x7e]");
  const auto clean = base::clean_tracestate(text);
  require(clean.size() <= 512, "no more is passed on than everybody takes", clean);
  require(base::clean_tracestate(clean) == clean, "what is clean stays as it is", clean);
  std::set<std::string> keys;
  auto rest = std::string_view(clean);
  while (!rest.empty()) {
    const auto one = std::string(take_until(rest, ","));
    require(std::regex_match(one, member), "a member is one", one);
    require(keys.insert(one.substr(0, one.find('='))).second, "a key is there once", clean);
    require(text.find(one) != std::string_view::npos, "a member is passed on as it is", one);
  }
  require(keys.size() <= 32, "there are 32 at most", clean);
}

}  // namespace

void check(std::string_view input) {
  auto rest = input;
  check_parent(take_until(rest, "\n"));
  check_state(rest);
}

}  // namespace toolrack::fuzz
