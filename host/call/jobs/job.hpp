/// A call that outlives its request, as it is kept and as its account sees it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace toolrack::call::jobs {

/// kInputRequired: it runs, and waits for somebody to answer what it has asked. Nothing of that is kept, so no record
/// says it.
enum class Status : std::uint8_t { kQueued, kRunning, kInputRequired, kCompleted, kFailed, kCancelled };
inline constexpr std::size_t kStatuses = 6;
std::string_view to_string(Status status) noexcept;
constexpr bool is_over(Status status) noexcept { return status > Status::kInputRequired; }

/// What a skill said last of how far it is.
struct Progress {
  double done = 0, total = 0;  ///< Finite. `total` ≤ 0: not known.
  std::string note;
};
/// {progress, total?, message?}, as the events of a stream have it.
void write_progress(base::json::Writer& writer, const Progress& progress);
Progress read_progress(const base::json::Value& object);
/// For people and old clients: "reading page 2 (2 of 7)".
std::string to_text(const Progress& progress);

struct Job {
  std::string id, account, tool, version, skill, request_id;
  std::string webhook;  ///< The URL that hears of its end; empty: none.
  Status status = Status::kQueued;
  std::optional<Progress> progress;
  std::string error_json;                                     ///< Of one that failed: {code, type, message, ...}.
  std::int64_t created_ns = 0, ended_ns = 0, expires_ns = 0;  ///< Unix; 0: not yet.
  std::uint32_t pieces = 0;                                   ///< Documents that hold its result.
  std::uint32_t cannot_ask = 0;  ///< Of one that failed for it: as registry::Outcome has it.
  std::uint32_t runs = 0;        ///< Above 1: it went on after restarts, and was begun so often.
};

/// "job_" and 26 characters whose order is that of making.
std::string make_job_id();
bool is_job_id(std::string_view text) noexcept;

/// kKeyNotFound, named job_not_found; also for one of another account or one that is forgotten: nobody learns which.
base::Error job_not_found(std::string_view id);

std::string to_document(const Job& job);
/// kStoreFailed when the text is none that `to_document` wrote.
base::Result<Job> from_document(std::string_view id, std::string_view text);

/// The members that everybody sees: job_id, status, tool, version, skill, request_id, progress? (a string),
/// progress_detail?, runs?, error? (a string), error_detail?, created_at, ended_at?, expires_at?.
void write_members(base::json::Writer& writer, const Job& job);
/// An object of those members, then the ones of `more` (empty, or an object with at least one member).
std::string to_json(const Job& job, std::string_view more);

}  // namespace toolrack::call::jobs
