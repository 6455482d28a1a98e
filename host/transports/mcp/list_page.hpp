/// One page of resources/list, resources/templates/list or prompts/list on its way: what manifests say first, then what
/// plugins list themselves, one after the other.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/principal.hpp"
#include "base/json.hpp"
#include "call/call_path.hpp"
#include "registry/catalogue.hpp"
#include "registry/exposure.hpp"
#include "registry/published_catalogue.hpp"
#include "transports/mcp/answer.hpp"
#include "transports/mcp/cursors.hpp"
#include "transports/mcp/protocol.hpp"
#include "transports/mcp/rpc.hpp"
#include "transports/net/http.hpp"

namespace toolrack::mcp {

/// Owner: whoever fills it, then itself while plugins are asked. Used on one loop.
class ListPage final : private call::CallSink {
 public:
  /// References outlive the page.
  struct Setting {
    call::CallPath& calls;
    registry::PublishedCatalogue::Reader& catalogue;
    base::Loop& loop;
    const base::Seal::Key& key;
    std::string list;    ///< As cursors know it.
    std::string member;  ///< Of the result.
    registry::Exposure::Offer offer;
    Revision revision;
  };
  ListPage(Setting setting, accounts::PrincipalRef principal, std::string_view id, const net::Request& request,
           Answer&& answer);

  bool is_full() const noexcept { return count_ >= kSize; }
  void add(const registry::Resource& resource);
  void add(const registry::Prompt& prompt);
  /// Answers; `next` is where the list goes on, or nothing.
  void finish(const std::optional<ListPlace>& next);
  /// Asks the plugins of `listers`, from `place` on, until the page is full or they have no more; then answers. A
  /// plugin that fails is passed over: the others' entries are worth more than its error.
  static void go_on(std::unique_ptr<ListPage> page, const std::vector<const registry::Tool*>& listers, ListPlace place);

 private:
  static constexpr std::size_t kSize = 250;
  /// What one request may ask of plugins; those that give pages without entries have an end.
  static constexpr int kMaxCalls = 20;

  void done(call::CallOutcome& outcome) noexcept override;
  void ask_lister();
  bool has_next() const noexcept { return next_ < listers_.size(); }
  void take(const call::CallOutcome& outcome);
  void add_listed(const registry::Tool& tool, const base::json::Value& entry);

  Setting setting_;
  accounts::PrincipalRef principal_;
  const std::string id_, request_id_, transport_, client_;
  Answer answer_;
  ResponseText response_;
  base::json::Writer& writer_;
  std::size_t count_ = 0;

  std::vector<std::string> listers_;  ///< "owner/slug@version".
  std::size_t next_ = 0;              ///< Which one is asked.
  std::string cursor_;                ///< Its own.
  int calls_left_ = kMaxCalls;
  bool was_plugin_asked_ = false;  ///< In this caller's name.
  bool in_start_ = false, is_done_ = false;
  std::uint64_t ticket_ = 0;
};

}  // namespace toolrack::mcp
