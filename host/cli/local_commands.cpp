#include "cli/local_commands.hpp"

#include <fmt/format.h>
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <utility>

#include "base/json.hpp"
#include "cli/completion.hpp"
#include "cli/exit_code.hpp"
#include "cli/present.hpp"
#include "cli/text_argument.hpp"
#include "operations/openapi.hpp"

namespace toolrack::cli {
namespace {

namespace json = base::json;

}  // namespace

void LocalCommands::add_to(CLI::App& app, std::function<int()>& chosen) {
  add_signing(app, chosen);
  add_lint(app, chosen);
  add_new(app, chosen);
  add_printing(app, chosen);
}

void LocalCommands::add_signing(CLI::App& app, std::function<int()>& chosen) {
  auto* validate = app.add_subcommand("validate", "Check a manifest (.json) or a plugin (.so)");
  validate->add_option("file", file_, "What to check")->required();
  validate->callback([this, &chosen] { chosen = [this] { return console_.report(backstage_.validate(file_)); }; });
  auto* keygen = app.add_subcommand("keygen", "Make a key to sign plugins with");
  keygen->add_option("file", file_, "Where the key goes; the public one goes to FILE.pub")
      ->required()
      ->type_name("FILE");
  keygen->callback([this, &chosen] { chosen = [this] { return console_.report(backstage_.keygen(file_)); }; });
  auto* sign = app.add_subcommand("sign", "Sign plugins, so that racks that trust the key serve them");
  sign->add_option("--key", file_, "The file that `toolrack keygen` made")->required()->type_name("FILE");
  sign->add_option("plugin", plugins_, "Files (.so, .tool.json); the signature goes to FILE.sig")->required();
  sign->callback([this, &chosen] { chosen = [this] { return console_.report(backstage_.sign(file_, plugins_)); }; });
}

void LocalCommands::add_lint(CLI::App& app, std::function<int()>& chosen) {
  auto* lint =
      app.add_subcommand("lint", "Try a plugin (.so) or manifest (.json) of your own as hard as a gateway never will");
  lint->add_option("file", lint_.file, "What to try")->required();
  lint->add_option("--against", lint_.against, "An older version: what do its callers lose?")->type_name("FILE");
  lint->add_option("--only", lint_.only, "Only these checks")->delimiter(',')->type_name("CHECK,...");
  lint->add_option("--runs", lint_.runs, "Calls of each skill")->check(CLI::Range(1, 1'000'000));
  lint->add_option("--reproduce", lint_.reproduce, "Only the run of this seed, as a finding names it")
      ->type_name("SEED");
  lint->add_option("--settings", settings_, "The operator's settings of the tool: JSON, @FILE, or -")
      ->type_name("JSON|@FILE|-");
  lint->add_flag("--only-failed", lint_.only_failed, "Leave out the checks that found nothing");
  lint->add_flag("--in-process", lint_.in_process, "No process for each check: for debuggers");
  lint->add_flag_callback(
      "--json", [this] { console_.format = "json"; }, "The same as --format json");
  lint->callback([this, &chosen] { chosen = [this] { return this->lint(); }; });
}

void LocalCommands::add_new(CLI::App& app, std::function<int()>& chosen) {
  auto* make = app.add_subcommand("new", "Start a tool of your own: a project that builds and passes its tests");
  make->add_option("name", new_tool_.name, "The tool's name: my-tool")->required();
  make->add_option("--lang", new_tool_.language, "What it is written in")->check(CLI::IsMember(new_tool_languages()));
  make->add_option("--owner", new_tool_.owner, "Who publishes it")->type_name("NAME");
  make->add_option("--folder", new_tool_.folder, "Where to; the tool's name unless told")->type_name("DIR");
  make->callback([this, &chosen] { chosen = [this] { return start_tool(); }; });
}

void LocalCommands::add_printing(CLI::App& app, std::function<int()>& chosen) {
  const auto print = [this, &chosen](CLI::App& command, auto text) {
    command.callback([this, &chosen, text] {
      chosen = [this, text] {
        console_.output().write(text());
        return int{kOk};
      };
    });
  };
  app.add_subcommand("doctor", "Say what is wrong with this machine's set-up, and what to do")
      ->callback([this, &chosen] { chosen = [this] { return doctor(); }; });
  print(*app.add_subcommand("version", "Print the version"), [this] { return backstage_.version() + "\n"; });
  auto* completion = app.add_subcommand("completion", "Print a completion script for bash, zsh or fish");
  completion->add_option("shell", file_, "Which shell")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  print(*completion, [this, &app] { return completion_script(app, file_); });
  auto* reference = app.add_subcommand("reference", "Print docs/api.md or docs/errors.md");
  reference->add_option("page", file_, "Which page")->required()->check(CLI::IsMember({"api", "errors"}));
  print(*reference,
        [this] { return file_ == "api" ? operations::api_markdown(table_) : operations::errors_markdown(); });
}

int LocalCommands::lint() {
  if (!settings_.empty()) {
    auto text = text_argument(settings_);
    if (!text) return console_.complain(text.error());
    lint_.settings_json = *std::move(text);
  }
  const auto report = lint::run(lint_);
  if (!report) return console_.complain(report.error());
  console_.output().write(console_.is_json() ? to_json(*report) + "\n" : to_text(*report));
  return report->has_errors() ? kInvalid : kOk;
}

int LocalCommands::start_tool() {
  const auto files = make_new_tool(new_tool_);
  if (!files) return console_.complain(files.error());
  const auto folder = new_tool_.folder.empty() ? new_tool_.name : new_tool_.folder.string();
  const auto& output = console_.output();
  if (console_.is_json()) {
    json::Buffer buffer;
    json::Writer writer(buffer);
    writer.StartObject();
    json::key(writer, "folder");
    json::put(writer, folder);
    json::key(writer, "files");
    writer.StartArray();
    for (const auto& file : *files) json::put(writer, file);
    writer.EndArray();
    writer.EndObject();
    output.write(fmt::format("{}\n", json::view(buffer)));
    return kOk;
  }
  for (const auto& file : *files) output.write(fmt::format("{}/{}\n", folder, file));
  output.write(fmt::format("\n{}/README.md says how to build, test and serve it.\n", folder));
  return kOk;
}

int LocalCommands::doctor() {
  const auto report = json::parse(backstage_.doctor(target_));
  console_.output().write(console_.is_json() ? json::dump_pretty(*report) + "\n" : present("doctor", *report));
  for (const auto& check : json::find(*report, "checks")->GetArray())
    if (json::find_string(check, "status") == "error") return kFailure;
  return kOk;
}

}  // namespace toolrack::cli
