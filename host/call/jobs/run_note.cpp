#include "call/jobs/run_note.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/encoding.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;
using base::Result;

constexpr std::string_view kRuns = "job_runs", kBlobs = "job_blobs";
/// Four characters for three bytes, and a document may have 1 MiB.
constexpr std::size_t kBlobPieceBytes = 600'000;
constexpr std::array<std::string_view, 4> kBlobNames{"request", "state", "partials", "answers"};

constexpr std::array<std::pair<std::string_view, std::uint32_t RunNote::*>, 5> kNoteCounts{
    {{"partial_pieces", &RunNote::partial_pieces},
     {"request_pieces", &RunNote::request_pieces},
     {"runs", &RunNote::runs},
     {"state_pieces", &RunNote::state_pieces},
     {"stops", &RunNote::stops}}};
constexpr std::array<std::pair<std::string_view, bool RunNote::*>, 3> kNoteFlags{
    {{"has_callers_keys", &RunNote::has_callers_keys},
     {"has_checkpoint", &RunNote::has_checkpoint},
     {"is_repeatable", &RunNote::is_repeatable}}};

std::string blob_key(std::string_view id, Blob blob, std::uint32_t index) {
  return fmt::format("{}/{}/{:04}", id, kBlobNames[static_cast<std::size_t>(blob)], index);
}

void write_meters(json::Writer& writer, const std::vector<registry::Meter>& meters) {
  writer.StartArray();
  for (const auto& meter : meters) {
    writer.StartArray();
    json::put(writer, meter.unit);
    writer.Int64(meter.millionths);
    writer.EndArray();
  }
  writer.EndArray();
}

std::string to_text(const RunNote& note) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  for (const auto& [name, member] : kNoteCounts) {
    json::key(writer, name);
    writer.Uint(note.*member);
  }
  for (const auto& [name, member] : kNoteFlags) {
    json::key(writer, name);
    writer.Bool(note.*member);
  }
  json::key(writer, "partial_bytes");
  writer.Uint64(note.partial_bytes);
  if (note.progress) {
    json::key(writer, "progress");
    write_progress(writer, *note.progress);
  }
  if (note.raw_cost_micros) {
    json::key(writer, "raw_cost_micros");
    writer.Int64(*note.raw_cost_micros);
  }
  json::key(writer, "meters");
  write_meters(writer, note.meters);
  json::key(writer, "backend");
  json::put(writer, note.backend);
  writer.EndObject();
  return json::canonical(*json::parse(json::view(buffer)));
}

/// What the program that wrote it did not know yet is as in a new note, which is never a reason to run a job again;
/// without a count of runs, or a request, it is none.
Result<RunNote> from_text(std::string_view id, std::string_view text) {
  const auto broken = [&] {
    return base::fail(base::ErrorCode::kStoreFailed, fmt::format("what is kept of the runs of job {} is damaged", id));
  };
  const auto document = json::parse(text);
  if (!document || json::find(*document, "runs") == nullptr || json::find(*document, "request_pieces") == nullptr)
    return broken();
  RunNote note;
  for (const auto& [name, member] : kNoteCounts) {
    if (json::find(*document, name) == nullptr) continue;
    const auto value = json::find_int(*document, name);
    if (!value || *value < 0 || *value > UINT32_MAX) return broken();
    note.*member = static_cast<std::uint32_t>(*value);
  }
  for (const auto& [name, member] : kNoteFlags) {
    if (json::find(*document, name) == nullptr) continue;
    const auto value = json::find_bool(*document, name);
    if (!value) return broken();
    note.*member = *value;
  }
  if (json::find(*document, "partial_bytes") != nullptr) {
    const auto partial_bytes = json::find_int(*document, "partial_bytes");
    if (!partial_bytes || *partial_bytes < 0) return broken();
    note.partial_bytes = static_cast<std::size_t>(*partial_bytes);
  }
  if (const auto* meters = json::find(*document, "meters")) {
    if (!meters->IsArray()) return broken();
    for (const auto& meter : meters->GetArray()) {
      if (!meter.IsArray() || meter.Size() != 2 || !meter[0].IsString() || !meter[1].IsInt64()) return broken();
      note.meters.push_back({std::string(json::view(meter[0])), meter[1].GetInt64()});
    }
  }
  if (const auto* progress = json::find(*document, "progress")) note.progress = read_progress(*progress);
  note.raw_cost_micros = json::find_int(*document, "raw_cost_micros");
  note.backend = json::find_string(*document, "backend").value_or("");
  return note;
}

}  // namespace

