#include "transports/rest/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/encoding.hpp"

namespace toolrack::rest {
namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kMaxSegments = 8;  ///< Our longest route has four.

/// A path in pieces, without allocation; one with more pieces than any route has one too many.
class Segments {
 public:
  explicit Segments(std::string_view path) {
    path.remove_prefix(std::min<std::size_t>(path.find_first_not_of('/'), path.size()));
    while (!path.empty() && count_ < segments_.size()) {
      const auto end = std::min(path.find('/'), path.size());
      segments_[count_++] = path.substr(0, end);
      path.remove_prefix(std::min(end + 1, path.size()));
    }
  }
  std::span<const std::string_view> all() const { return {segments_.data(), count_}; }

 private:
  std::array<std::string_view, kMaxSegments + 1> segments_;
  std::size_t count_ = 0;
};

std::vector<std::string_view> split(std::string_view path) {
  const Segments segments(path);
  return {segments.all().begin(), segments.all().end()};
}

bool is_parameter(std::string_view segment) { return segment.starts_with(':'); }

bool fits(const std::vector<std::string_view>& route, std::span<const std::string_view> given) {
  return std::ranges::equal(route, given, [](std::string_view expected, std::string_view segment) {
    return is_parameter(expected) ? !segment.empty() : expected == segment;
  });
}

}  // namespace

Router::Router(const operations::Table& table) {
  for (const auto& entry : table.entries()) {
    const auto& operation = entry.operation;
    if (operation.path.empty()) continue;
    routes_.push_back({operation.method, split(operation.path), &entry});
    for (const auto path : operation.more_paths) routes_.push_back({operation.method, split(path), &entry});
  }
  const auto parameters = [](const Route& route) { return std::ranges::count_if(route.segments, is_parameter); };
  std::ranges::stable_sort(routes_, {}, parameters);
}

base::Result<Match> Router::match(const net::Request& request, std::string& allow) const {
  const Segments segments(request.path);
  const auto given = segments.all();
  const auto method = request.method == net::Method::kHead ? std::string_view("GET") : request.method_text;
  for (const auto& route : routes_) {
    if (!fits(route.segments, given)) continue;
    if (route.method == method) {
      Match match{.entry = route.entry, .parameters = {}};
      for (std::size_t i = 0; i < given.size(); ++i)
        if (is_parameter(route.segments[i]))
          match.parameters.emplace_back(route.segments[i].substr(1), TRY(base::percent_decode(given[i])));
      return match;
    }
    if (allow.find(route.method) == std::string::npos)
      fmt::format_to(std::back_inserter(allow), "{}{}", allow.empty() ? "" : ", ", route.method);
  }
  if (!allow.empty())
    return fail(ErrorCode::kMethodNotAllowed, fmt::format("{} does not take {}", request.path, request.method_text),
                fmt::format("Use {}.", allow));
  return fail(ErrorCode::kRouteNotFound, fmt::format("there is nothing at {}", request.path));
}

}  // namespace toolrack::rest
