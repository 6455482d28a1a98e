/// From method and path to an operation of the table.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "operations/table.hpp"
#include "transports/net/http.hpp"

namespace toolrack::rest {

struct Match {
  const operations::Table::Entry* entry = nullptr;
  /// Members that the path gives: name in the table, value percent-decoded.
  std::vector<std::pair<std::string_view, std::string>> parameters;
};

/// Immutable after construction; any thread. A literal segment wins over a parameter, so /v1/tools/search is no tool.
class Router {
 public:
  explicit Router(const operations::Table& table);

  /// kRouteNotFound, or kMethodNotAllowed (then `allow` is what the Allow header must say). HEAD is served by GET.
  base::Result<Match> match(const net::Request& request, std::string& allow) const;

 private:
  struct Route {
    std::string_view method;
    std::vector<std::string_view> segments;
    const operations::Table::Entry* entry;
  };
  std::vector<Route> routes_;  ///< Literal segments sort before parameters.
};

}  // namespace toolrack::rest
