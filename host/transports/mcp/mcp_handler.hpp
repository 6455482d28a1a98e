/// `/mcp`: one endpoint for every revision. The body of a request decides its era; each stands in a file of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "call/call_path.hpp"
#include "call/identify.hpp"
#include "operations/runner.hpp"
#include "registry/catalogue.hpp"
#include "registry/exposure.hpp"
#include "transports/mcp/answer.hpp"
#include "transports/mcp/message.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/mcp/session.hpp"
#include "transports/mcp/tool_calls.hpp"
#include "transports/mcp/tool_list.hpp"
#include "transports/net/http.hpp"

namespace toolrack::mcp {

class McpHandler final : public net::Handler {
 public:
  /// All outlive the handler. `identifiers` has one entry per loop.
  struct Dependencies {
    base::Loops& loops;
    const operations::Table& table;
    operations::Runner& runner;
    call::CallPath& calls;
    registry::PublishedCatalogue& catalogue;
    std::vector<std::unique_ptr<call::Identifier>>& identifiers;
    Sessions& sessions;
  };
  explicit McpHandler(Dependencies dependencies);

  void handle(const net::Request& request, net::Exchange& exchange) override;

  /// Any thread: loops that have no requests let go of an older catalogue, too.
  void look_again();

 private:
  /// One message on its way: who sent it, over what, and what its era has found out.
  struct Inbound {
    const net::Request& request;
    base::Loop& loop;
    const accounts::PrincipalRef& principal;
    Revision revision = Revision::k20260728;
    std::string_view session;  ///< Id of the legacy session, or empty.
  };
  enum class Era : std::uint8_t { kLegacy = 1, kModern = 2, kBoth = 3 };
  /// A request's method, the eras that have it, and who serves it.
  struct Method {
    std::string_view name;
    Era eras;
    void (McpHandler::*serve)(Inbound& inbound, const Message& message, Answer answer);
  };
  static const Method kMethods[];

  struct LoopState {
    explicit LoopState(const Dependencies& deps) : catalogue(deps.catalogue), lists(deps.table), calls(deps.calls) {}
    registry::PublishedCatalogue::Reader catalogue;
    ToolLists lists;
    ToolCalls calls;
    base::json::Scratch body;  ///< Of the message that is being served: what must live longer is copied.
    ResponseText response;     ///< Of the answer that is being given.
  };

  void post(const net::Request& request, net::Exchange& exchange, const accounts::PrincipalRef& principal);
  void end_session(const net::Request& request, net::Exchange& exchange, const accounts::Principal& principal);
  /// Sends a single message to its era.
  void classify(Inbound& inbound, const Message& message, Answer answer);
  void batch(Inbound& inbound, const Message& message, Answer answer);

  // methods.cpp
  /// Serves a request that its era has checked: looks its method up, and refuses one that the era does not have.
  void serve(Inbound& inbound, const Message& message, Answer answer);
  void ping(Inbound& inbound, const Message& message, Answer answer);
  void discover(Inbound& inbound, const Message& message, Answer answer);

  // modern.cpp
  void modern(Inbound& inbound, const Message& message, Answer answer);
  // legacy.cpp
  void legacy(Inbound& inbound, const Message& message, Answer answer);
  void initialize(Inbound& inbound, const Message& message, Answer answer);
  /// False after it answered: the session or the version is not one that is served.
  bool find_session(Inbound& inbound, const Message& message, Answer& answer);
  void cancel(const Inbound& inbound, const Message& notification);
  // tools.cpp: the same in every era.
  void list_tools(Inbound& inbound, const Message& message, Answer answer);
  void call_tool(Inbound& inbound, const Message& message, Answer answer);
  void call_operation(Inbound& inbound, const Message& message, const operations::Table::Entry& entry, Answer answer);
  void start_call(Inbound& inbound, const Message& message, call::CallRequest& request, Answer answer,
                  ToolCalls::Form form = {});
  // offers.cpp: resources, prompts and completions, the same in every era, too.
  void list_resources(Inbound& inbound, const Message& message, Answer answer);
  void list_templates(Inbound& inbound, const Message& message, Answer answer);
  void list_prompts(Inbound& inbound, const Message& message, Answer answer);
  void read_resource(Inbound& inbound, const Message& message, Answer answer);
  void get_prompt(Inbound& inbound, const Message& message, Answer answer);
  void complete(Inbound& inbound, const Message& message, Answer answer);
  template <class T>
  struct ListOf {
    std::string_view member;  ///< Of the result.
    registry::Exposure::Offer offer;
    base::Result<std::vector<const T*>> (registry::Exposure::*entries)(const registry::Catalogue&) const;
  };
  template <class T>
  void list(Inbound& inbound, const Message& message, Answer answer, ListOf<T> of);
  struct OfferCall {
    registry::Exposure::Offer kind;
    ToolCalls::WriteResult write;
  };
  void start_offer(Inbound& inbound, const Message& message, call::CallRequest& request, OfferCall offer,
                   Answer answer);

  LoopState& state(base::Loop& loop) { return *loops_[loop.index()]; }

  Dependencies deps_;
  std::vector<std::unique_ptr<LoopState>> loops_;
};

}  // namespace toolrack::mcp
