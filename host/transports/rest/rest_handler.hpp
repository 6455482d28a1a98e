/// REST: turns a request into an operation or a call, and its outcome into a reply. Decides nothing else.
#pragma once

#include <memory>
#include <vector>

#include "base/clock.hpp"
#include "call/call_path.hpp"
#include "call/identify.hpp"
#include "operations/runner.hpp"
#include "transports/net/http.hpp"
#include "transports/rest/asset_routes.hpp"
#include "transports/rest/rest_calls.hpp"
#include "transports/rest/router.hpp"

namespace toolrack::rest {

class RestHandler final : public net::Handler {
 public:
  /// All outlive the handler. `identifiers` has one entry per loop.
  struct Dependencies {
    const operations::Table& table;
    operations::Runner& runner;
    call::CallPath& calls;
    std::vector<std::unique_ptr<call::Identifier>>& identifiers;
    const base::Clock& clock;
    AssetRoutes* assets = nullptr;                             ///< Null: no files are served.
    services::telemetry::Tracer* tracer = nullptr;             ///< Null: no spans are recorded.
    const base::Clock& progress_clock = base::system_clock();  ///< As start_streamed_call has it.
  };
  explicit RestHandler(Dependencies dependencies);

  void handle(const net::Request& request, net::Exchange& exchange) override;
  base::Result<std::size_t> body_limit(const net::Request& head, std::size_t default_limit) override;
  base::Result<std::shared_ptr<net::BodySink>> stream_body(const net::Request& head, net::BodySource& source) override;

 private:
  base::Result<accounts::PrincipalRef> identify(const net::Request& request, const base::Loop& loop);
  void operate(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal,
               const Match& match, std::shared_ptr<ServerSpan> span);

  Dependencies deps_;
  const Router router_;
  std::vector<std::unique_ptr<RestCalls>> calls_;  // One a loop.
};

}  // namespace toolrack::rest
