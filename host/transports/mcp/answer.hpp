/// Where the answer to one message goes: an HTTP exchange, or a place in a batch.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/mcp/observation.hpp"
#include "transports/mcp/replay.hpp"
#include "transports/net/event_stream.hpp"
#include "transports/net/http.hpp"

namespace toolrack::mcp {

class BatchAnswer;

/// Exactly one of `message` and `accept` is called, on the loop; `event` may come before it. A value that moves with
/// whoever owes the answer.
class Answer {
 public:
  /// Answers an HTTP request with one JSON body, or, once an event was due, with an event stream.
  explicit Answer(net::Exchange& exchange) : exchange_(&exchange) {}
  /// Answers one message of a batch.
  explicit Answer(std::shared_ptr<BatchAnswer> batch) : batch_(std::move(batch)) {}
  Answer(Answer&&) noexcept = default;
  Answer& operator=(Answer&&) noexcept = default;

  /// A whole JSON-RPC response; the bytes are borrowed until this returns. Afterwards the request is gone.
  void message(int status, std::string_view json, std::span<const net::HeaderField> headers = {});
  /// Nothing to say (202).
  void accept();
  /// A notification that belongs to the request and precedes its answer. A batch has no place for it.
  void event(std::string_view json);
  /// A request of ours that belongs to the request and precedes its answer. False: it cannot be sent, because the
  /// reader is gone or too slow, or this is a message of a batch.
  [[nodiscard]] bool request(std::string_view json);
  /// From now on the client can take up the stream of this answer again, if there is one. `session` is an id of the
  /// request that is answered. `comes_back`: one that is let go of asks for the rest. Without effect on a message of a
  /// batch, which is answered by one body and has no stream.
  void make_resumable(ReplayStreams& streams, std::string_view session, Revision revision, bool comes_back) noexcept {
    if (!batch_) resumable_ = {&streams, session, revision, comes_back};
  }
  bool can_let_go() const noexcept { return resumable_.comes_back; }
  /// Lets go of the client, which will ask for the rest. Without effect where it would not.
  void let_go();
  /// Not for a client that can take its stream up again.
  void on_disconnect(std::function<void()> gone);
  /// For who answers with a stream of its own: the exchange, which it owes the answer to from now on. Null: this is a
  /// message of a batch.
  net::Exchange* take_exchange() noexcept;

  /// From now on whoever gives the answer tells it to `observation`, too, which ends with it.
  void observe(Observation::Ref observation) noexcept { observation_ = std::move(observation); }
  /// Of an answer that is observed, as those to requests of clients are.
  Observation& observation() noexcept { return *observation_; }
  bool is_observed() const noexcept { return observation_ != nullptr; }
  /// A message of a batch: there is nothing but its answer, however long it takes.
  bool is_of_batch() const noexcept { return batch_ != nullptr; }

 private:
  struct Resumable {
    ReplayStreams* streams = nullptr;  ///< Null: it is not.
    std::string_view session;
    Revision revision = Revision::k20260728;
    bool comes_back = false;
  };
  ReplayStream& replay();
  void end_observation(std::string_view message);

  net::Exchange* exchange_ = nullptr;       ///< Null for a message of a batch.
  std::shared_ptr<BatchAnswer> batch_;      ///< Null for a request of its own.
  std::optional<net::EventStream> stream_;  ///< Once an event was due.
  Resumable resumable_;
  std::shared_ptr<ReplayStream> replay_;  ///< In place of `stream_`, when the client can resume.
  Observation::Ref observation_;          ///< Null: nobody looks, or it has ended.
};

/// Collects the answers of a batch's messages and sends them as one array when the last one is there; 202 when there
/// was none. What became of single messages stands in the array, and the status is 200; but where one of them lacks
/// credentials it is 401 with that one's challenge, so that the client gets some and sends all of it again: what was
/// done without any has changed nothing.
class BatchAnswer {
 public:
  BatchAnswer(Answer whole, std::size_t size) : whole_(std::move(whole)), missing_(size) {}
  /// Of one message, empty when there is nothing to say; call it `size` times.
  void add(int status, std::string_view json, std::span<const net::HeaderField> headers);

 private:
  Answer whole_;
  int status_ = 200;
  std::vector<std::pair<std::string, std::string>> headers_;
  std::string messages_;
  std::size_t missing_;
};

}  // namespace toolrack::mcp
