/// Turns what a plugin passes to complete() and emit() into the host's own words, and trusts none of it.
#pragma once

#include <toolrack/abi.h>

#include <string>
#include <vector>

#include "base/lent_bytes.hpp"
#include "registry/outcome.hpp"

namespace toolrack::sources::native {

/// A bad number or a status that says nothing becomes kInternal.
base::ErrorCode to_error_code(tr_status status, std::uint32_t flags) noexcept;

struct ReadOutcome {
  std::string_view borrowed_output;  ///< Valid until complete() returns: the caller copies it.
  std::string misuse;  ///< Not empty: the plugin broke the contract; the outcome says kInternal or kInvalidOutput.
};

/// Into `outcome`, which says nothing yet: all but lease, meters and cost; `output_json` only when it is lent. Copies
/// everything but the output. Buffers that the plugin handed over go into `lent`, whatever the result, to be
/// given back when no frame of the plugin is on the stack. `is_overdue`: the deadline has passed, a cancelled call has
/// timed out. `has_schema`: the call path parses the output of a success anyway, to hold it against the skill's output
/// schema; whether it is JSON is left to that.
ReadOutcome read_outcome(const tr_outcome& in, registry::Outcome& outcome, bool is_overdue,
                         std::vector<base::LentBytes>& lent, bool has_schema = false);

/// One content block; its bytes are copied and the buffer goes into `lent`. False when it breaks the contract; `misuse`
/// says how.
bool read_part(const tr_part& in, registry::Part& out, std::vector<base::LentBytes>& lent, std::string& misuse);

}  // namespace toolrack::sources::native
