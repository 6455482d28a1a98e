/// `/mcp`: one endpoint for every revision. The body of a request decides its era; each stands in a file of its own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/pool.hpp"
#include "call/call_path.hpp"
#include "call/identify.hpp"
#include "call/jobs/jobs.hpp"
#include "operations/runner.hpp"
#include "registry/catalogue.hpp"
#include "registry/exposure.hpp"
#include "registry/published_catalogue.hpp"
#include "transports/mcp/announcer.hpp"
#include "transports/mcp/answer.hpp"
#include "transports/mcp/client_requests.hpp"
#include "transports/mcp/followers.hpp"
#include "transports/mcp/keyed_outlets.hpp"
#include "transports/mcp/message.hpp"
#include "transports/mcp/modern_check.hpp"
#include "transports/mcp/observation.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/session.hpp"
#include "transports/mcp/session_metrics.hpp"
#include "transports/mcp/settings.hpp"
#include "transports/mcp/streams.hpp"
#include "transports/mcp/task_followers.hpp"
#include "transports/mcp/tool_calls.hpp"
#include "transports/mcp/tool_list.hpp"
#include "transports/net/http.hpp"

namespace toolrack::mcp {

/// Does an Accept header allow a stream?
bool accepts_events(std::string_view accept);
/// Whose a session of that caller is: nobody's without a key.
std::string_view bound_account(const accounts::Principal& principal);

class McpHandler final : public net::Handler {
 public:
  /// Where tasks are. Without jobs there are none.
  struct Tasks {
    call::jobs::Jobs* jobs = nullptr;
    base::Pool* pool = nullptr;  ///< May wait for the store.
  };
  /// All outlive the handler. `identifiers` has one entry per loop.
  struct Dependencies {
    base::Loops& loops;
    const operations::Table& table;
    operations::Runner& runner;
    call::CallPath& calls;
    registry::PublishedCatalogue& catalogue;
    std::vector<std::unique_ptr<call::Identifier>>& identifiers;
    Sessions& sessions;
    SessionStates& states;
    base::Metrics& metrics;
    services::telemetry::Tracer* tracer = nullptr;  ///< Null: no spans are recorded.
    Settings settings{};
    Tasks tasks{};
    const base::Clock& progress_clock = base::system_clock();  ///< As ToolCalls has it.
  };
  explicit McpHandler(Dependencies dependencies);

  void handle(const net::Request& request, net::Exchange& exchange) override;
  /// As `handle`, where all answers go to one stream that the client cannot take up again (HttpSse).
  void handle_on_channel(const net::Request& request, net::Exchange& exchange);

  /// Any thread: a new catalogue was published. Loops that have no requests let go of the older one, too, and clients
  /// that listen are told when what they see is not the same.
  void look_again();
  /// Any thread: the key of that principal has another tool set than before, or may not call any more. Its clients that
  /// listen are told when what they see is not the same, and their streams end with the key.
  void key_changed(const accounts::PrincipalRef& principal);
  /// Tells clients that listen what tools have said; for Announcer::set_listener.
  void pass_on(std::shared_ptr<const News> news);
  /// Tells clients that follow the task; for Jobs::set_listener. Any thread.
  void task_changed(std::string_view account, std::string_view id);
  /// Any thread, before the server stops: no client is let go of any more. Returns how long the server has to go on for
  /// the last one that was, which is on its way back for an answer that nobody else has.
  std::chrono::nanoseconds hold_clients();
  /// Any thread, before the server stops: streams would go on for ever. Those that are opened later end at once.
  void end_streams();
  /// Any thread, now and then: sessions that have expired are counted and forgotten, and tools that could not be told
  /// who follows their resources are told again.
  void sweep();
  /// When the server has stopped: sessions are counted that are open still. They may go on at the process after this.
  void count_open_sessions() { session_metrics_.stop(deps_.sessions.now_unix_s()); }

