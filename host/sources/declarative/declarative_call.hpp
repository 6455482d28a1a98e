/// One call of a declarative skill: its request, further pages, or questions until the work is done.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "registry/handler.hpp"
#include "services/upstream/client.hpp"
#include "sources/declarative/declarative_tool.hpp"
#include "sources/declarative/reply.hpp"
#include "sources/provider_target.hpp"

namespace toolrack::sources::declarative {

/// Held by the tool's table until it has completed, and by what it waits for. On its loop only.
class DeclarativeCall final : public std::enable_shared_from_this<DeclarativeCall> {
 public:
  /// `program` lives as long as `owner`; the invocation until it is completed.
  DeclarativeCall(std::shared_ptr<DeclarativeTool> owner, std::shared_ptr<const registry::Tool> tool,
                  const Program& program, const registry::Invocation& invocation, registry::Completion& completion,
                  std::uint64_t ticket);

  void start();
  /// The answer follows, soon.
  void cancel();

 private:
  enum class Stage : std::uint8_t { kFirst, kPages, kPoll };

  base::Result<ProviderTarget> find_target(const ToolTargets& tool) const;
  base::Result<void> begin();
  base::Result<services::upstream::Request> make_upstream(services::http::Request request) const;
  base::Result<services::http::Request> make_first();
  base::Result<void> put_body(services::http::Request& request);
  std::string page_url(std::string_view value) const;
  void send(services::http::Request request);
  void on_done(services::http::Outcome outcome);
  void on_reply(Reply reply);
  void on_page(const Reply& reply);
  /// The next page's URL; empty after the last.
  base::Result<std::string> next_page(const Reply& reply, std::size_t count);
  void on_state(Reply reply);
  void wait_and_ask(std::chrono::nanoseconds delay);
  void ask();
  std::chrono::nanoseconds time_left() const;
  bool is_replay() const;

  void succeed(const Reply& reply);
  void succeed_with(std::string output, bool is_truncated);
  void finish(base::Error error);
  void complete(registry::Outcome outcome);

  const base::json::Value* find_input(std::string_view name) const;

  const std::shared_ptr<DeclarativeTool> owner_;
  const std::shared_ptr<const registry::Tool> tool_;
  const Program& program_;
  const registry::Invocation& invocation_;
  registry::Completion& completion_;
  base::Loop& loop_;
  const std::uint64_t ticket_;

  base::json::Document input_;
  std::string provider_, base_url_;
  std::vector<services::http::Header> headers_;
  std::string first_url_;  // Without what pages add.

  Stage stage_ = Stage::kFirst;
  services::http::RequestId request_ = 0;
  boost::asio::steady_timer timer_;
  std::string items_, last_cursor_;
  std::uint32_t pages_ = 0, polls_ = 0, failed_polls_ = 0;
  std::string poll_url_;
  bool has_acted_ = false;  // Something that may have had effects has left.
  bool is_cancelled_ = false;
  bool is_complete_ = false;
};

}  // namespace toolrack::sources::declarative
