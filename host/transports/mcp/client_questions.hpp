/// The questions of one call of a legacy session: each a request of ours on the stream that answers the call.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/loop.hpp"
#include "call/call.hpp"
#include "transports/mcp/answer.hpp"
#include "transports/mcp/client_requests.hpp"
#include "transports/mcp/protocol.hpp"

namespace toolrack::mcp {

/// Owner: the call's sink, until it is done. Threads: the call's loop.
class ClientQuestions {
 public:
  /// `answer` takes the requests; both it and `requests` outlive this.
  ClientQuestions(ClientRequests& requests, base::Loop& loop, Answer& answer, Revision revision,
                  std::string_view session);
  /// What is open is taken back (notifications/cancelled), and nobody hears of it.
  ~ClientQuestions();
  ClientQuestions(const ClientQuestions&) = delete;
  ClientQuestions& operator=(const ClientQuestions&) = delete;

  /// As CallSink::ask.
  void ask(registry::Question question, call::CallSink::Answered answered);
  /// The client has left the stream: nobody will answer.
  void client_left();
  /// The call has ended well: whatever the person was sent to a page for is done, and a client that knows such news
  /// (2025-11-25) is told so. Before the answer.
  void call_succeeded();

 private:
  struct Open {
    std::string id;
    registry::Question question;
    call::CallSink::Answered answered;
  };
  void on_response(const std::string& id, const base::json::Value& response);
  void fail_later(call::CallSink::Answered answered, base::Error error);

  ClientRequests& requests_;
  base::Loop& loop_;
  Answer& answer_;
  const Revision revision_;
  const std::string session_;
  std::vector<std::unique_ptr<Open>> open_;
  std::vector<std::string> agreed_;  ///< Ids of the questions that were URLs which the person agreed to open.
};

}  // namespace toolrack::mcp
