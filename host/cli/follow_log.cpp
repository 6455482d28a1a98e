#include "cli/follow_log.hpp"

#include <chrono>
#include <string>
#include <thread>

namespace toolrack::cli {

base::Result<void> follow_log(const operations::Operation& operation, VerbInput input, Api& api, bool follows,
                              const std::function<void(const base::json::Value& answer)>& show) {
  constexpr std::chrono::milliseconds kPause(200);
  for (bool is_first = true;; is_first = false) {
    const auto call = TRY(to_http(operation, input));
    const auto reply = TRY(api.request(call.method, call.path, call.body));
    const auto answer = TRY(base::json::parse(reply.body, {.max_bytes = 64 << 20, .max_values = 10'000'000}));
    const auto* lines = base::json::find(answer, "lines");
    const bool is_log = lines != nullptr && lines->IsArray();
    if (is_first || !is_log || !lines->Empty()) show(answer);
    if (!is_log || !follows) return {};
    if (const auto next = base::json::find_int(answer, "next")) input.values["after"] = {std::to_string(*next)};
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace toolrack::cli
