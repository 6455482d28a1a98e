#include "app/gateway.hpp"

#include <boost/asio/post.hpp>

#include <atomic>

#include "app/gateway_parts.hpp"
#include "app/wait_for.hpp"

namespace toolrack::app {

Gateway::Gateway(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

base::Result<std::unique_ptr<Gateway>> Gateway::start(const Config& config, const operations::Table& table,
                                                      store::DataDirectory directory, Options options) {
  auto gateway = std::unique_ptr<Gateway>(new Gateway(std::make_unique<Parts>(config, table, std::move(directory))));
  auto& parts = *gateway->parts_;
  parts.credentials = options.credentials;
  parts.recording = options.recording;
  parts.loops.start();
  parts.start_telemetry();
  TRY(parts.choose_listeners(options));
  TRY(parts.open_store());
  TRY(parts.open_assets());
  TRY(parts.load_plugins(options));
  parts.build_paths(options.runs_jobs);
  TRY(parts.listen(options));
  if (options.runs_jobs) {
    parts.webhooks->start();
    parts.resume_jobs();
  }
  if (options.runs_jobs && config.watch_plugins) parts.plugins->watch({});
  parts.is_ready.store(true);
  return gateway;
}

Gateway::~Gateway() { stop(); }

base::Result<ConfigChanges> Gateway::reload(const Config& wanted) { return parts_->reload(wanted); }

base::Result<Handover> Gateway::hand_over(const Config* wanted) {
  Handover out;
  auto& parts = *parts_;
  if (wanted != nullptr && !parts.listening.is_ours) TRY(check_given_socket(*wanted, parts.listening.endpoint));
  out.http = {TRY(parts.server->copy_sockets(*parts.front)), parts.listening.is_ours};
  if (parts.metrics_handler)
    out.metrics = {TRY(parts.server->copy_sockets(*parts.metrics_handler)), parts.metrics_listening->is_ours};
  out.lock = net::UniqueFd(parts.directory.copy_lock());
  out.local = TRY(parts.server->hand_over_unix(parts.socket_path));  // Last: its file is the successor's from here on.
  return out;
}

bool Gateway::answers(std::chrono::milliseconds patience) {
  return wait_for(patience, [this](auto done) {
    const auto left = std::make_shared<std::atomic<std::size_t>>(parts_->loops.size());
    for (std::size_t i = 0; i < parts_->loops.size(); ++i)
      boost::asio::post(parts_->loops[i].context(), [left, done] {
        if (left->fetch_sub(1) == 1) done();
      });
  });
}

base::Result<void> Gateway::rescan_plugins() {
  TRY(parts_->plugins->rescan());
  return {};
}

std::chrono::milliseconds Gateway::announce_stop() {
  parts_->is_ready.store(false);
  return parts_->config.stop_delay;
}

void Gateway::stop() { parts_->close(); }

const Endpoint& Gateway::endpoint() const noexcept { return parts_->listening.endpoint; }

const Endpoint* Gateway::metrics_endpoint() const noexcept {
  return parts_->metrics_listening ? &parts_->metrics_listening->endpoint : nullptr;
}

const std::string& Gateway::socket_path() const noexcept { return parts_->socket_path; }

}  // namespace toolrack::app