 private:
  /// One message on its way: who sent it, over what, and what its era has found out.
  struct Inbound {
    const net::Request& request;
    base::Loop& loop;
    const accounts::PrincipalRef& principal;
    bool can_resume = false;  ///< The client can come back for the rest of a stream that it has lost.
    Revision revision = Revision::k20260728;
    std::string_view session;               ///< Id of the legacy session, or empty.
    Revision agreed = Revision::k20241105;  ///< By the session.
    ModernMeta modern{};                    ///< Of a modern request.
    std::uint32_t can_ask = 0;      ///< What the client of the legacy session can be asked (registry/questions.hpp).
    bool is_session_found = false;  ///< For all messages of a batch at once.
  };
  enum class Era : std::uint8_t { kLegacy = 1, kModern = 2, kBoth = 3 };
  /// A request's method, the eras that have it, and who serves it.
  struct Method {
    std::string_view name;
    Era eras;
    void (McpHandler::*serve)(Inbound& inbound, const Message& message, Answer&& answer);
  };
  static const Method kMethods[];

  struct LoopState {
    LoopState(const Dependencies& deps, base::Loop& loop, ClientRequests& requests, const std::string& run);
    /// Differs when a list shows something else at that exposure, to keys with that tool set.
    std::uint64_t digest(ListKind kind, const registry::Exposure& exposure, const registry::ToolSet* tools);
    registry::PublishedCatalogue::Reader catalogue;
    Observations::Owner observations;
    ToolLists lists;
    ToolCalls calls;
    Streams streams;
    ReplayStreams replays;
    KeyedOutlets resumed;
    base::json::Scratch body;  ///< Of the message that is being served: what must live longer is copied.
    ResponseText response;     ///< Of the answer that is being given.
  };

  /// Who sends that, on its loop.
  base::Result<std::reference_wrapper<const accounts::PrincipalRef>> identify(const net::Request& request,
                                                                              base::Loop& loop);
  static void refuse_key(net::Exchange& exchange, const base::Error& error);
  void take(const net::Request& request, net::Exchange& exchange, bool can_resume);
  void post(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal,
            bool can_resume);
  void end_session(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal);
  // session_stream.cpp
  void open_session_stream(const net::Request& request, net::Exchange& exchange,
                           const accounts::PrincipalRef& principal);
  void open_news(net::Exchange& exchange, Streams::Opening opening);
  /// Of a session that was ended; on whatever loop it is.
  void end_session_stream(std::string_view session);
  /// Where the client lost a stream it goes on there; when there is none to go on with, the session's is opened.
  void resume(net::Exchange& exchange, const EventId& id, Streams::Opening opening);
  /// Sends a single message to its era.
  void classify(Inbound& inbound, const Message& message, Answer&& answer);
  void batch(Inbound& inbound, const Message& message, Answer&& answer);

  // methods.cpp
  /// The name as our tables have it, of a request or notification; "other" when nothing of that name is served.
  static std::string_view known_method(std::string_view name) noexcept;
  /// Serves a request that its era has checked: looks its method up, and refuses one that the era does not have.
  void serve(Inbound& inbound, const Message& message, Answer&& answer);
  void ping(Inbound& inbound, const Message& message, Answer&& answer);
  void discover(Inbound& inbound, const Message& message, Answer&& answer);