std::optional<base::Error> obstacle(const RunNote& note) {
  constexpr std::string_view kLook = "See whether it has acted, then call again.";
  if (note.has_callers_keys)
    return base::Error(base::ErrorCode::kInternal,
                       "the gateway ended while the job ran, and it cannot go on: it ran with its caller's own "
                       "provider keys, which are kept nowhere",
                       "See whether it has acted, then call again with the keys.");
  if (note.interruptions() >= kMostInterruptions)
    return base::Error(
        base::ErrorCode::kInternal,
        fmt::format("the gateway ended {} times while the job ran; it is not run again", note.interruptions()),
        "See whether the job is what ends the gateway before you call again.");
  if (!note.can_go_on())
    return base::Error(base::ErrorCode::kInternal,
                       "the gateway ended before the job had a checkpoint from which it could go on; whether the skill "
                       "has acted is unknown",
                       std::string(kLook));
  return std::nullopt;
}

void put_note(store::Commit& commit, std::string_view job_id, const RunNote& note) {
  commit.emplace_back(store::Put{std::string(kRuns), std::string(job_id), to_text(note)});
}

Result<std::optional<RunNote>> find_note(store::Snapshot& snapshot, std::string_view job_id) {
  const auto document = TRY(snapshot.get(kRuns, job_id));
  if (!document) return std::nullopt;
  return TRY(from_text(job_id, document->json));
}

std::uint32_t piece_of(std::size_t offset) noexcept { return static_cast<std::uint32_t>(offset / kBlobPieceBytes); }

std::uint32_t put_blob(store::Commit& commit, std::string_view job_id, Blob blob, std::string_view bytes,
                       std::uint32_t first) {
  std::uint32_t pieces = 0;
  for (; !bytes.empty(); ++pieces) {
    const auto piece = bytes.substr(0, kBlobPieceBytes);
    bytes.remove_prefix(piece.size());
    if (pieces >= first)
      commit.emplace_back(
          store::Put{std::string(kBlobs), blob_key(job_id, blob, pieces), json::quote(base::to_base64(piece))});
  }
  return pieces;
}

void delete_blob(store::Commit& commit, std::string_view job_id, Blob blob, std::uint32_t first, std::uint32_t end) {
  for (auto i = first; i < end; ++i) commit.emplace_back(store::Delete{std::string(kBlobs), blob_key(job_id, blob, i)});
}

Result<std::string> read_blob(store::Snapshot& snapshot, std::string_view job_id, Blob blob) {
  std::uint32_t pieces = 0;
  while (TRY(snapshot.get(kBlobs, blob_key(job_id, blob, pieces)))) ++pieces;
  return read_blob(snapshot, job_id, blob, pieces);
}

Result<std::string> read_blob(store::Snapshot& snapshot, std::string_view job_id, Blob blob, std::uint32_t pieces) {
  std::string whole;
  for (std::uint32_t i = 0; i < pieces; ++i) {
    const auto document = TRY(snapshot.get(kBlobs, blob_key(job_id, blob, i)));
    const auto piece = document ? json::parse(document->json)
                                : Result<json::Document>(base::fail(base::ErrorCode::kStoreFailed, "no such document"));
    const auto bytes = piece && piece->IsString() ? base::from_base64(json::view(*piece))
                                                  : Result<std::string>(base::fail(base::ErrorCode::kStoreFailed, ""));
    if (!bytes)
      return base::fail(base::ErrorCode::kStoreFailed, fmt::format("the {} of job {} cannot be read",
                                                                   kBlobNames[static_cast<std::size_t>(blob)], job_id));
    whole += *bytes;
  }
  return whole;
}

void forget_run(store::Commit& commit, std::string_view job_id, const RunNote& note) {
  commit.emplace_back(store::Delete{std::string(kRuns), std::string(job_id)});
  delete_blob(commit, job_id, Blob::kRequest, 0, note.request_pieces);
  // All that there can be: a commit whose failure the store reported may have reached the disk.
  delete_blob(commit, job_id, Blob::kState, 0, most_pieces(registry::kMaxCheckpointBytes));
  delete_blob(commit, job_id, Blob::kPartials, 0, most_pieces(kMaxPartialBytes));
  delete_blob(commit, job_id, Blob::kAnswers, 0, most_pieces(kMaxAnswerBytes));
}

}  // namespace toolrack::call::jobs
