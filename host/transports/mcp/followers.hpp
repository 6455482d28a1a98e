/// Who follows which resource, and what its tool has been told of that.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "accounts/principal.hpp"
#include "base/mutex.hpp"

namespace toolrack::registry {
class Handler;
}

namespace toolrack::mcp {

/// A tool hears of the first who follows a resource of its and of the last, however often it is loaded anew between the
/// two. It hears of both in a follower's name, so those do not count who may call nothing: they are told what others
/// have the tool look for. What was refused is tried in another follower's name, and again when `try_again` says so.
///
/// Decides and tells nobody itself. Of one process. Threads: any.
class ResourceFollowers {
 public:
  /// The code that has a resource, and the tool it belongs to: "owner/slug@version". No code: nobody has it.
  struct Source {
    std::shared_ptr<const registry::Handler> code = nullptr;
    std::string tool = {};
  };
  /// Whose the resource is, as keys with that tool set see it. Called under a lock.
  using Find = std::function<Source(std::string_view uri, const registry::ToolSet* tools)>;
  /// What a tool is to be told now. Whoever gets one calls `told` with it when that has come to something.
  struct Telling {
    std::string uri;
    bool follows = true;
    accounts::PrincipalRef principal;
    std::weak_ptr<const registry::Handler> code;
    std::string tool;
  };

  explicit ResourceFollowers(Find find) : find_(std::move(find)) {}

  /// `who`: a session, or an open stream. Once more: it comes with another principal.
  std::optional<Telling> add(std::string_view uri, std::string_view who, const accounts::PrincipalRef& principal);
  std::optional<Telling> remove(std::string_view uri, std::string_view who);
  /// `has_heard`: the tool, and it need not be told again.
  std::optional<Telling> told(const Telling& telling, bool has_heard);

  /// Another catalogue is in place, or time has passed.
  std::vector<Telling> try_again();
  /// The code of that tool, "owner/slug@version", has begun anew and remembers nothing.
  std::vector<Telling> forgotten(std::string_view tool);
  /// That key has another tool set, or has been revoked.
  std::vector<Telling> key_changed(const accounts::PrincipalRef& principal);

 private:
  struct Told {
    std::weak_ptr<const registry::Handler> code;
    std::string tool;
    accounts::PrincipalRef principal;
  };
  struct Entry {
    std::map<std::string, accounts::PrincipalRef, std::less<>> followers;
    std::optional<Told> told;   ///< That it is followed.
    bool is_telling = false;    ///< One thing at a time, so that the last word is the last.
    std::string asked;          ///< Who it was told for last.
    std::size_t tries = 0;      ///< Since `try_again`, or since somebody came.
    std::size_t farewells = 0;  ///< How often it could not be told that nobody is left.
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  /// What is to be told of it now; forgets it when that is nothing, and nobody follows it.
  std::optional<Telling> next(Entries::iterator entry) TR_REQUIRES(mutex_);
  std::optional<Telling> follow(Entries::iterator entry) TR_REQUIRES(mutex_);
  template <typename Change>
  std::vector<Telling> for_each(Change change);

  const Find find_;
  base::Mutex mutex_;
  Entries entries_ TR_GUARDED_BY(mutex_);
};

}  // namespace toolrack::mcp
