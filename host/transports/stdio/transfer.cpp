#include "transports/stdio/transfer.hpp"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <string>

#include "base/version.hpp"

namespace toolrack::stdio {
namespace {

constexpr std::size_t kMaxBody = 256 << 20;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").find(text.back()) != std::string_view::npos)
    text.remove_suffix(1);
  return text;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace

std::string Transfer::can_go_on_behind() const {
  if (request_.is_modern || session.empty()) return {};
  return events_->last_id().empty() ? goes_on_behind : events_->last_id();
}

std::chrono::milliseconds Transfer::pause() const {
  constexpr std::chrono::milliseconds kUsual{1'000}, kShortest{50}, kLongest{60'000};
  return std::clamp(events_->retry().value_or(kUsual), kShortest, kLongest);
}

Transfer* Transfer::of(CURL* easy) {
  char* self = nullptr;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &self);
  return reinterpret_cast<Transfer*>(self);
}

void Transfer::start(CURLM* multi, const Endpoint& endpoint, const std::vector<std::string>& session_headers) {
  stop();
  reply_ = {};
  error_[0] = '\0';
  was_sent_ = is_paused_ = false;
  if (goes_on_behind.empty()) unanswered = request_.ids;
  events_ = std::make_unique<SseReader>([this](std::string_view json) {
    ++reply_.events;
    sink_.on_event(*this, json);
  });
  ++attempts;
  easy_.reset(curl_easy_init());
  set_target(endpoint);
  set_headers(endpoint, session_headers);
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, this);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error_);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 10L);
  // Gateways close idle connections after a minute and more; reusing one at that very moment would lose the request.
  curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, 50L);
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  if (!is_get()) {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.data());  // Not copied.
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
  }
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, &Transfer::on_sending);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  multi_ = multi;
  curl_multi_add_handle(multi_, easy);
}

void Transfer::set_target(const Endpoint& endpoint) {
  auto* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, endpoint.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);  // The key is for this host only.
  if (endpoint.socket_path.empty()) {
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    return;
  }
  curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, endpoint.socket_path.c_str());
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
}

void Transfer::set_headers(const Endpoint& endpoint, const std::vector<std::string>& session_headers) {
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
  if (!is_get()) add("Content-Type: application/json");
  if (!goes_on_behind.empty()) add("Last-Event-ID: " + goes_on_behind);
  add(is_get() ? "Accept: text/event-stream" : "Accept: application/json, text/event-stream");
  add("User-Agent: toolrack-stdio/" + std::string(base::kVersion));
  add("Expect:");  // None: waiting for "100 Continue" costs a second where nobody says it.
  if (const auto key = trimmed(endpoint.key); !key.empty()) add("Authorization: Bearer " + std::string(key));
  for (const auto& line : request_.headers) add(line);
  for (const auto& line : session_headers) add(line);
  headers_.reset(list);
  curl_easy_setopt(easy_.get(), CURLOPT_HTTPHEADER, list);
}

void Transfer::stop() {
  if (multi_ != nullptr) curl_multi_remove_handle(multi_, easy_.get());
  multi_ = nullptr;
}

void Transfer::go_on() {
  if (!is_paused_ || multi_ == nullptr) return;
  is_paused_ = false;
  curl_easy_pause(easy_.get(), CURLPAUSE_CONT);
}

std::size_t Transfer::on_header(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& reply = static_cast<Transfer*>(self)->reply_;
  const auto line = trimmed(std::string_view(bytes, size * count));
  if (line.starts_with("HTTP/")) {  // A new head: what an interim one said is gone.
    reply = {};
    const auto blank = line.find(' ');
    if (blank != std::string_view::npos)
      std::from_chars(line.data() + blank + 1, line.data() + line.size(), reply.status);
  } else if (const auto colon = line.find(':'); colon != std::string_view::npos) {
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (equal_ignoring_case(name, "content-type")) reply.content_type = value;
    if (equal_ignoring_case(name, "mcp-session-id")) reply.session_id = value;
    if (equal_ignoring_case(name, "location")) reply.location = value;
  }
  return size * count;
}

std::size_t Transfer::on_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view piece(bytes, size * count);
  auto& reply = transfer.reply_;
  if (reply.is_stream()) {
    if (transfer.sink_.is_full()) {
      transfer.is_paused_ = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    reply.is_too_large = !transfer.events_->feed(piece);
  } else {
    reply.is_too_large = reply.body.size() + piece.size() > kMaxBody;
    if (!reply.is_too_large) reply.body.append(piece);
  }
  return reply.is_too_large ? 0 : piece.size();
}

int Transfer::on_sending(void* self, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(self);
  // libcurl sends again by itself when a connection that it kept turns out dead: a call must not run twice.
  const bool is_allowed = !transfer.was_sent_ || transfer.request_.may_repeat;
  transfer.was_sent_ = true;
  return is_allowed ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

}  // namespace toolrack::stdio
