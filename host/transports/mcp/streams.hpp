/// The streams on which clients wait for news: `subscriptions/listen` of the modern era, and what GET opens in a legacy
/// session.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/principal.hpp"
#include "base/loop.hpp"
#include "registry/announcements.hpp"
#include "registry/exposure.hpp"
#include "registry/tool_set.hpp"
#include "transports/net/event_stream.hpp"

namespace toolrack::mcp {

/// The lists whose changes are told. Resource templates belong to kResources.
enum class ListKind : std::uint8_t { kTools, kPrompts, kResources };
inline constexpr std::size_t kListKinds = 3;

/// What a stream is told of.
struct Interest {
  std::array<bool, kListKinds> lists{};
  std::vector<std::string> uris;   ///< Of resources.
  std::vector<std::string> tasks;  ///< By id.

  bool wants(ListKind kind) const noexcept { return lists[static_cast<std::size_t>(kind)]; }
  bool& of(ListKind kind) noexcept { return lists[static_cast<std::size_t>(kind)]; }
};

using Followers = std::set<std::string, std::less<>>;

/// The list that a tool's own one is part of.
ListKind list_kind(registry::DynamicList list) noexcept;

/// The open streams of one loop; used by that loop only. Clients that read slowly lose nothing: what they were not told
/// yet is remembered, each change once. Thousands of streams are served a few at a time, so that calls come between.
class Streams {
 public:
  /// A number that differs when the list shows something else at that exposure, to keys with that tool set.
  using Digest = std::function<std::uint64_t(ListKind, const registry::Exposure&, const registry::ToolSet*)>;
  /// Does the exposure show keys with that tool set the tool? "owner/slug@version".
  using Shows = std::function<bool(std::string_view tool, const registry::Exposure&, const registry::ToolSet*)>;
  /// Do keys with that tool set see the resource?
  using Sees = std::function<bool(std::string_view uri, const registry::ToolSet*)>;

  Streams(base::Loop& loop, Digest digest, Shows shows, Sees sees);
  ~Streams();
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  struct Opening {
    std::string subscription;  ///< Raw JSON of the listen request's id; empty: the stream of a legacy session.
    std::string session;       ///< Sessions::key_of that session, or empty.
    registry::Exposure exposure;
    Interest interest;
    accounts::PrincipalRef principal;  ///< Whose account's news it gets beside everybody's, and whose lists.
    std::function<void()> closed;      ///< Called once when the stream has ended; may be empty.
    std::string_view first_json{};     ///< A message that comes before all others, or empty.
  };
  /// Answers the exchange with a stream that goes on until the client leaves, its key is revoked, or `end_all`.
  void open(net::Exchange& exchange, Opening opening);

  /// Another catalogue is in place: tells those whose lists show something else now.
  void catalogue_changed();
  /// That key has another tool set: tells those of its streams whose lists show something else now. Or it may not call
  /// any more: ends them.
  void key_changed(const accounts::PrincipalRef& principal);
  /// That legacy session is over: ends its stream, if this loop has it.
  void end_session(std::string_view session);
  /// That tool says that its list has changed: tells those who are shown it. `account` empty: for everybody.
  void list_changed(ListKind kind, std::string_view tool, std::string_view account);
  /// `sessions`: legacy sessions that follow it.
  void resource_updated(std::string_view uri, std::string_view account, const Followers& sessions);
  /// `params` are those of notifications/tasks, without braces; they take the place of older ones that a slow client
  /// was not told yet.
  void task_changed(std::string_view account, std::string_view id, const std::shared_ptr<const std::string>& params);

  /// Ends every stream, as the gateway does before it stops; those that are opened later end at once.
  void end_all();

  std::size_t size() const noexcept { return streams_.size(); }

 private:
  class Stream;
  /// Of all streams with one exposure and tool set: what its lists showed last.
  struct View {
    registry::Exposure exposure;
    registry::ToolSetRef tools;
    std::array<std::uint64_t, kListKinds> digests{};
    std::size_t streams = 0;
    bool is_concerned = false;      ///< By what `list_changed` is telling.
    std::optional<bool> sees = {};  ///< What `resource_updated` is telling of; empty: that was not asked yet.
  };

  View& view_of(const registry::Exposure& exposure, const registry::ToolSetRef& tools);
  void make_due(std::uint64_t number, Stream& stream);
  void serve_due();
  std::unique_ptr<Stream> take(std::uint64_t number);
  void end_key(std::string_view key);

  base::Loop& loop_;
  const Digest digest_;
  const Shows shows_;
  const Sees sees_;
  bool is_serving_ = false;  ///< A turn of `serve_due` is posted.
  bool is_ending_ = false;
  std::uint64_t last_number_ = 0;
  std::map<std::string, View, std::less<>> views_;  ///< By the set's digest and Exposure::cache_key.
  std::map<std::uint64_t, std::unique_ptr<Stream>> streams_;
  std::map<std::string, std::uint64_t, std::less<>> of_sessions_;  ///< Each has one at most.
  std::deque<std::uint64_t> due_;                                  ///< Streams that have something to write.
};

}  // namespace toolrack::mcp
