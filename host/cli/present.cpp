#include "cli/present.hpp"

#include "cli/answered_call.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace toolrack::cli {
namespace {

namespace json = base::json;

std::string text_of(const json::Value& object, std::string_view name) {
  const auto* value = json::find(object, name);
  if (value == nullptr || value->IsNull()) return "";
  return value->IsString() ? std::string(json::view(*value)) : json::dump(*value);
}

/// The members of `object[name]`, or nothing.
template <typename Visit>
void each(const json::Value& object, std::string_view name, Visit visit) {
  const auto* list = json::find(object, name);
  if (list == nullptr || !list->IsArray()) return;
  for (const auto& item : list->GetArray()) visit(item);
}

std::string first_sentence(std::string text) {
  const auto end = text.find_first_of("\n");
  if (end != std::string::npos) text.resize(end);
  constexpr std::size_t kWide = 90;
  if (text.size() <= kWide) return text;
  const auto blank = text.rfind(' ', kWide);
  return text.substr(0, blank == std::string::npos ? kWide : blank) + " …";
}

/// "2.0.0 (1.4.0)": the one that a call gets, and those that it gets by name.
std::string versions(const json::Value& tool) {
  const auto version = text_of(tool, "version");
  std::string others;
  each(tool, "versions", [&](const json::Value& one) {
    if (json::view(one) != version) others.append(others.empty() ? "" : ", ").append(json::view(one));
  });
  return others.empty() ? version : fmt::format("{} ({})", version, others);
}

std::string tools(const json::Value& answer) {
  Columns columns({"TOOL", "VERSION", "SKILLS", "DESCRIPTION"});
  each(answer, "tools", [&](const json::Value& tool) {
    std::string skills;
    each(tool, "skills",
         [&](const json::Value& skill) { skills += (skills.empty() ? "" : ", ") + text_of(skill, "name"); });
    columns.add({text_of(tool, "name"), versions(tool), skills, first_sentence(text_of(tool, "description"))});
  });
  const auto* list = json::find(answer, "tools");
  if (list != nullptr && list->IsArray() && list->Empty()) return "No tool matches.\n";
  return columns.text();
}

std::string tool(const json::Value& answer) {
  auto out = fmt::format("{} {} ({})\n{}\n", text_of(answer, "name"), versions(answer), text_of(answer, "owner"),
                         text_of(answer, "description"));
  each(answer, "skills", [&](const json::Value& skill) {
    out += fmt::format("\n{}\n  {}\n", text_of(skill, "name"), text_of(skill, "description"));
    const auto* schema = json::find(skill, "inputSchema");
    const auto* properties = schema == nullptr ? nullptr : json::find(*schema, "properties");
    if (properties == nullptr) return;
    const auto* required = json::find(*schema, "required");
    Columns columns({"  --INPUT", "TYPE", "MEANING"});
    for (const auto& property : properties->GetObject()) {
      const bool is_required =
          required != nullptr && required->IsArray() &&
          std::ranges::any_of(required->GetArray(), [&](const json::Value& name) { return name == property.name; });
      columns.add({fmt::format("  --{}{}", json::view(property.name), is_required ? " *" : ""),
                   text_of(property.value, "type"), text_of(property.value, "description")});
    }
    out += columns.text();
  });
  return out;
}

std::string key_list(const json::Value& answer) {
  Columns columns({"ID", "NAME", "ACCOUNT", "STATUS", "CREATED", "SCOPES"});
  each(answer, "keys", [&](const json::Value& key) {
    std::string scopes;
    each(key, "scopes",
         [&](const json::Value& scope) { scopes += (scopes.empty() ? "" : " ") + std::string(json::view(scope)); });
    columns.add({text_of(key, "id"), text_of(key, "name"), text_of(key, "account"), text_of(key, "status"),
                 text_of(key, "created_at"), scopes});
  });
  return columns.text();
}

/// "in process 4711 (seccomp, landlock), shared by acme/a, acme/b", or why there is none.
std::string of_worker(const json::Value& worker) {
  auto out = text_of(worker, "trouble");
  if (out.empty()) out = fmt::format("in process {} ({})", text_of(worker, "process"), text_of(worker, "sandbox"));
  std::string_view before = ", shared by ";
  each(worker, "plugins", [&](const json::Value& plugin) {
    out.append(before).append(json::view(plugin));
    before = ", ";
  });
  if (const auto missing = text_of(worker, "missing"); !missing.empty()) out += "; missing: " + missing;
  if (const auto deaths = text_of(worker, "deaths"); deaths != "0") out += fmt::format("; has ended {} times", deaths);
  return out;
}

/// "seo: 1.4.0 is the usual version (2.0.0), by promotion; 2.0.0 is set back: ...".
std::string versions_of_tool(const json::Value& tool) {
  const auto usual = text_of(tool, "usual");
  std::string others;
  each(tool, "versions", [&](const json::Value& one) {
    if (json::view(one) != usual) others.append(others.empty() ? "" : ", ").append(json::view(one));
  });
  auto out = fmt::format("{}: ", text_of(tool, "tool"));
  out += usual.empty() ? "no version serves" : fmt::format("{} is the usual version", usual);
  if (!others.empty()) out += fmt::format(" ({})", others);
  const auto promoted = text_of(tool, "promoted");
  if (!promoted.empty() && promoted == usual) out += ", by promotion";
  if (!promoted.empty() && promoted != usual) out += fmt::format("; {} is promoted and does not serve", promoted);
  if (json::find_bool(tool, "is_disabled").value_or(false)) out += "; the tool is disabled";
  each(tool, "disabled", [&](const json::Value& one) { out += fmt::format("; {} is disabled", json::view(one)); });
  if (const auto* canary = json::find(tool, "canary")) {
    std::string to;
    const auto* percent = json::find(*canary, "percent");
    if (percent != nullptr && percent->GetDouble() > 0) to = fmt::format("{:g} % of the keys", percent->GetDouble());
    each(*canary, "keys", [&](const json::Value& key) { to.append(to.empty() ? "" : ", ").append(json::view(key)); });
    out += fmt::format("; {} is shown to {}", text_of(*canary, "version"), to);
  }
  if (const auto* trial = json::find(tool, "trial"))
    out += fmt::format("; {} is on trial: {} of {} calls have failed, of {} {} of {}", text_of(*trial, "version"),
                       text_of(*trial, "errors"), text_of(*trial, "calls"), text_of(*trial, "against"),
                       text_of(*trial, "against_errors"), text_of(*trial, "against_calls"));
  each(tool, "set_back", [&](const json::Value& one) {
    out += fmt::format("; {} is set back: {}", text_of(one, "version"), text_of(one, "reason"));
  });
  each(tool, "forced", [&](const json::Value& one) { out += fmt::format("; {} is forced", json::view(one)); });
  return out + "\n";
}

/// Lines below the list of plugins, when something is wrong.
std::string safety(const json::Value& answer) {
  const auto* found = json::find(answer, "safety");
  if (found == nullptr) return "";
  std::string out;
  each(*found, "hanging", [&](const json::Value& frame) {
    out += fmt::format("{} does not come back {}: {} ms so far\n", text_of(frame, "skill"), text_of(frame, "where"),
                       text_of(frame, "ms"));
  });
  const auto* mode = json::find(*found, "safe_mode");
  if (mode == nullptr || !json::find_bool(*mode, "active").value_or(false)) return out;
  std::string suspects;
  each(*mode, "suspects",
       [&](const json::Value& tool) { suspects.append(suspects.empty() ? "" : ", ").append(json::view(tool)); });
  return out + fmt::format(
                   "Safe mode until {}: the gateway ended {} times without being told to; suspected: {}.\n"
                   "`toolrack plugins end-safe-mode` ends it.\n",
                   text_of(*mode, "until"), text_of(*mode, "unclean_ends"), suspects.empty() ? "nobody" : suspects);
}

std::string plugins(const json::Value& answer) {
  Columns columns({"STATE", "TOOL", "VERSION", "FILE", "REASON"});
  each(answer, "plugins", [&](const json::Value& file) {
    auto reason = text_of(file, "code");
    reason += (reason.empty() ? "" : ": ") + text_of(file, "message");
    if (const auto remedy = text_of(file, "remedy"); !remedy.empty()) reason += " " + remedy;
    if (const auto* worker = json::find(file, "worker"); worker != nullptr && reason.empty())
      reason = of_worker(*worker);
    columns.add(
        {text_of(file, "state"), text_of(file, "tool"), text_of(file, "version"), text_of(file, "path"), reason});
  });
  auto out = columns.text();
  each(answer, "versions", [&](const json::Value& tool) { out += versions_of_tool(tool); });
  return out + safety(answer);
}

std::string reloaded_plugins(const json::Value& answer) {
  std::string out;
  for (const auto* what : {"added", "removed"})
    each(answer, what, [&](const json::Value& key) { out += fmt::format("{}: {}\n", what, json::view(key)); });
  each(answer, "faults", [&](const json::Value& file) {
    out += fmt::format("{}: {}: {} {}\n", text_of(file, "path"), text_of(file, "code"), text_of(file, "message"),
                       text_of(file, "remedy"));
  });
  return out.empty() ? "Nothing has changed.\n" : out;
}

std::string usage(const json::Value& answer) {
  Columns columns({"TOOL", "SKILL", "CALLS", "ERRORS", "COST USD", "AVERAGE MS"});
  each(answer, "usage", [&](const json::Value& row) {
    columns.add({text_of(row, "tool"), text_of(row, "skill"), text_of(row, "calls"), text_of(row, "errors"),
                 text_of(row, "cost"), text_of(row, "average_latency_ms")});
  });
  return columns.text() + fmt::format("{} calls, ${} ({})\n", text_of(answer, "total_calls"),
                                      text_of(answer, "total_cost"), text_of(answer, "period"));
}

std::string job_list(const json::Value& answer) {
  Columns columns({"JOB", "STATUS", "TOOL", "SKILL", "CREATED", "ENDED", "PROGRESS"});
  each(answer, "jobs", [&](const json::Value& job) {
    columns.add({text_of(job, "job_id"), text_of(job, "status"), text_of(job, "tool"), text_of(job, "skill"),
                 text_of(job, "created_at"), text_of(job, "ended_at"), text_of(job, "progress")});
  });
  return columns.text();
}

/// "tool: Title > Section", then the passage.
std::string knowledge(const json::Value& answer) {
  std::string out;
  each(answer, "results", [&](const json::Value& passage) {
    auto place = text_of(passage, "title");
    each(passage, "headings", [&](const json::Value& heading) {
      if (json::view(heading) != place) place += fmt::format(" > {}", json::view(heading));
    });
    out += fmt::format("{}{}: {}\n\n{}\n", out.empty() ? "" : "\n", text_of(passage, "tool"), place,
                       text_of(passage, "text"));
  });
  if (const auto notice = text_of(answer, "notice"); !notice.empty()) out += fmt::format("\n({})\n", notice);
  return out.empty() ? "Nothing is found.\n" : out;
}

std::string call(const json::Value& answer) {
  if (const auto job = text_of(answer, "job_id"); !job.empty()) return job + "\n";
  for (const auto* part : {"output", "dry_run"})
    if (const auto* value = json::find(answer, part)) return json::dump_pretty(*value) + "\n";
  std::string out;
  each(answer, "content", [&](const json::Value& block) { out += text_of(block, "text") + "\n"; });
  return out;
}

std::string doctor(const json::Value& answer) {
  Columns columns({"STATUS", "CHECK", "DETAIL"});
  each(answer, "checks", [&](const json::Value& check) {
    auto detail = text_of(check, "detail");
    if (const auto remedy = text_of(check, "remedy"); !remedy.empty()) detail += " → " + remedy;
    columns.add({text_of(check, "status"), text_of(check, "name"), detail});
  });
  return columns.text();
}

/// How many columns of a terminal the UTF-8 text takes, near enough.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// As `serve` writes them for people.
std::string log_lines(const json::Value& answer) {
  auto out = std::string();
  if (json::find_bool(answer, "lost").value_or(false)) out += "... lines that came before have gone ...\n";
  each(answer, "lines", [&](const json::Value& line) {
    if (!line.IsObject()) return;
    out += fmt::format("{} {:<9} {}", text_of(line, "time"), text_of(line, "level"), text_of(line, "message"));
    for (const auto& [name, value] : line.GetObject()) {
      const auto key = json::view(name);
      if (key != "time" && key != "level" && key != "message") out += fmt::format(" {}={}", key, json::dump(value));
    }
    out += '\n';
  });
  return out;
}

}  // namespace

