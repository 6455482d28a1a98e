/// One request that is answered from a record: no socket, no credential, no place in a line.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "services/upstream/http_record.hpp"

namespace toolrack::services::upstream {

/// Of the loop's thread; kept by what it waits for and by its client's table.
class ReplayedExchange final : public std::enable_shared_from_this<ReplayedExchange> {
 public:
  /// `sink` as in Client::send.
  ReplayedExchange(base::Loop& loop, recorder::Recording& recording, http::Sink* sink,
                   std::function<void(http::Outcome)> done)
      : loop_(loop), recording_(recording.share()), sink_(sink), done_(std::move(done)) {}

  /// `done` follows later: with what the record has, or with kInvalidRequest ("replay_diverged") when it has no such
  /// request. A request that was taken back when it was recorded waits to be taken back again.
  void start(const Request& request);
  void cancel();
  void close();  ///< The client goes: ends now.
  void resume();

 private:
  void deliver();
  void pump();
  void end(http::Outcome outcome);

  base::Loop& loop_;
  const std::shared_ptr<recorder::Recording> recording_;
  http::Sink* const sink_;
  std::function<void(http::Outcome)> done_;
  RecordedReply reply_;
  bool waits_for_cancel_ = false;
  bool is_cancelled_ = false;
  bool is_head_given_ = false;
  bool is_paused_ = false;
  bool is_ended_ = false;
  std::string_view rest_;  // Of the body, for the sink.
};

}  // namespace toolrack::services::upstream
