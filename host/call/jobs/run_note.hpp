/// What is kept of a job that may go on after a restart, beside the job itself, until it has ended.
///
/// Collections: `job_runs` (a note, by job) and `job_blobs` (what the next run needs, in pieces that a document can
/// hold). Whoever writes them has the job's own version in the same commit, so nothing comes after its end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/result.hpp"
#include "call/jobs/job.hpp"
#include "registry/checkpoints.hpp"
#include "store/store.hpp"

namespace toolrack::call::jobs {

/// The partials of a job that are kept; the skill is told that nobody listens beyond them.
inline constexpr std::size_t kMaxPartialBytes = 1 << 20;
/// The answers to a job's questions that are kept for its next run, with the questions.
inline constexpr std::size_t kMaxAnswerBytes = 1 << 20;
/// A job whose runs are cut off so often may be the reason for that.
inline constexpr std::uint32_t kMostInterruptions = 10;

struct RunNote {
  std::uint32_t runs = 0;         ///< Counted before each begins, so one that is counted may have acted.
  std::uint32_t stops = 0;        ///< Those of them that a gateway ended which was stopped in good order.
  bool is_repeatable = false;     ///< The skill may begin anew although an earlier run has acted.
  bool has_callers_keys = false;  ///< Provider keys came along with the call. They are kept nowhere.
  bool has_checkpoint = false;
  std::uint32_t request_pieces = 0;

  // Of the last checkpoint.
  std::uint32_t state_pieces = 0, partial_pieces = 0;
  std::size_t partial_bytes = 0;
  std::optional<Progress> progress;
  std::optional<std::int64_t> raw_cost_micros;
  std::vector<registry::Meter> meters;
  std::string backend;

  /// May there be another run, once this one is cut off?
  bool can_go_on() const noexcept { return !has_callers_keys && (has_checkpoint || is_repeatable); }
  std::uint32_t interruptions() const noexcept { return runs > stops ? runs - stops : 0; }
};

/// Why a job that was left behind is not run again; empty: it is.
std::optional<base::Error> obstacle(const RunNote& note);

enum class Blob : std::uint8_t { kRequest, kState, kPartials, kAnswers };

void put_note(store::Commit& commit, std::string_view job_id, const RunNote& note);
/// Null when nothing of that kind is kept: the job does not go on.
base::Result<std::optional<RunNote>> find_note(store::Snapshot& snapshot, std::string_view job_id);

/// Any bytes. Returns how many pieces they have; those before `first` are there already, and the same.
std::uint32_t put_blob(store::Commit& commit, std::string_view job_id, Blob blob, std::string_view bytes,
                       std::uint32_t first = 0);
/// Of a blob that only grows, however many pieces it has; empty: there are none.
base::Result<std::string> read_blob(store::Snapshot& snapshot, std::string_view job_id, Blob blob);
/// Which piece the byte at `offset` stands in.
std::uint32_t piece_of(std::size_t offset) noexcept;
/// How many pieces so many bytes have at most.
inline std::uint32_t most_pieces(std::size_t bytes) noexcept { return piece_of(bytes) + 1; }
/// Those from `first` on; there are at most `end`.
void delete_blob(store::Commit& commit, std::string_view job_id, Blob blob, std::uint32_t first, std::uint32_t end);
base::Result<std::string> read_blob(store::Snapshot& snapshot, std::string_view job_id, Blob blob,
                                    std::uint32_t pieces);

/// Adds to the commit that ends the job what removes all of it.
void forget_run(store::Commit& commit, std::string_view job_id, const RunNote& note);

}  // namespace toolrack::call::jobs