std::string Columns::text() const {
  std::vector<std::size_t> widths(rows_.front().size(), 0);
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  std::string out;
  for (const auto& row : rows_) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string present(std::string_view operation, const json::Value& answer) {
  if (operation == "list_tools" || operation == "discover") return tools(answer);
  if (operation == "get_tool") return tool(answer);
  if (operation == "list_api_keys") return key_list(answer);
  if (operation == "list_plugins") return plugins(answer);
  if (operation == "reload_plugins") return reloaded_plugins(answer);
  if (operation.ends_with("_version")) return versions_of_tool(answer);
  if (operation == "get_usage_summary") return usage(answer);
  if (operation == "list_jobs") return job_list(answer);
  if (operation == "search_knowledge") return knowledge(answer);
  if (operation == "use_tool" && json::find_string(answer, "status") == "input_required")
    return present_questions(answer);
  if (operation == "use_tool") return call(answer);
  if (operation == "read_log") return log_lines(answer);
  if (operation == "doctor") return doctor(answer);
  if (operation == "create_api_key") return fmt::format("{}\n", text_of(answer, "api_key"));
  if (operation == "revoke_api_key") return fmt::format("Key {} is revoked.\n", text_of(answer, "id"));
  return json::dump_pretty(answer) + "\n";
}

std::string present_error(const json::Value& error) {
  auto out = fmt::format("toolrack: {} ({})\n", text_of(error, "message"), text_of(error, "code"));
  each(error, "details", [&](const json::Value& violation) {
    if (violation.IsObject())
      out += fmt::format("  {}: {}\n", text_of(violation, "pointer"), text_of(violation, "message"));
  });
  if (const auto hint = text_of(error, "resolution_hint"); !hint.empty()) out += fmt::format("  {}\n", hint);
  return out;
}

}  // namespace toolrack::cli
