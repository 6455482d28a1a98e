/// Turns and numbers for credentials whose requests are signed with an ever rising number.
///
/// One request of a credential is on its way at a time, because the far end refuses a number below one that it has
/// seen. Numbers are milliseconds since 1970, or one more than the last, whichever is greater. The platform's
/// credentials reserve numbers in the store before they use them, so numbers rise across restarts and when the clock is
/// set back; callers' own keys are stored nowhere, so theirs rise while this process lives.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/result.hpp"
#include "store/store.hpp"

namespace toolrack::services::credentials {

/// Any thread. The store, the clock and the loops outlive it and its last `ready`.
class Nonces {
 public:
  using Turn = std::uint64_t;  ///< Never 0.
  /// The number to sign with; an error when none could be reserved, and then the turn is over.
  using Ready = std::function<void(base::Result<std::uint64_t>)>;

  Nonces(store::Store& store, const base::Clock& clock);
  ~Nonces();
  Nonces(const Nonces&) = delete;
  Nonces& operator=(const Nonces&) = delete;

  /// Waits for the turn of `identity`, and calls `ready` on `loop`, never from here. `durable`: reserve in the store.
  /// `leave` ends the turn, whether `ready` has come or not; then it does not come any more, unless it is posted
  /// already.
  Turn enter(const std::string& identity, bool durable, base::Loop& loop, Ready ready);
  void leave(Turn turn);

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;  ///< Commits under way hold on to it.
};

}  // namespace toolrack::services::credentials
