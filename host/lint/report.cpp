#include "lint/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"

namespace toolrack::lint {

namespace json = base::json;

namespace {

void put(json::Writer& writer, std::string_view key, std::string_view text) {
  json::key(writer, key);
  json::put(writer, text);
}

void put_if(json::Writer& writer, std::string_view key, std::string_view text) {
  if (!text.empty()) put(writer, key, text);
}

std::string_view name_of(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

std::string_view verdict(const CheckResult& result) {
  if (!result.skipped.empty()) return "skip";
  if (result.findings.empty()) return "ok";
  const auto is_error = [](const Finding& finding) { return finding.severity == Severity::kError; };
  return std::ranges::any_of(result.findings, is_error) ? "FAIL" : "warn";
}

std::string first_line(const CheckResult& result) {
  const auto what = result.skill.empty() ? result.check : fmt::format("{} of {}", result.check, result.skill);
  const auto more = !result.skipped.empty() ? result.skipped
                    : result.runs > 1       ? fmt::format("{} times", result.runs)
                                            : std::string();
  return fmt::format("{:<4}  {}{}{}\n", verdict(result), what, more.empty() ? "" : ": ", more);
}

std::string indented(const Finding& finding, std::string_view file) {
  auto out = fmt::format("      {}{}{}\n", finding.where, finding.where.empty() ? "" : ": ", finding.message);
  if (!finding.remedy.empty()) out += fmt::format("        {}\n", finding.remedy);
  if (finding.seed)
    out += fmt::format("        toolrack lint {} --only {} --reproduce {}\n", file, finding.check, *finding.seed);
  return out;
}

}  // namespace

std::string to_json(const Finding& finding) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  put(writer, "severity", name_of(finding.severity));
  put(writer, "check", finding.check);
  put_if(writer, "where", finding.where);
  put(writer, "message", finding.message);
  put_if(writer, "remedy", finding.remedy);
  if (finding.seed) {
    json::key(writer, "seed");
    writer.Uint64(*finding.seed);
  }
  writer.EndObject();
  return std::string(json::view(buffer));
}

std::optional<Finding> finding_from_json(std::string_view text) {
  const auto parsed = json::parse(text);
  if (!parsed || !json::find_string(*parsed, "message")) return std::nullopt;
  const auto member = [&](std::string_view key) { return std::string(json::find_string(*parsed, key).value_or("")); };
  Finding out{.severity = member("severity") == "warning" ? Severity::kWarning : Severity::kError,
              .check = member("check"),
              .where = member("where"),
              .message = member("message"),
              .remedy = member("remedy")};
  if (const auto* seed = json::find(*parsed, "seed"); seed != nullptr && seed->IsUint64()) out.seed = seed->GetUint64();
  return out;
}

bool Report::has_errors() const noexcept {
  return std::ranges::any_of(results, [](const auto& result) { return verdict(result) == "FAIL"; });
}

std::string to_json(const Report& report) {
  json::Buffer buffer;
  json::Writer writer(buffer);
  writer.StartObject();
  put(writer, "file", report.file);
  put_if(writer, "tool", report.title);
  json::key(writer, "ok");
  writer.Bool(!report.has_errors());
  json::key(writer, "checks");
  writer.StartArray();
  for (const auto& result : report.results) {
    writer.StartObject();
    put(writer, "check", result.check);
    put_if(writer, "skill", result.skill);
    json::key(writer, "runs");
    writer.Uint64(result.runs);
    put_if(writer, "skipped", result.skipped);
    json::key(writer, "findings");
    writer.StartArray();
    for (const auto& finding : result.findings) json::raw(writer, to_json(finding));
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndArray();
  writer.EndObject();
  return std::string(json::view(buffer));
}

std::string to_text(const Report& report) {
  auto out = report.title.empty() ? std::string() : report.title + "\n";
  std::size_t errors = 0, warnings = 0;
  for (const auto& result : report.results) {
    out += first_line(result);
    for (const auto& finding : result.findings) {
      out += indented(finding, report.file);
      ++(finding.severity == Severity::kError ? errors : warnings);
    }
  }
  const auto count = [](std::size_t n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  return out + fmt::format("{}, {}\n", count(errors, "error"), count(warnings, "warning"));
}

}  // namespace toolrack::lint
