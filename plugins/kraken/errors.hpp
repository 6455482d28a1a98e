/// What Kraken's words ("EOrder:Insufficient funds") mean for a caller.
#pragma once

#include <toolrack/abi.h>

#include <chrono>
#include <string_view>

namespace toolrack::kraken {

struct Meaning {
  tr_status status;
  const char* code;
  const char* hint;
  /// Until it may be tried again; 0: not said. Kraken sends no Retry-After: these are its documented times.
  std::chrono::seconds wait{0};
  /// Kraken itself failed while it worked on the request: an order may have been placed all the same.
  bool is_unsure = false;

  /// A failure of Kraken's, not of what was asked.
  bool is_krakens() const noexcept { return status == TR_UNAVAILABLE || status == TR_DEADLINE_EXCEEDED; }
};

/// Of one entry of the list `error`. Entries that nobody knows get the meaning of their category. `now`: since 1970,
/// for words that name a moment.
Meaning meaning_of(std::string_view said, std::chrono::nanoseconds now);

}  // namespace toolrack::kraken
