#include "services/telemetry/otlp_sender.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "base/json.hpp"

namespace toolrack::services::telemetry {
namespace {

using std::chrono::milliseconds;

/// More of an answer than this is not read.
constexpr std::size_t kMaxAnswer = 64 << 10;
/// More than that a collector cannot ask for.
constexpr std::chrono::seconds kLongestRetryAfter{300};

struct ListCleanup {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, ListCleanup>;

void add(HeaderList& list, const std::string& line) { list.reset(curl_slist_append(list.release(), line.c_str())); }

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* to) {
  auto& body = *static_cast<std::string*>(to);
  body.append(bytes, std::min(size * count, kMaxAnswer - std::min(body.size(), kMaxAnswer)));
  return size * count;
}

/// {"partialSuccess":{"rejectedSpans":"3"}}, or rejectedDataPoints.
std::uint64_t rejected_of(std::string_view body) {
  const auto answer = base::json::parse(body);
  const auto* partial = answer ? base::json::find(*answer, "partialSuccess") : nullptr;
  if (partial == nullptr) return 0;
  for (const auto* name : {"rejectedSpans", "rejectedDataPoints"}) {
    std::uint64_t count = 0;
    if (const auto text = base::json::find_string(*partial, name))
      std::from_chars(text->data(), text->data() + text->size(), count);
    else if (const auto number = base::json::find_int(*partial, name); number && *number > 0)
      count = static_cast<std::uint64_t>(*number);
    if (count != 0) return count;
  }
  return 0;
}

bool is_retryable(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

}  // namespace

struct OtlpSender::Curl {
  ~Curl() {
    curl_easy_cleanup(easy);
    curl_multi_cleanup(multi);
  }
  CURLM* multi = curl_multi_init();
  CURL* easy = curl_easy_init();
};

OtlpSender::OtlpSender(std::string user_agent) : user_agent_(std::move(user_agent)), curl_(std::make_unique<Curl>()) {}

OtlpSender::~OtlpSender() = default;

void OtlpSender::end_at(Clock::time_point moment) noexcept {
  end_at_.store(moment.time_since_epoch().count(), std::memory_order_relaxed);
  curl_multi_wakeup(curl_->multi);
}

/// False when the time was over first.
bool OtlpSender::transfer(milliseconds timeout, int& code) {
  const auto own_end = Clock::now() + timeout;
  int running = 1;
  while (running != 0) {
    curl_multi_perform(curl_->multi, &running);
    if (running == 0) break;
    const Clock::time_point told(Clock::duration(end_at_.load(std::memory_order_relaxed)));
    const auto left = std::chrono::ceil<milliseconds>(std::min(own_end, told) - Clock::now());
    if (left.count() <= 0) return false;
    curl_multi_poll(curl_->multi, nullptr, 0, static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)), nullptr);
  }
  int left = 0;
  while (const auto* message = curl_multi_info_read(curl_->multi, &left))
    if (message->msg == CURLMSG_DONE) code = message->data.result;
  return true;
}

Delivery OtlpSender::post(const std::string& url, const Settings& settings, const std::string& body) {
  auto* easy = curl_->easy;
  HeaderList headers;
  add(headers, "Content-Type: application/json");
  add(headers, "Expect:");
  for (const auto& [name, value] : settings.headers) add(headers, fmt::format("{}: {}", name, value));
  std::string answer;
  std::array<char, CURL_ERROR_SIZE> error{};

  curl_easy_reset(easy);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, user_agent_.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error.data());

  int code = CURLE_OK;
  curl_multi_add_handle(curl_->multi, easy);
  const bool is_in_time = transfer(settings.timeout, code);
  curl_multi_remove_handle(curl_->multi, easy);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, nullptr);

  if (!is_in_time || code != CURLE_OK)
    return {.may_retry = true,
            .retry_after = {},
            .reason = !is_in_time        ? fmt::format("no answer within {} ms", settings.timeout.count())
                      : error[0] != '\0' ? std::string(error.data())
                                         : curl_easy_strerror(static_cast<CURLcode>(code))};
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &retry_after);
  Delivery out{.status = static_cast<int>(status), .retry_after = {}, .reason = {}};
  out.is_taken = status >= 200 && status < 300;
  out.may_retry = is_retryable(out.status);
  if (out.is_taken) {
    out.rejected = rejected_of(answer);
    return out;
  }
  if (retry_after > 0) out.retry_after = std::min(std::chrono::seconds(retry_after), kLongestRetryAfter);
  out.reason = fmt::format("it answers with status {}", status);
  return out;
}

}  // namespace toolrack::services::telemetry
