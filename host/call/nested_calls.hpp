/// The calls that the skill of a call makes: which it may make, what they may cost, what they came to. Internal to
/// call/; docs/composition.md says what holds.
///
/// Owner: the call whose skill calls, which makes this with the first of them and does not end before they have.
/// Threads: the loop's only; a call and all that are below it run on one loop.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/money.hpp"
#include "call/call.hpp"
#include "registry/caller.hpp"
#include "registry/catalogue.hpp"

namespace toolrack::call {

class Execution;
class NestedCalls;

/// Where a call stands that a skill makes.
struct Nesting {
  NestedCalls& above;                    ///< Of the call that makes it.
  std::optional<base::Money> max_price;  ///< For the call and all below it, as whoever made it wished.
};

/// How many calls may stand above one another, the caller's own not counted.
inline constexpr std::uint32_t kMostDepth = 5;

class NestedCalls {
 public:
  /// `owner` runs, on its loop.
  explicit NestedCalls(Execution& owner);
  ~NestedCalls();
  NestedCalls(const NestedCalls&) = delete;
  NestedCalls& operator=(const NestedCalls&) = delete;

  // As in registry::Caller.
  std::uint64_t start(const registry::NestedRequest& request, registry::NestedSink& sink);
  void cancel(std::uint64_t ticket);
  base::Result<std::string> list(std::string_view pattern, std::string_view cursor);

  /// What a call's earlier runs have called counts as called by this one.
  struct Earlier {
    NestedUse use;
    base::Money committed;
    std::uint64_t started = 0;
  };
  void go_on_from(Earlier earlier);
  Earlier so_far() const;

  void cancel_all();
  bool has_running() const noexcept { return !running_.empty(); }
  /// Of those that have ended.
  const NestedUse& use() const noexcept { return use_; }

  // For calls below this one.

  /// Request id of the call that somebody outside has made.
  std::string_view root_id() const noexcept;
  std::uint32_t depth() const noexcept { return depth_; }
  /// Does a call above hold a place of a tool that lets in so many at once?
  bool holds_place() const noexcept;

 private:
  class One;
  /// What is left of the tightest bound on the price.
  struct Left {
    base::Money amount, bound;
    const registry::Skill* skill;  ///< Whose call the bound is of.
  };

  base::Result<void> check_caller() const;
  /// What a name without a version means here: the version of that tool that stands above in the chain, else what the
  /// first caller is shown.
  const registry::Tool& same_version(const registry::Catalogue& catalogue, const registry::Tool& usual) const noexcept;
  base::Result<const registry::Skill*> find(const registry::Catalogue& catalogue, std::string_view name) const;
  base::Result<void> check_chain(const registry::Skill& skill) const;
  base::Result<std::int64_t> timeout_ms(std::int64_t wished) const;
  base::Result<std::uint64_t> try_start(const registry::NestedRequest& request, registry::NestedSink& sink);
  std::optional<Left> left() const noexcept;
  /// To what this call and those above may have cost in the end; negative to take back.
  void commit(base::Money amount) noexcept;
  void ended(One& one, CallOutcome& outcome);

  Execution& owner_;
  NestedCalls* const up_;      ///< Of the call that made the owner; null: the owner is a root.
  const std::uint32_t depth_;  ///< Of the calls that are made here: 1 below a root.
  const std::optional<base::Money> max_price_;
  base::Money committed_;  ///< The owner's worst price, what ended calls below cost and running ones may cost.
  std::uint64_t started_ = 0;
  std::vector<std::unique_ptr<One>> running_;
  NestedUse use_;
};

}  // namespace toolrack::call
