/// Keeps web pages from reaching a gateway through their reader's browser: DNS rebinding and cross-origin calls.
///
/// A page that rebinds its own name to 127.0.0.1 still says that name in Host; a page that posts across origins says
/// its own in Origin. Clients that are no browsers send no Origin.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "transports/net/http.hpp"

namespace toolrack::net {

/// Immutable after construction; any thread.
class HostGuard {
 public:
  struct Options {
    bool is_loopback_bind = true;            ///< Only then Host is checked: elsewhere a proxy or DNS decides it.
    std::vector<std::string> allowed_hosts;  ///< Names without port, beside the loopback ones; "*" allows all.
    std::vector<std::string>
        allowed_origins;  ///< "https://app.example", beside the loopback ones; "*" allows all but null.
  };
  explicit HostGuard(Options options);

  /// kHostRefused or kOriginRefused, naming the value. A request over a local socket always passes.
  base::Result<void> check(const Request& request) const;
  base::Result<void> check_host(std::string_view host) const;
  base::Result<void> check_origin(std::string_view origin) const;

 private:
  Options options_;
  bool any_host_ = false;
  bool any_origin_ = false;
};

}  // namespace toolrack::net
