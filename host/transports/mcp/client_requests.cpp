#include "transports/mcp/client_requests.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>

#include "base/ids.hpp"

namespace toolrack::mcp {

namespace json = base::json;

ClientRequests::ClientRequests() : prefix_("toolrack-" + base::random_hex(8)) {}

std::string ClientRequests::add(std::string_view session, base::Loop& loop, Answered answered) {
  auto id = fmt::format("{}-{}", prefix_, ++last_);
  base::Lock lock(mutex_);
  waiting_.emplace(id, Waiting{.session = std::string(session), .loop = &loop, .answered = std::move(answered)});
  return id;
}

void ClientRequests::remove(const std::string& id) {
  base::Lock lock(mutex_);
  waiting_.erase(id);
}

void ClientRequests::answer(std::string_view session, const json::Value& response) {
  const auto id = json::find_string(response, "id");
  if (!id) return;
  base::Loop* loop = nullptr;
  {
    base::Lock lock(mutex_);
    const auto found = waiting_.find(*id);
    if (found == waiting_.end() || found->second.session != session) return;
    loop = found->second.loop;
  }
  boost::asio::post(loop->context(),
                    [this, id = std::string(*id), text = json::dump(response)] { hand_over(id, text); });
}

void ClientRequests::hand_over(const std::string& id, const std::string& text) {
  Answered answered;
  {
    base::Lock lock(mutex_);
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return;
    answered = std::move(found->second.answered);
    waiting_.erase(found);
  }
  if (const auto response = json::parse(text)) answered(*response);
}

}  // namespace toolrack::mcp
