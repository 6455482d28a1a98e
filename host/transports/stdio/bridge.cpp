#include "transports/stdio/bridge.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <csignal>

#include "transports/mcp/rpc.hpp"
#include "transports/stdio/bridge_impl.hpp"

namespace toolrack::stdio {
namespace {

using Clock = std::chrono::steady_clock;
using Purpose = Transfer::Purpose;

/// Requests that fail together ask for one election, not for one each.
constexpr auto kElectionRest = std::chrono::milliseconds(500);

/// A pipe whose reader is gone must be an error of `write`, not the end of the process.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;
  ~WithoutSigpipe() {
    const timespec now{};
    while (sigtimedwait(&pipe_, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  sigset_t pipe_{}, before_{};
};

/// "https://host" → "https://host/mcp"; what is no URL stays, libcurl will say so.
std::string with_path(const std::string& url) {
  const std::unique_ptr<CURLU, void (*)(CURLU*)> parts(curl_url(), curl_url_cleanup);
  char* text = nullptr;
  if (curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parts.get(), CURLUPART_PATH, &text, 0) != CURLUE_OK)
    return url;
  const std::unique_ptr<char, void (*)(void*)> path(text, curl_free);
  if (std::string_view(text) != "/") return url;
  curl_url_set(parts.get(), CURLUPART_PATH, "/mcp", 0);
  if (curl_url_get(parts.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) return url;
  const std::unique_ptr<char, void (*)(void*)> whole(text, curl_free);
  return text;
}

}  // namespace

Bridge::Bridge(int in_fd, int out_fd, Endpoint endpoint, Elect elect, std::chrono::milliseconds farewell)
    : impl_(std::make_unique<Impl>(in_fd, out_fd, std::move(endpoint), std::move(elect), farewell)) {}
Bridge::~Bridge() = default;
int Bridge::run() { return impl_->run(); }

int Bridge::Impl::run() {
  const WithoutSigpipe guard;
  std::optional<Clock::time_point> end;
  for (;;) {
    take_lines();
    turn();
    output_.flush();
    let_streams_go_on();
    if (output_.is_broken()) return 1;
    if (news_due_ && Clock::now() >= *news_due_) listen_for_news();
    ask_what_follows();
    if (input_.is_ended() && !end) end = Clock::now() + farewell_;
    const bool owes_answer =
        std::ranges::any_of(transfers_, [](const auto& entry) { return !entry.first->is_for_news(); });
    const bool is_done = input_.is_exhausted() && !owes_answer && output_.is_empty();
    if (end && (is_done || Clock::now() >= *end)) break;
    wait(end);
  }
  transfers_.clear();
  return 0;
}

void Bridge::Impl::use(Endpoint endpoint) {
  endpoint_ = std::move(endpoint);
  endpoint_.url = with_path(endpoint_.url);
  ++generation_;
}

void Bridge::Impl::take_lines() {
  while (is_taking()) {
    auto line = input_.next();
    if (!line) break;
    take(*std::move(line));
  }
}

void Bridge::Impl::take(LineInput::Line line) {
  if (line.is_too_long)
    return output_.add(mcp::error_message(
        "", {.code = mcp::kInvalidMessage,
             .message = fmt::format("a line is longer than {} bytes; send a smaller message", LineInput::kMaxLine),
             .data_json = {}}));
  auto request = read_outbound(std::move(line.text), is_remote() ? &params_ : nullptr);
  if (!request)
    return output_.add(
        mcp::error_message("", {.code = mcp::kParseError, .message = request.error().message(), .data_json = {}}));
  if (!request->cancels.empty()) return cancel(*std::move(request));
  if (request->opens_session) session_.remember_initialize(*request);
  if (request->method == "notifications/initialized") session_.remember_initialized(*request);
  forward(*std::move(request));
}

/// A modern request is cancelled by taking it back; for a legacy one the gateway wants the notification. Either way
/// nothing more is said of it.
void Bridge::Impl::cancel(Outbound notification) {
  const auto is_named = [&](const Transfer& transfer) {
    return !transfer.request().opens_session &&
           std::ranges::count(transfer.unanswered, notification.cancels, &Outbound::Id::key) > 0;
  };
  std::erase_if(waiting_, [&](const auto& transfer) { return is_named(*transfer); });
  const auto found = std::ranges::find_if(transfers_, [&](const auto& entry) { return is_named(*entry.first); });
  if (found == transfers_.end()) return;
  if (found->first->request().is_modern) {
    transfers_.erase(found);
    return;
  }
  if (found->first->request().ids.size() == 1) found->first->is_muted = true;
  forward(std::move(notification));
}

void Bridge::Impl::forward(Outbound request) {
  auto transfer = std::make_unique<Transfer>(std::move(request), Purpose::kForward, *this);
  // What follows may need the session that this one opens, and some gateways count on the order.
  if (transfer->request().opens_session || transfer->request().method == "notifications/initialized")
    transfer->hold = std::make_unique<Hold>(holds_);
  send(std::move(transfer));
}

void Bridge::Impl::send(std::unique_ptr<Transfer> transfer) {
  const bool is_of_session = !transfer->request().is_modern && !transfer->request().opens_session;
  transfer->generation = generation_;
  transfer->session = is_of_session ? session_.id() : "";
  transfer->start(multi_.get(), endpoint_, is_of_session ? session_.headers() : std::vector<std::string>());
  auto* key = transfer.get();
  transfers_.emplace(key, std::move(transfer));
}

void Bridge::Impl::turn() {
  for (bool has_changed = true; has_changed;) {
    int running = 0;
    curl_multi_perform(multi_.get(), &running);
    has_changed = false;
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      const auto code = message->data.result;
      auto node = transfers_.extract(Transfer::of(message->easy_handle));
      auto transfer = std::move(node.mapped());
      transfer->stop();
      on_ended(std::move(transfer), code);
      has_changed = true;
    }
    take_lines();
  }
}

void Bridge::Impl::wait(const std::optional<Clock::time_point>& end) {
  curl_waitfd extra[2];
  unsigned count = 0;
  const bool wants_input = is_taking() && !input_.is_ended();
  if (wants_input) extra[count++] = {.fd = input_.fd(), .events = CURL_WAIT_POLLIN, .revents = 0};
  if (!output_.is_empty()) extra[count++] = {.fd = output_.fd(), .events = CURL_WAIT_POLLOUT, .revents = 0};
  auto patience = std::chrono::milliseconds(60'000);
  const auto wait_no_longer_than = [&](const std::optional<Clock::time_point>& due) {
    if (due)
      patience = std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*due - Clock::now()),
                            std::chrono::milliseconds(0), patience);
  };
  wait_no_longer_than(end);
  wait_no_longer_than(news_due_);
  for (const auto& [key, transfer] : transfers_) wait_no_longer_than(transfer->due);
  int ready = 0;
  curl_multi_poll(multi_.get(), extra, count, static_cast<int>(patience.count()), &ready);
  if (wants_input && input_.is_readable()) input_.read_some();
}

void Bridge::Impl::let_streams_go_on() {
  if (output_.is_full()) return;
  for (auto& [key, transfer] : transfers_) transfer->go_on();
}

/// Asks for a gateway unless somebody else of this round has; what failed, when it did.
std::optional<std::string> Bridge::Impl::elect(std::uint64_t failed_generation) {
  if (failed_generation != generation_) return std::nullopt;
  if (!election_failure_.empty() && Clock::now() - election_failed_ < kElectionRest) return election_failure_;
  auto endpoint = elect_();
  if (endpoint) {
    election_failure_.clear();
    use(*std::move(endpoint));
    return std::nullopt;
  }
  election_failed_ = Clock::now();
  election_failure_ = fmt::format("{} {}", endpoint.error().message(), endpoint.error().hint());
  return election_failure_;
}

}  // namespace toolrack::stdio
