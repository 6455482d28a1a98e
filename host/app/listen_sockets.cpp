#include "app/listen_sockets.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <string>
#include <utility>

#include "services/log/log.hpp"
#include "transports/net/limits.hpp"

namespace toolrack::app {
namespace {

namespace log = services::log;

/// As net::TcpSocket writes it; what is no address is refused where it is opened.
std::string normal(const std::string& text) {
  boost::system::error_code error;
  auto address = boost::asio::ip::make_address(text, error);
  if (error) return text;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    address = boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, address.to_v6());
  return address.to_string();
}

bool is_any(const Endpoint& endpoint) {
  const auto address = normal(endpoint.address);
  return address == "0.0.0.0" || address == "::";
}

bool is_there(const Endpoint& wanted, const Endpoint& real) {
  return normal(wanted.address) == real.address && (wanted.port == 0 || wanted.port == real.port);
}

/// Beside sockets that still listen at `ours`: those must not be taken for a stranger's.
base::Result<std::vector<net::TcpSocket>> open_beside(const Endpoint& ours, const Endpoint& wanted, std::size_t count) {
  const bool is_in_the_way = wanted.port == ours.port && (is_any(wanted) || is_any(ours));
  return net::open_tcp_sockets(wanted.address, wanted.port, count, !is_in_the_way, net::Limits{}.lost_peer);
}

Endpoint most_exposed(const std::vector<net::TcpSocket>& sockets) {
  std::vector<Endpoint> endpoints;
  for (const auto& socket : sockets) endpoints.push_back({socket.address, socket.port});
  const auto exposed = std::ranges::find_if_not(endpoints, is_loopback);
  return exposed == endpoints.end() ? endpoints.front() : *exposed;
}

}  // namespace

base::Result<ListenSockets> choose_sockets(const Endpoint& wanted, std::string_view field, Handover::Sockets given,
                                           std::size_t loops) {
  ListenSockets out{.endpoint = wanted, .sockets = {}, .is_ours = true};
  if (given.fds.empty()) return out;
  for (auto& fd : given.fds) out.sockets.push_back(TRY(net::adopt_tcp(std::move(fd), net::Limits{}.lost_peer)));
  out.is_ours = given.is_ours;
  out.endpoint = most_exposed(out.sockets);
  if (!out.is_ours || is_there(wanted, out.endpoint)) return out;
  auto opened = open_beside(out.endpoint, wanted, loops);
  if (!opened) {
    log::write(log::Level::kWarning, "the address to listen at is kept: the configured one cannot be had",
               {{"field", field},
                {"kept", url_of(out.endpoint)},
                {"reason", opened.error().message()},
                {"remedy", opened.error().hint()}});
    out.is_kept = true;
    return out;
  }
  const auto left = std::exchange(out.endpoint, most_exposed(*opened));
  out.sockets = *std::move(opened);
  log::write(log::Level::kNotice, "the address to listen at has changed: who waits at the former one is refused",
             {{"field", field}, {"former", url_of(left)}, {"url", url_of(out.endpoint)}});
  return out;
}

}  // namespace toolrack::app
