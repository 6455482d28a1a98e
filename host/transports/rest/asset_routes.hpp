/// The two routes of files: their bytes out, and their bytes in. What is said about files are operations.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "accounts/principal.hpp"
#include "base/pool.hpp"
#include "services/assets/asset_links.hpp"
#include "services/assets/assets.hpp"
#include "services/assets/url_signer.hpp"
#include "transports/net/http.hpp"

namespace toolrack::rest {

class AssetRoutes {
 public:
  /// All outlive it.
  struct Dependencies {
    services::assets::Assets& assets;
    const services::assets::AssetLinks& links;
    const services::assets::UrlSigner& signer;
    base::Pool& pool;  ///< Reads and writes disks.
  };
  explicit AssetRoutes(Dependencies dependencies) : deps_(dependencies) {}
  using Identify = std::function<base::Result<accounts::PrincipalRef>()>;

  /// GET or HEAD of the bytes? Then the id, not checked yet.
  static std::optional<std::string_view> downloaded_id(const net::Request& request);
  /// A target with a query is a signed URL and valid as one or refused; without one `identify` says who asks.
  void download(net::Exchange& exchange, std::string_view id, const Identify& identify);

  /// A POST whose body is the file itself: any Content-Type but JSON, or JSON with `raw=true` in the query.
  static bool is_upload(const net::Request& head);
  base::Result<std::shared_ptr<net::BodySink>> begin_upload(const net::Request& head, net::BodySource& source,
                                                            const Identify& identify);
  /// The request that `begin_upload` gave a sink for.
  void end_upload(net::Exchange& exchange);

 private:
  Dependencies deps_;
};

}  // namespace toolrack::rest
