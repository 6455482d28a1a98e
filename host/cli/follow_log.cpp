#include "cli/follow_log.hpp"

#include <chrono>
#include <string>
#include <thread>
#include <utility>

namespace toolrack::cli {

base::Result<void> follow_log(const operations::Operation& operation, VerbInput input, Api& api, bool follows,
                              const std::function<void(const base::json::Value& answer)>& show,
                              std::chrono::milliseconds patience) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kPause(200);
  auto last_answer = Clock::now();
  for (bool is_first = true;; is_first = false) {
    const auto call = TRY(to_http(operation, input));
    auto reply = api.request(call.method, call.path, call.body);
    if (!reply) {
      const bool may_come_back = !is_first && reply.error().code() == base::ErrorCode::kUnavailable;
      if (!may_come_back || Clock::now() - last_answer >= patience) return tl::unexpected(std::move(reply).error());
      std::this_thread::sleep_for(kPause);
      continue;
    }
    last_answer = Clock::now();
    const auto answer = TRY(base::json::parse(reply->body, {.max_bytes = 64 << 20, .max_values = 10'000'000}));
    const auto* lines = base::json::find(answer, "lines");
    const bool is_log = lines != nullptr && lines->IsArray();
    if (is_first || !is_log || !lines->Empty()) show(answer);
    if (!is_log || !follows) return {};
    if (const auto next = base::json::find_int(answer, "next")) input.values["after"] = {std::to_string(*next)};
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace toolrack::cli
