#include "call/jobs/job.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/shown_text.hpp"

namespace toolrack::call::jobs {
namespace {

namespace json = base::json;

constexpr std::string_view kIdPrefix = "job_";
constexpr std::array<std::string_view, kStatuses> kStatusNames{"queued",    "running", "input_required",
                                                               "completed", "failed",  "cancelled"};

/// The texts of a document, by the names of its members.
constexpr std::array<std::pair<std::string_view, std::string Job::*>, 6> kJobTexts{{{"account", &Job::account},
                                                                                    {"error", &Job::error_json},
                                                                                    {"request_id", &Job::request_id},
                                                                                    {"skill", &Job::skill},
                                                                                    {"tool", &Job::tool},
                                                                                    {"version", &Job::version}}};
constexpr std::array<std::pair<std::string_view, std::int64_t Job::*>, 3> kJobTimes{
    {{"created_ns", &Job::created_ns}, {"ended_ns", &Job::ended_ns}, {"expires_ns", &Job::expires_ns}}};

void put_text(json::Writer& writer, std::string_view name, std::string_view value) {
  json::key(writer, name);
  json::put(writer, value);
}

double number_of(const json::Value& object, std::string_view name) {
  const auto* value = json::find(object, name);
  return value != nullptr && value->IsNumber() ? value->GetDouble() : 0;
}

}  // namespace

void write_progress(json::Writer& writer, const Progress& progress) {
  writer.StartObject();
  json::key(writer, "progress");
  json::raw(writer, fmt::format("{}", progress.done), rapidjson::kNumberType);
  if (progress.total > 0) {
    json::key(writer, "total");
    json::raw(writer, fmt::format("{}", progress.total), rapidjson::kNumberType);
  }
  if (!progress.note.empty()) put_text(writer, "message", progress.note);
  writer.EndObject();
}

Progress read_progress(const json::Value& object) {
  return {.done = number_of(object, "progress"),
          .total = number_of(object, "total"),
          .note = std::string(json::find_string(object, "message").value_or(""))};
}

std::string_view to_string(Status status) noexcept { return kStatusNames[static_cast<std::size_t>(status)]; }

std::string to_text(const Progress& progress) {
  const auto count =
      progress.total > 0 ? fmt::format("{} of {}", progress.done, progress.total) : fmt::format("{}", progress.done);
  if (progress.note.empty()) return count;
  return progress.total > 0 ? fmt::format("{} ({})", progress.note, count) : progress.note;
}

std::string make_job_id() { return std::string(kIdPrefix).append(base::Id::make().view()); }

bool is_job_id(std::string_view text) noexcept {
  return text.size() == kIdPrefix.size() + base::Id::kSize && text.starts_with(kIdPrefix) &&
         std::ranges::all_of(text.substr(kIdPrefix.size()),
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
}

base::Error job_not_found(std::string_view id) {
  return base::Error(
             base::ErrorCode::kKeyNotFound, fmt::format("there is no job {}", base::shown(id)),
             "Jobs are forgotten some time after their end. List yours with GET /v1/jobs or `toolrack jobs list`.")
      .with_name("job_not_found");
}

std::string to_document(const Job& job) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  for (const auto& [name, member] : kJobTexts) put_text(writer, name, job.*member);
  for (const auto& [name, member] : kJobTimes) {
    json::key(writer, name);
    writer.Int64(job.*member);
  }
  put_text(writer, "status", to_string(job.status));
  if (!job.webhook.empty()) put_text(writer, "webhook", job.webhook);
  for (const auto& [name, number] :
       {std::pair("runs", job.runs > 1 ? job.runs : 0), std::pair("cannot_ask", job.cannot_ask)}) {
    if (number == 0) continue;
    json::key(writer, name);
    writer.Uint(number);
  }
  json::key(writer, "pieces");
  writer.Uint(job.pieces);
  if (job.progress) {
    json::key(writer, "progress");
    write_progress(writer, *job.progress);
  }
  writer.EndObject();
  return json::canonical(*json::parse(json::view(buffer)));
}

base::Result<Job> from_document(std::string_view id, std::string_view text) {
  const auto broken = [&] {
    return base::fail(base::ErrorCode::kStoreFailed, fmt::format("the record of job {} cannot be read", id));
  };
  const auto document = json::parse(text);
  if (!document) return broken();
  Job job;
  job.id = id;
  for (const auto& [name, member] : kJobTexts) {
    const auto value = json::find_string(*document, name);
    if (!value) return broken();
    job.*member = *value;
  }
  for (const auto& [name, member] : kJobTimes) {
    const auto value = json::find_int(*document, name);
    if (!value) return broken();
    job.*member = *value;
  }
  const auto status = std::ranges::find(kStatusNames, json::find_string(*document, "status").value_or(""));
  const auto pieces = json::find_int(*document, "pieces");
  if (status == kStatusNames.end() || !pieces || *pieces < 0) return broken();
  job.status = static_cast<Status>(status - kStatusNames.begin());
  job.pieces = static_cast<std::uint32_t>(*pieces);
  job.webhook = json::find_string(*document, "webhook").value_or("");
  if (const auto* progress = json::find(*document, "progress")) job.progress = read_progress(*progress);
  const auto number = [&](std::string_view name) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(json::find_int(*document, name).value_or(0), 0, UINT32_MAX));
  };
  job.runs = number("runs");
  job.cannot_ask = number("cannot_ask");
  return job;
}

void write_members(json::Writer& writer, const Job& job) {
  put_text(writer, "job_id", job.id);
  put_text(writer, "status", to_string(job.status));
  put_text(writer, "tool", job.tool);
  put_text(writer, "version", job.version);
  put_text(writer, "skill", job.skill);
  put_text(writer, "request_id", job.request_id);
  if (job.progress) {
    put_text(writer, "progress", to_text(*job.progress));
    json::key(writer, "progress_detail");
    write_progress(writer, *job.progress);
  }
  if (job.runs > 1) {
    json::key(writer, "runs");
    writer.Uint(job.runs);
  }
  if (!job.error_json.empty()) {
    const auto error = json::parse(job.error_json);
    put_text(writer, "error", error ? json::find_string(*error, "message").value_or("") : "");
    json::key(writer, "error_detail");
    json::raw(writer, job.error_json);
  }
  const auto time = [&](std::string_view name, std::int64_t unix_ns) {
    if (unix_ns != 0) put_text(writer, name, base::to_rfc3339(unix_ns).text);
  };
  time("created_at", job.created_ns);
  time("ended_at", job.ended_ns);
  time("expires_at", job.expires_ns);
}

std::string to_json(const Job& job, std::string_view more) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  write_members(writer, job);
  writer.EndObject();
  auto whole = std::string(json::view(buffer));
  if (!more.empty()) whole.replace(whole.size() - 1, 1, ",").append(more.substr(1));
  return whole;
}

}  // namespace toolrack::call::jobs
