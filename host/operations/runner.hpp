/// Runs an operation for a transport: scope, input, then the operation where its kind says.
#pragma once

#include <functional>
#include <string_view>

#include "base/loop.hpp"
#include "base/pool.hpp"
#include "operations/services.hpp"
#include "operations/table.hpp"

namespace toolrack::operations {

/// Threads: `run` on any loop.
class Runner {
 public:
  using Done = std::function<void(base::Result<Answer>)>;

  /// All outlive the runner. `transfers` runs Kind::kTransfers; null: `pool` does.
  Runner(Services& services, base::Pool& pool, base::Pool* transfers = nullptr)
      : services_(services), pool_(pool), transfers_(transfers == nullptr ? pool : *transfers) {}

  /// May this principal use the operation, and is the input what it takes? The operation's own errors come later.
  static base::Result<void> check(const Table::Entry& entry, const accounts::Principal& principal,
                                  const base::json::Value& input);

  /// `entry` is not of Kind::kCall. `done` runs once on `loop`; before `run` returns for Kind::kDirect and for
  /// refusals, later else. The input is taken because an operation that waits outlives the request's bytes.
  void run(base::Loop& loop, const Table::Entry& entry, const accounts::PrincipalRef& principal,
           base::json::Document input, std::string_view request_id, Done done);

 private:
  Services& services_;
  base::Pool& pool_;
  base::Pool& transfers_;
};

}  // namespace toolrack::operations
