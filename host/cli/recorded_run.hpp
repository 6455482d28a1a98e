/// `toolrack call --record FILE` and `--replay FILE`: one call in a gateway of the command's own.
#pragma once

#include <optional>
#include <string>

#include "base/result.hpp"
#include "cli/api.hpp"
#include "cli/call_verb.hpp"
#include "cli/program.hpp"

namespace toolrack::cli {

/// Used by one thread. All it is given outlives it.
class RecordedRun {
 public:
  RecordedRun(Backstage& backstage, const Target& target, const CallOptions& options)
      : backstage_(backstage), target_(target), options_(options) {}

  /// The call's reply, whatever became of the recording; an error when there was no call.
  base::Result<ApiReply> go();
  /// After `go`: why the recording is not what was asked for. The file could not be written, or the replay diverged:
  /// a request that is not in the record, one that nobody made, another outcome. Empty: all is well.
  const std::optional<base::Error>& finding() const noexcept { return finding_; }

 private:
  base::Result<ApiReply> record();
  base::Result<ApiReply> replay();

  Backstage& backstage_;
  const Target& target_;
  const CallOptions& options_;
  std::optional<base::Error> finding_;
};

}  // namespace toolrack::cli