  // modern.cpp
  void modern(Inbound& inbound, const Message& message, Answer&& answer);
  // tasks.cpp
  void get_task(Inbound& inbound, const Message& message, Answer&& answer);
  void update_task(Inbound& inbound, const Message& message, Answer&& answer);
  void cancel_task(Inbound& inbound, const Message& message, Answer&& answer);
  /// False after it answered: the client does not know tasks, or may not call.
  bool may_use_tasks(const Inbound& inbound, const Message& message, Answer& answer);
  /// Answers with the result that `work` gives, on the pool.
  using TaskWork = std::function<base::Result<std::string>(call::jobs::Jobs& jobs, const std::string& account,
                                                           const std::string& task)>;
  void serve_task(Inbound& inbound, const Message& message, Answer&& answer, TaskWork work);
  /// Looks at the task and passes on what there is. Waits for the store.
  void tell_task(const std::string& account, const std::string& id);
  // listen.cpp
  struct Listening;
  void listen(Inbound& inbound, const Message& message, Answer&& answer);
  void open_listening(Listening listening);
  // subscriptions.cpp
  void subscribe(Inbound& inbound, const Message& message, Answer&& answer);
  void unsubscribe(Inbound& inbound, const Message& message, Answer&& answer);
  void change_subscription(Inbound& inbound, const Message& message, Answer&& answer, bool follows);
  /// The first who follows a resource is told to its tool, and the last who does no more. `who`: a session or a stream.
  void follow(base::Loop& loop, const accounts::PrincipalRef& principal, const std::string& uri, std::string_view who);
  void unfollow(base::Loop& loop, const std::string& uri, std::string_view who);
  /// The session's client is here: what it has followed before this process, or without a key, its tools hear of now.
  void follow_again(base::Loop& loop, const accounts::PrincipalRef& principal, const std::string& session);
  /// Any thread: sessions that were ended, have expired or were pushed out follow nothing any more.
  std::vector<ResourceFollowers::Telling> unfollow_left();
  class TellTool;
  ResourceFollowers::Source source_of(std::string_view uri, const registry::ToolSet* tools) const;
  void tell(base::Loop& loop, std::optional<ResourceFollowers::Telling> telling);
  void tell_all(base::Loop& loop, std::vector<ResourceFollowers::Telling> tellings);
  /// Any thread: on some loop, later.
  void tell_later(std::vector<ResourceFollowers::Telling> tellings);
  // legacy.cpp
  void legacy(Inbound& inbound, const Message& message, Answer&& answer);
  void initialize(Inbound& inbound, const Message& message, Answer&& answer);
  /// False after it answered: the session or the version is not one that is served. `message` may be a batch.
  bool find_session(Inbound& inbound, const Message& message, Answer& answer);
  void cancel(const Inbound& inbound, const Message& notification);
  // tools.cpp: the same in every era.
  void list_tools(Inbound& inbound, const Message& message, Answer&& answer);
  void call_tool(Inbound& inbound, const Message& message, Answer&& answer);
  void call_operation(Inbound& inbound, const Message& message, const operations::Table::Entry& entry, Answer&& answer);
  static void refuse_anonymous(const Message& message, Answer& answer);
  void start_call(Inbound& inbound, const Message& message, call::CallRequest& request, Answer&& answer,
                  ToolCalls::Form form = {});
  // logging.cpp
  void set_log_level(Inbound& inbound, const Message& message, Answer&& answer);
  /// Which of a call's lines its client wants.
  std::uint8_t log_level(const Inbound& inbound) const;
  // offers.cpp: resources, prompts and completions, the same in every era, too.
  void list_resources(Inbound& inbound, const Message& message, Answer&& answer);
  void list_templates(Inbound& inbound, const Message& message, Answer&& answer);
  void list_prompts(Inbound& inbound, const Message& message, Answer&& answer);
  void read_resource(Inbound& inbound, const Message& message, Answer&& answer);
  void get_prompt(Inbound& inbound, const Message& message, Answer&& answer);
  void complete(Inbound& inbound, const Message& message, Answer&& answer);
  template <class T>
  struct ListOf {
    std::string_view member;  ///< Of the result.
    registry::Exposure::Offer offer;
    base::Result<std::vector<const T*>> (registry::Exposure::*entries)(const registry::Catalogue&) const;
  };
  template <class T>
  void list(Inbound& inbound, const Message& message, Answer&& answer, ListOf<T> of);
  struct OfferCall {
    registry::Exposure::Offer kind;
    ToolCalls::WriteResult write;
  };
  void start_offer(Inbound& inbound, const Message& message, call::CallRequest& request, OfferCall offer,
                   Answer&& answer);

  LoopState& state(base::Loop& loop) { return *loops_[loop.index()]; }
  /// As the caller sees it. The reference holds until the next catalogue is asked for on this loop.
  const registry::PublishedCatalogue::Ref& catalogue_of(const Inbound& inbound) {
    return state(inbound.loop).catalogue.get(inbound.principal->tools.get());
  }

  Dependencies deps_;
  const call::ContentLimits content_limits_;
  const std::string run_;  ///< Of this process, in the ids of events.
  ClientRequests client_requests_;
  ResourceFollowers followers_{
      [this](std::string_view uri, const registry::ToolSet* tools) { return source_of(uri, tools); }};
  SessionMetrics session_metrics_;
  TaskFollowers task_followers_;
  std::atomic<bool> is_ending_{false};  ///< Tools, which end as well, are told nothing any more.
  std::vector<std::unique_ptr<LoopState>> loops_;
};

}  // namespace toolrack::mcp
